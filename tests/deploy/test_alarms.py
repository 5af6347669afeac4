"""The alarms and the dashboard: each on a metric that is there, and each alarm is in the runbook."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest

from bench.cost.stage import ALARM_METRICS, DEV, PROD, StageSize
from chalicelib.api.answers.common import OUT_OF_REACH
from chalicelib.logs import TurnOutcome
from chalicelib.metrics import METRICS, NAMESPACE
from deployment.arns import deployed_name
from deployment.functions import MIGRATE
from tests.deploy.infra import Document, infra, of_type
from tooling.project import ROOT
from tooling.stages import deployable_stage, read_config

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
STACK = infra(Stage="prod", AlarmEmail="ada@example.com")
ALARMS = of_type("AWS::CloudWatch::Alarm", STACK)
(DASHBOARD,) = of_type("AWS::CloudWatch::Dashboard", STACK).values()
FUNCTIONS = {
    deployed_name("prod", name)
    for name in deployable_stage(read_config(ROOT), "prod")["lambda_functions"]
    if name != MIGRATE  # the deployment calls it, and says how it went
}
LABELS = {"outcome": set(get_args(TurnOutcome)), "without": {*OUT_OF_REACH, "model"}}
OF_AWS = {
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
}
DEAD_LETTERS = "IntakeDeadLetters.QueueName"

Watched = tuple[str, str, dict[str, str]]
"""A namespace, a metric and its dimensions."""


def filled(text: Any) -> str:
    """Return what a name comes to in prod; of another resource its reference."""
    if isinstance(text, dict):
        ((how, value),) = text.items()
        if how == "Fn::GetAtt":
            return ".".join(value) if isinstance(value, list) else str(value)
        text = value if how == "Fn::Sub" else f"${{{value}}}"
    text = text.replace("${Stage}", "prod").replace("${AWS::Region}", "us-east-1")
    return str(re.sub(r"\$\{([\w.]+)\}", r"\1", text))


def metric_of(alarm: Document) -> Watched:
    dimensions = {each["Name"]: filled(each["Value"]) for each in alarm["Dimensions"]}
    return alarm["Namespace"], alarm["MetricName"], dimensions


def watched(alarm: Document) -> list[Watched]:
    """Return the metrics that an alarm looks at."""
    if "Metrics" not in alarm:
        return [metric_of(alarm)]
    return [metric_of(each["MetricStat"]["Metric"]) for each in alarm["Metrics"] if "MetricStat" in each]


def widgets() -> list[Document]:
    found: list[Document] = json.loads(filled(DASHBOARD["DashboardBody"]))["widgets"]
    return found


def drawn() -> list[Watched]:
    """Return the metrics of the dashboard."""
    rows = [row for widget in widgets() for row in _written_out(widget["properties"].get("metrics", ()))]
    return [(row[0], row[1], dict(zip(row[2::2], row[3::2], strict=True))) for row in rows]


def _written_out(metrics: Iterable[list[Any]]) -> Iterator[list[str]]:
    """Yield the rows without what stands for the row above: `.` for its place, `...` for all before."""
    above: list[str] = []
    for each in metrics:
        row = [part for part in each if isinstance(part, str)]
        if row and row[0] == "...":
            row = above[: 1 - len(row)] + row[1:]
        if row:
            above = [above[place] if part == "." else part for place, part in enumerate(row)]
            yield above


ALL = [
    *((name, each) for name, alarm in ALARMS.items() for each in watched(alarm)),
    *(("", e) for e in drawn()),
]


@pytest.mark.parametrize(("_of", "metric"), ALL)
def test_what_is_watched_is_a_metric_that_is_written(_of: str, metric: Watched) -> None:
    namespace, name, dimensions = metric
    if namespace != NAMESPACE:
        assert (namespace, name) in OF_AWS
        assert set(dimensions.values()) <= {*FUNCTIONS, DEAD_LETTERS}
        return
    assert dimensions.pop("stage") == "prod"
    assert set(dimensions) == set(METRICS[name].labels)
    assert all(value in LABELS[label] for label, value in dimensions.items())


def test_the_dashboard_shows_each_metric_of_the_app_by_each_label() -> None:
    shown = [
        (name, *dimensions.values()) for namespace, name, dimensions in drawn() if namespace == NAMESPACE
    ]
    assert len(shown) == len(set(shown))
    wanted = {
        (name, "prod", *([value] if labels else []))
        for name, metric in METRICS.items()
        for labels in [metric.labels]
        for value in (LABELS[labels[0]] if labels else {""})
    }
    assert set(shown) == wanted


def test_an_error_of_any_function_is_seen() -> None:
    seen = watched(ALARMS["ErrorsAlarm"])
    assert {each[2]["FunctionName"] for each in seen if each[0] == "AWS/Lambda"} == FUNCTIONS
    assert "SEARCH('{AWS/Lambda,FunctionName} customer-support-prod " in json.dumps(widgets())


def test_the_dashboard_is_a_grid_without_overlaps_and_names_each_alarm() -> None:
    cells = [
        (x, y)
        for each in widgets()
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert {arn.removesuffix(".Arn") for arn in widgets()[0]["properties"]["alarms"]} == set(ALARMS)


def test_alarms_are_mailed_to_whom_the_stack_was_given() -> None:
    (topic,) = of_type("AWS::SNS::Topic", STACK).values()
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]
    assert all(each["AlarmActions"] == [{"Ref": "AlarmTopic"}] for each in ALARMS.values())
    nobody = infra(Stage="prod")
    assert not of_type("AWS::SNS::Topic", nobody)
    assert not any("AlarmActions" in each for each in of_type("AWS::CloudWatch::Alarm", nobody).values())


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_leads_to_its_entry_in_the_runbook_and_that_to_a_fix(alarm: str) -> None:
    name = filled(ALARMS[alarm]["AlarmName"]).removeprefix("customer-support-prod-")
    assert ALARMS[alarm]["AlarmDescription"].endswith(f". See docs/runbook.md#alarm-{name}")
    _, _, entry = RUNBOOK.partition(f"\n### Alarm: {name}\n")
    entry = re.split(r"^#", entry, maxsplit=1, flags=re.MULTILINE)[0]
    assert [word for word in ("Meaning", "Check", "Act") if f"**{word}.**" in entry] == [
        "Meaning",
        "Check",
        "Act",
    ]


def test_the_runbook_has_no_entry_of_an_alarm_that_is_gone() -> None:
    names = {filled(each["AlarmName"]).removeprefix("customer-support-prod-") for each in ALARMS.values()}
    assert set(re.findall(r"^### Alarm: (.+)$", RUNBOOK, re.MULTILINE)) == names


@pytest.mark.parametrize("stage", [DEV, PROD])
def test_the_costs_count_the_alarms_and_the_dashboard(stage: StageSize) -> None:
    stack = infra(Stage=stage.name)
    alarms = of_type("AWS::CloudWatch::Alarm", stack).values()
    assert sum(len(watched(each)) for each in alarms) == ALARM_METRICS[stage.name]
    assert len(of_type("AWS::CloudWatch::Dashboard", stack)) == stage.dashboards
