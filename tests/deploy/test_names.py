"""Names that are written in two places mean the same thing: logs, metrics, alarms, functions."""

import re

import pytest

from chalicelib import logs
from deployment import functions
from deployment.made.logs import function_log_group
from tooling.project import ROOT
from tooling.stages import deployable_stage, read_config

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
NAMES = set(deployable_stage(read_config(ROOT), "dev")["lambda_functions"])
ALARMS = re.findall(r"--namespace (\S+) --metric-name (\w+)", RUNBOOK)
LOGS_SOURCE = (ROOT / "chalicelib" / "logs.py").read_text("utf-8")


def test_the_runbook_lists_the_log_group_of_each_function() -> None:
    stem = function_log_group("dev", "api_handler")
    (others,) = re.findall(rf"^\| `{stem}(-.*?)` \| the other", RUNBOOK, re.MULTILINE)
    listed = {stem, *(f"{stem}{end}" for end in others.replace("`", "").split(", "))}
    assert listed == {function_log_group("dev", name) for name in NAMES}


def test_there_are_alarms() -> None:
    assert len(ALARMS) > 1


@pytest.mark.parametrize(("namespace", "metric"), ALARMS)
def test_an_alarm_is_on_a_metric_that_is_written(namespace: str, metric: str) -> None:
    if not namespace.startswith("AWS/"):
        assert namespace == logs.NAMESPACE
        assert metric in re.findall(r'_counted\("(\w+)"\)', LOGS_SOURCE)


def test_the_functions_that_the_deployment_calls_are_there() -> None:
    assert {functions.MIGRATE, functions.SWEEP} <= NAMES
