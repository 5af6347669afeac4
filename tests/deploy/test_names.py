"""Names that are written in two places mean the same thing: logs, functions."""

import re

from bench.cold_start.__main__ import CLIENTS
from deployment import functions
from deployment.made.logs import function_log_group
from tooling.project import ROOT
from tooling.stages import deployable_stage, read_config

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
PERFORMANCE = (ROOT / "docs" / "performance.md").read_text("utf-8")
NAMES = set(deployable_stage(read_config(ROOT), "dev")["lambda_functions"])


def test_the_runbook_lists_the_log_group_of_each_function() -> None:
    stem = function_log_group("dev", "api_handler")
    (others,) = re.findall(rf"^\| `{stem}(-.*?)` \| the other", RUNBOOK, re.MULTILINE)
    listed = {stem, *(f"{stem}{end}" for end in others.replace("`", "").split(", "))}
    assert listed == {function_log_group("dev", name) for name in NAMES}


def test_the_functions_that_the_deployment_calls_are_there() -> None:
    assert {functions.MIGRATE, functions.SWEEP} <= NAMES


def test_the_start_of_each_function_is_measured_and_in_the_table() -> None:
    others = NAMES - {"api_handler"}
    assert {name.removeprefix("app.") for name in CLIENTS} == others | {"app"}
    assert set(re.findall(r"^\| `(\w+)`(?: \(.*?\))? \| \d", PERFORMANCE, re.MULTILINE)) == others
