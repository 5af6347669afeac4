"""Whoever deploys needs what the types of the template and the commands call for, and no more."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from deployment.preflight.deployer import KNOWN, deployer_policy
from deployment.preflight.rights import POLICY
from tests.deploy.stage_in_process import Stage
from tooling.project import ROOT
from tooling.template import Template

HELD: dict[str, Any] = json.loads((ROOT / POLICY).read_text("utf-8"))
ACTIONS = [action for statement in HELD["Statement"] for action in statement["Action"]]
MOST_CHARACTERS = 10_240
"""Of a role's own policies, without white space. A managed policy takes 6,144."""
ACTION_OF = {
    ("s3", "GetBucketNotificationConfiguration"): "s3:GetBucketNotification",
    ("s3", "PutBucketNotificationConfiguration"): "s3:PutBucketNotification",
}
"""Where an action has another name than the operation."""
MADE_BY_THE_TEST = {"s3:CreateBucket", "dynamodb:CreateTable", "sqs:CreateQueue"}


def test_the_file_holds_what_is_generated() -> None:
    assert deployer_policy(Template()) == HELD, "python -m deployment.preflight.deployer writes it"


def test_it_fits_into_a_role() -> None:
    assert len(json.dumps(HELD, separators=(",", ":"))) <= MOST_CHARACTERS


@pytest.mark.parametrize("action", ACTIONS)
def test_iam_knows_each_action(action: str) -> None:
    service, name = action.lower().split(":")
    assert any(fnmatchcase(each, name) for each in KNOWN[service]["Actions"])


def test_a_deployment_and_its_deletion_call_nothing_else(stage: Stage) -> None:
    stage.deploy()
    stage.destroy()
    called = {ACTION_OF.get(call, ":".join(call)) for call in stage.account.made} - MADE_BY_THE_TEST
    assert {"lambda:CreateFunction", "events:PutRule", "ssm:PutParameter"} <= called
    assert {each for each in called if not any(fnmatchcase(each, action) for action in ACTIONS)} == set()


def test_what_has_names_is_allowed_on_ours_alone() -> None:
    (anything,) = (each for each in HELD["Statement"] if each["Resource"] == ["*"])
    writes = [each for each in anything["Action"] if not each.endswith(("Describe*", "List*"))]
    assert not [each for each in writes if each.startswith(("s3:", "dynamodb:", "ssm:", "events:"))]
    assert not [
        each for each in writes if each.startswith("iam:") and "Role" in each and "Linked" not in each
    ]
