"""Who may import whom: one way, from the routes to the values, and each library in its own place."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tooling.project import ROOT

PACKAGE = "chalicelib"

LAYERS: dict[str, set[str]] = {
    "values": {"__init__", "errors", "models", "times"},
    "rules": {
        "agent_tokens",
        "caching",
        "citations",
        "customer_context",
        "handover",
        "limits",
        "masking",
        "parallel",
        "person_request",
        "ports",
        "prompts",
        "search_query",
        "sessions",
        "sync_events",
    },
    "use cases": {
        "chat",
        "erasure",
        "escalations",
        "health",
        "sync",
        "sync_outcomes",
        "sync_starts",
        "tickets",
        "transcripts",
    },
    "stores": {"stores.*", "migrate"},
    "gateways": {"gateways.*", "logs"},
    "http": {
        "http_api",
        "page",
        "parsing",
        "requests",
        "responses",
        "sync_responses",
        "ticket_requests",
        "ticket_responses",
    },
    "settings": {"settings"},
    "wiring": {"services"},
    "routes": {"app"},
}
MAY_IMPORT: dict[str, set[str]] = {
    "values": set(),
    "rules": {"values", "rules"},
    "use cases": {"values", "rules", "use cases"},
    "stores": {"values", "stores"},
    "gateways": {"values", "rules", "gateways"},
    "http": {"values", "rules", "use cases", "gateways", "http"},
    "settings": {"values"},
    "wiring": {"values", "rules", "use cases", "stores", "gateways", "settings"},
    "routes": {"values", "use cases", "stores", "http", "settings", "wiring"},
}
ONLY_IN: dict[str, set[str]] = {
    "chalice": {"app", "http_api"},
    "boto3": {"services"},
    "cachetools": {"caching"},
    "botocore": {"services", "gateways.*", "stores.dynamodb"},
    "aws_lambda_powertools": {"services", "logs", "gateways.secrets"},
    "pynamodb": {
        f"stores.{name}"
        for name in (
            "conversations",
            "dynamodb",
            "interactions",
            "state",
            "sync_items",
            "sync_state",
            "ticket_item",
            "tickets",
        )
    },
    "psycopg2": {"stores.database", "stores.database_address", "migrate"},
    "yoyo": {"migrate"},
    "pydantic": {"parsing", "requests", "settings", "ticket_requests"},
    "pydantic_settings": {"settings"},
}
"""A library that is not here, `devstack` among them, is not for the app."""


def name_of(path: Path) -> str:
    """Return a module's name within the package, and `app` for `app.py`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == PACKAGE else parts)


SOURCES = {name_of(path): path for path in [ROOT / "app.py", *sorted((ROOT / PACKAGE).rglob("*.py"))]}


def is_in(module: str, patterns: set[str]) -> bool:
    return module in patterns or f"{module.split('.', maxsplit=1)[0]}.*" in patterns


def layer_of(module: str) -> str:
    (layer,) = [name for name, patterns in LAYERS.items() if is_in(module, patterns)]
    return layer


def imports_at_run_time(node: ast.AST) -> Iterator[str]:
    """Yield the full names that a module imports, within functions too, but not for type checkers alone."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute here"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif not (
        isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ):
        for child in ast.iter_child_nodes(node):
            yield from imports_at_run_time(child)


def imports_of(module: str) -> set[str]:
    return set(imports_at_run_time(ast.parse(SOURCES[module].read_text(encoding="utf-8"))))


def ours_among(imports: set[str]) -> set[str]:
    """Return which modules of the package these names lie in."""
    found = set()
    for name in imports:
        if name.split(".")[0] == PACKAGE:
            inner = name.split(".")[1:]
            found.add(next(m for m in (".".join(inner), ".".join(inner[:-1]), "__init__") if m in SOURCES))
    return found


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    allowed = MAY_IMPORT[layer_of(module)]
    assert {m: layer_of(m) for m in ours_among(imports_of(module)) if layer_of(m) not in allowed} == {}


@pytest.mark.parametrize("module", SOURCES)
def test_a_library_is_used_only_in_its_place(module: str) -> None:
    libraries = {name.split(".")[0] for name in imports_of(module)} - {PACKAGE} - sys.stdlib_module_names
    assert {library for library in libraries if not is_in(module, ONLY_IN.get(library, set()))} == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    order = TopologicalSorter({module: ours_among(imports_of(module)) for module in SOURCES})
    assert len(tuple(order.static_order())) == len(SOURCES)


@pytest.mark.parametrize("module", [m for m in SOURCES if m != "settings"])
def test_only_the_settings_read_the_environment(module: str) -> None:
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    names = {
        n.attr if isinstance(n, ast.Attribute) else n.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute | ast.Name)
    }
    assert not names & {"environ", "environb", "getenv"}
    assert not {"os.environ", "os.getenv"} & imports_of(module)


@pytest.mark.parametrize("module", ["errors", "models", "times"])
def test_the_values_need_nothing_but_the_standard_library(module: str) -> None:
    assert {name.split(".")[0] for name in imports_of(module)} <= sys.stdlib_module_names


def test_the_use_cases_can_be_imported_without_aws_and_http() -> None:
    program = (
        "import sys, chalicelib.chat, chalicelib.transcripts, chalicelib.health\n"
        "heavy = {'boto3', 'botocore', 'pynamodb', 'psycopg2', 'chalice'}\n"
        "print(*heavy & {module.split('.')[0] for module in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_nothing_in_the_package_is_left_without_a_layer() -> None:
    assert [m for m in SOURCES if sum(is_in(m, patterns) for patterns in LAYERS.values()) != 1] == []
