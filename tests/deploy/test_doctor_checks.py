"""What `dev.py doctor` finds of a deployed stage: rights, models, guardrail, mail, alarms, budget."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from chalicelib.chat.limits import BUDGET, DAY
from chalicelib.stores.state import counter_key
from cli.doctor import app, deployed
from cli.doctor.command import Finding, finding
from cli.doctor.stage import Stage
from tests.deploy.fakes import FakeClient, refusal
from tooling.template import Template

POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "Logs", "Effect": "Allow"}]}
MAKES_THE_GUARDRAIL = Template().text
AVAILABLE = {
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
    "agreementAvailability": {"status": "AVAILABLE"},
}
ALIVE = {"modelDetails": {"modelLifecycle": {"status": "ACTIVE"}}}
OK_ALARM = {"AlarmName": "customer-support-dev-sync", "StateValue": "OK"}
MODEL = "global.anthropic.claude-haiku-5-5"
RIGHT: Mapping[str, Mapping[str, Any]] = {
    "iam": {"get_role_policy": {"PolicyDocument": POLICY}},
    "bedrock": {"get_foundation_model": ALIVE, "get_foundation_model_availability": AVAILABLE},
    "cloudformation": {
        "get_template": {"TemplateBody": MAKES_THE_GUARDRAIL},
        "describe_stacks": {"Stacks": [{"Outputs": [{"OutputKey": "GuardrailVersion", "OutputValue": "3"}]}]},
    },
    "cloudwatch": {"describe_alarms": {"MetricAlarms": [OK_ALARM]}},
    "sesv2": {"get_email_identity": {"VerifiedForSendingStatus": True}},
    "dynamodb": {"get_item": {}},
}
"""What AWS answers of a stage that is well."""


class PlayedStage(Stage):
    """A deployed stage whose account answers as told."""

    def __init__(self, root: Path, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.name, self.is_local, self.root = "dev", False, root
        self.configuration = {"lambda_functions": {"sweep": {"iam_policy_file": "policy-dev-sweep.json"}}}
        self.variables = {
            "BEDROCK_MODEL_IDS": MODEL,
            "GUARDRAIL_VERSION": "3",
            "MAIL_FROM": "Support <support@example.com>",
            "DAILY_BUDGET_USD": "10",
        }
        self._played = {name: FakeClient(**{**RIGHT[name], **answers.get(name, {})}) for name in RIGHT}

    def client(self, service: str) -> FakeClient:
        return self._played[service]


Play = Callable[..., PlayedStage]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Return a function that plays a stage, right but for the answers that are given by service."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "policy-dev-sweep.json").write_text(json.dumps(POLICY), "utf-8")
    return lambda **answers: PlayedStage(tmp_path, answers)


def found(stage: Stage, name: str) -> Finding:
    (check,) = (each for each in (*app.CHECKS, *deployed.CHECKS) if each.__name__ == name)
    return finding(stage, check)


CHECKS = ("rights", "models", "guardrail_version", "mail_identity", "alarms", "budget")
NOT_FOUND = refusal("NotFoundException")


@pytest.mark.parametrize("check", CHECKS)
def test_a_stage_that_is_well_has_no_finding(play: Play, check: str) -> None:
    assert found(play(), check).ok


def spent(micro_usd: int) -> Callable[..., dict[str, Any]]:
    """Answer for the counter of today alone."""
    key = {"pk": {"S": counter_key(BUDGET, datetime.now(timezone.utc), DAY)}}
    return lambda **asked: {"Item": {"value": {"N": str(micro_usd)}}} if asked["Key"] == key else {}


@pytest.mark.parametrize(
    ("check", "service", "answers", "detail"),
    [
        ("rights", "iam", {"get_role_policy": {"PolicyDocument": {}}}, "sweep has other rights than"),
        ("rights", "iam", {"get_role_policy": refusal("NoSuchEntity")}, "sweep has no rights"),
        (
            "models",
            "bedrock",
            {"get_foundation_model": {"modelDetails": {"modelLifecycle": {"status": "LEGACY"}}}},
            "anthropic.claude-haiku-5-5 comes to its end",
        ),
        ("models", "bedrock", {"get_foundation_model": refusal("ValidationException")}, "is not known"),
        *(
            ("models", "bedrock", {"get_foundation_model_availability": {**AVAILABLE, name: value}}, detail)
            for name, value, detail in (
                ("authorizationStatus", "NOT_AUTHORIZED", "no authorization"),
                ("entitlementAvailability", "NOT_AVAILABLE", "no entitlement"),
                ("agreementAvailability", {"status": "PENDING"}, "no agreement"),
            )
        ),
        (
            "guardrail_version",
            "cloudformation",
            {"get_template": {"TemplateBody": "Description: Definition 00000000"}},
            "another than the template's here",
        ),
        (
            "guardrail_version",
            "cloudformation",
            {
                "describe_stacks": {
                    "Stacks": [{"Outputs": [{"OutputKey": "GuardrailVersion", "OutputValue": "4"}]}]
                }
            },
            "version 3 is used, and the stack has 4",
        ),
        ("mail_identity", "sesv2", {"get_email_identity": NOT_FOUND}, "neither support@example.com"),
        (
            "mail_identity",
            "sesv2",
            {"get_email_identity": {"VerifiedForSendingStatus": False}},
            "neither support@example.com",
        ),
        ("alarms", "cloudwatch", {"describe_alarms": {"MetricAlarms": []}}, "there are none"),
        (
            "alarms",
            "cloudwatch",
            {"describe_alarms": {"MetricAlarms": [{**OK_ALARM, "StateValue": "ALARM"}]}},
            "on: customer-support-dev-sync",
        ),
        ("budget", "dynamodb", {"get_item": spent(10_000_000)}, "today's 10.00 dollars are used up"),
    ],
)
def test_what_is_wrong_with_a_stage_is_found(
    play: Play, check: str, service: str, answers: Mapping[str, Any], detail: str
) -> None:
    seen = found(play(**{service: answers}), check)
    assert not seen.ok
    assert detail in seen.detail
    assert seen.fix


def test_what_is_left_of_the_budget_is_said(play: Play) -> None:
    seen = found(play(dynamodb={"get_item": spent(3_250_000)}), "budget")
    assert (seen.ok, seen.detail) == (True, "3.25 of 10.00 dollars are spent today")


def test_a_domain_that_is_verified_is_enough(play: Play) -> None:
    verified = [NOT_FOUND, {"VerifiedForSendingStatus": True}]
    seen = found(play(sesv2={"get_email_identity": verified}), "mail_identity")
    assert (seen.ok, seen.detail) == (True, "example.com is verified")
