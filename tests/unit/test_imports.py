"""Who may import whom, by folder: one way, from the routes to the types, and each library in its own room."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tooling.project import ROOT

ROOMS: dict[str, set[str]] = {
    "chalicelib": set(),
    "chalicelib/domain": {"chalicelib"},
    "chalicelib/stores": {"chalicelib", "chalicelib/domain"},
    "chalicelib/gateways": {"chalicelib", "chalicelib/domain"},
    "chalicelib/chat": {"chalicelib", "chalicelib/domain"},
    "chalicelib/tickets": {"chalicelib", "chalicelib/domain", "chalicelib/chat"},
    "chalicelib/sync": {"chalicelib", "chalicelib/domain"},
    "chalicelib/events": {"chalicelib", "chalicelib/domain", "chalicelib/chat"},
    "chalicelib/insight": {"chalicelib", "chalicelib/domain", "chalicelib/chat"},
    "chalicelib/api": {
        "chalicelib",
        "chalicelib/domain",
        "chalicelib/chat",
        "chalicelib/tickets",
        "chalicelib/sync",
        "chalicelib/insight",
    },
    "chalicelib/web": {"chalicelib"},
    "tooling": {"chalicelib"},
    "devstack": {"chalicelib", "tooling"},
    "deployment": {"chalicelib", "tooling"},
    "cli": {"chalicelib", "tooling", "devstack", "deployment"},
    "bench": {"app.py", "chalicelib/services.py", "chalicelib", "tooling", "devstack", "deployment"},
}
"""Each folder, and those that it may import besides itself. A folder without a line is part of the one above.

Two files stand above the rooms of `chalicelib/`: `services.py` builds what is in them, `app.py` calls it.
"""
ABOVE_THE_ROOMS = {"app.py", "chalicelib/services.py"}
LIBRARIES: dict[str, set[str]] = {
    "chalice": {"app.py", "chalicelib/api"},
    "botocore": {"chalicelib/gateways", "chalicelib/stores"},
    "aws_lambda_powertools": {"chalicelib"},
    "cachetools": {"chalicelib/stores"},
    "psycopg2": {"chalicelib/stores"},
    "pynamodb": {"chalicelib/stores"},
    "annotated_types": {"chalicelib"},
    "pydantic": {"chalicelib/api"},
    "typing_extensions": {"chalicelib/api"},
    "urllib3": {"chalicelib/gateways"},
    "yoyo": {"chalicelib/stores"},
}
"""Which rooms of what ships use a library; one that is not here is not for the app."""
TOP_LEVEL = {room.split("/")[0] for room in ROOMS}
MOST_MODULES_IN_A_FOLDER = 16
MAY_READ_THE_ENVIRONMENT = {"chalicelib/settings.py", "tooling/environment.py"}


def sources() -> dict[str, Path]:
    """Return every module outside of the tests by its path, such as `chalicelib/chat/turn.py`."""
    paths = [ROOT / "app.py", *(path for top in TOP_LEVEL for path in (ROOT / top).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): path for path in sorted(paths)}


SOURCES = sources()
SHIPPED = [module for module in SOURCES if module == "app.py" or module.startswith("chalicelib/")]


def room_of(module: str) -> str:
    """Return the nearest folder above a module that has a line of its own; for the two files, themselves."""
    if module in ABOVE_THE_ROOMS:
        return module
    return next(str(folder) for folder in Path(module).parents if folder.as_posix() in ROOMS)


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
    """Return which modules of ours these names lie in."""
    found = set()
    for name in imports:
        parts = name.split(".")
        candidates = [f"{'/'.join(parts[:n])}{end}" for n in (None, -1) for end in (".py", "/__init__.py")]
        found |= {next((m for m in candidates if m in SOURCES), "")}
    return found - {""}


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    room = room_of(module)
    if room in ABOVE_THE_ROOMS:
        assert all(found.startswith("chalicelib/") for found in ours_among(imports_of(module)))
        return
    allowed = {room} | ROOMS[room]
    if not room.startswith("chalicelib"):
        # What is outside may use any room of what ships.
        allowed |= {shipped for shipped in ROOMS if shipped.startswith("chalicelib/")}
    others = {found: room_of(found) for found in ours_among(imports_of(module))}
    assert {found: its_room for found, its_room in others.items() if its_room not in allowed} == {}


def test_nothing_that_is_measured_or_run_imports_the_tests() -> None:
    assert {
        module for module in SOURCES for name in imports_of(module) if name.split(".")[0] == "tests"
    } == set()


@pytest.mark.parametrize("module", SHIPPED)
def test_a_library_is_used_only_in_its_rooms(module: str) -> None:
    libraries = {name.split(".")[0] for name in imports_of(module)} - TOP_LEVEL - sys.stdlib_module_names
    assert {library for library in libraries if room_of(module) not in LIBRARIES.get(library, set())} == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    order = TopologicalSorter({module: ours_among(imports_of(module)) for module in SOURCES})
    assert len(tuple(order.static_order())) == len(SOURCES)


def test_no_folder_holds_more_than_a_reader_can_take_in() -> None:
    sizes = Counter(Path(module).parent for module in SOURCES if not module.endswith("__init__.py"))
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES_IN_A_FOLDER} == {}


@pytest.mark.parametrize("module", [m for m in SOURCES if m not in MAY_READ_THE_ENVIRONMENT])
def test_the_app_and_the_tools_read_the_environment_in_one_file_each(module: str) -> None:
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert (names | imports_of(module)) & {"os.environ", "os.environb", "os.getenv"} == set()


@pytest.mark.parametrize("module", [m for m in SHIPPED if room_of(m) == "chalicelib/domain"])
def test_the_domain_needs_nothing_but_the_standard_library(module: str) -> None:
    assert {name.split(".")[0] for name in imports_of(module)} <= {"chalicelib", *sys.stdlib_module_names}


def test_the_use_cases_can_be_imported_without_aws_and_http() -> None:
    rooms = [m for m in SHIPPED if room_of(m).split("/")[-1] in {"chat", "tickets", "sync", "insight"}]
    modules = [m.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for m in rooms]
    program = (
        f"import sys, {', '.join(modules)}\n"
        "heavy = {'boto3', 'botocore', 'pynamodb', 'psycopg2', 'chalice', 'pydantic'}\n"
        "print(*heavy & {module.split('.')[0] for module in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_app_starts_without_what_only_some_of_its_functions_call() -> None:
    later = [
        *("boto3", "s3transfer", "pydantic", "psycopg2", "yoyo", "cachetools"),
        *(
            "chalicelib.api.chat",
            "chalicelib.chat.turn",
            "chalicelib.chat.spending",
            "chalicelib.masking",
            "chalicelib.tickets.desk",
        ),
    ]
    program = f"import sys, app; print(*set({later}) & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "", "import it where it is used; see chalicelib/services.py"


def test_no_test_imports_another_one() -> None:
    shared = re.compile(r"^from tests(?:\.\w+)*\.(?:test_\w+|conftest) import", re.MULTILINE)
    paths = (ROOT / "tests").rglob("*.py")
    assert [path for path in paths if shared.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("folder", ["unit", "property", "integration", "browser"])
def test_a_tests_name_is_a_sentence_of_at_most_70_characters(folder: str) -> None:
    sources = (path.read_text("utf-8") for path in (ROOT / "tests" / folder).glob("test_*.py"))
    names = [name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)]
    assert [name for name in names if len(name) > 70] == []
