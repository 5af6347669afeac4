"""Writes docs/settings.md from the app's settings and the stages: `python -m deployment.settings_page`."""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le

from chalicelib.branding import NEUTRAL, Branding
from chalicelib.settings import SETTINGS, Settings, default_of, is_required
from deployment.facts import SETTINGS_OF_THE_STACK
from tooling.docstrings import field_docstrings
from tooling.project import ROOT
from tooling.stages import deployable_stages, read_config

PAGE = Path("docs") / "settings.md"
HEADING_OR_FIELD = re.compile(r"    (?:# (?P<heading>.+)|(?P<name>\w+): .+)")
INTRODUCTION = """\
# Settings

<!-- Written by `python -m deployment.settings_page` from chalicelib/settings.py and .chalice/config.json. -->

Each setting is an environment variable of the functions. To change one, write it as a string into
`environment_variables` of the stage in [.chalice/config.json](../.chalice/config.json). Then run
`python3 dev.py deploy dev` (or another stage), or start `python3 dev.py run` again.

A missing or wrong value stops the app with a sentence that names the setting. An empty value counts as none.
"""
STAGES = """\
## What the stages set

What a stage leaves out has its default. *From the stack*: `deploy` fills it in from what `infra` made.
Stage `local` also sets `AWS_ENDPOINT_URL`, a Region and credentials, which lead boto3 to the stand-ins.
"""


def render(config: Mapping[str, Any]) -> str:
    """Return the page for a Chalice configuration."""
    return "\n".join([INTRODUCTION, *_sections(), STAGES, *_table_of_stages(config), ""])


def main(root: Path = ROOT) -> int:
    """Write the page."""
    (root / PAGE).write_text(render(read_config(root)), "utf-8", newline="\n")
    return 0


def _sections() -> Iterator[str]:
    meanings = field_docstrings(Settings)
    kinds = get_type_hints(Settings, include_extras=True)
    for heading, names in _names_by_heading().items():
        yield f"## {heading}\n"
        yield "| setting | meaning | values | default |"
        yield "|---|---|---|---|"
        for name in names:
            yield f"| `{name.upper()}` | {meanings[name]} | {_values(name, kinds[name])} | {_default(name)} |"
        yield ""


def _names_by_heading() -> dict[str, list[str]]:
    """Return the settings below each comment of their class."""
    found: dict[str, list[str]] = {}
    for line in map(HEADING_OR_FIELD.fullmatch, inspect.getsource(Settings).splitlines()):
        if line and line["heading"]:
            found[line["heading"]] = []
        elif line:
            found[next(reversed(found))].append(line["name"])
    return found


def _values(name: str, kind: Any) -> str:
    rules: list[Any] = []
    if get_origin(kind) is Annotated:
        kind, *rules = get_args(kind)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if kind in (int, float):
        return f"{'whole number' if kind is int else 'number'}, {_range(rules)}"
    if get_origin(kind) is tuple:
        # An empty value counts as none, so that it stands for the default.
        return f"{'any number' if default_of(name) == () else 'one or more'}, separated by commas"
    is_json = kind is Branding or get_origin(kind) is get_origin(Mapping[str, Any])
    return "JSON object" if is_json else "text"


def _range(rules: list[Any]) -> str:
    limits = {type(limit): limit for limit in rules}
    lowest = f"above {limits[Gt].gt}" if Gt in limits else f"{limits[Ge].ge}"
    return f"{lowest} to {limits[Le].le}" if Le in limits else f"{lowest} or more"


def _default(name: str) -> str:
    if is_required(name):
        return "**required**"
    value = default_of(name)
    is_none = value in (None, "", (), NEUTRAL)
    default = ",".join(value) if isinstance(value, tuple) else value
    return "none" if is_none else f"`{default}`".replace(".0`", "`")


def _table_of_stages(config: Mapping[str, Any]) -> Iterator[str]:
    stages = {name: stage["environment_variables"] for name, stage in config["stages"].items()}
    deployed = deployable_stages(config)
    yield f"| setting | {' | '.join(stages)} |"
    yield f"|---|{'---|' * len(stages)}"
    for name in SETTINGS:
        cells = [_cell(name, variables, stage in deployed) for stage, variables in stages.items()]
        if any(cells):
            yield f"| `{name.upper()}` | {' | '.join(cells)} |"


def _cell(name: str, variables: Mapping[str, str], is_deployed: bool) -> str:
    if is_deployed and name in SETTINGS_OF_THE_STACK:
        return "*from the stack*"
    value = variables.get(name.upper())
    if not value:
        return ""
    return f"`{value}`" if value.startswith("{") else f"`{value}`".replace(",", "`, `")


if __name__ == "__main__":
    sys.exit(main())
