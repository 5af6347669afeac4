"""Names that are written in two places mean the same thing: logs, functions."""

import re

from deployment import functions
from deployment.made.logs import function_log_group
from tooling.project import ROOT
from tooling.stages import deployable_stage, read_config

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
NAMES = set(deployable_stage(read_config(ROOT), "dev")["lambda_functions"])


def test_the_runbook_lists_the_log_group_of_each_function() -> None:
    stem = function_log_group("dev", "api_handler")
    (others,) = re.findall(rf"^\| `{stem}(-.*?)` \| the other", RUNBOOK, re.MULTILINE)
    listed = {stem, *(f"{stem}{end}" for end in others.replace("`", "").split(", "))}
    assert listed == {function_log_group("dev", name) for name in NAMES}


def test_the_functions_that_the_deployment_calls_are_there() -> None:
    assert {functions.MIGRATE, functions.SWEEP} <= NAMES
