"""Checks that whoever deploys may do what infra/deployer-policy.json allows."""

import json
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from deployment.account import deployer_arn
from deployment.work import Work
from tooling.errors import CommandError
from tooling.project import ROOT

POLICY = Path("infra") / "deployer-policy.json"
GRANT_PERMISSIONS = (
    f"Use other credentials (AWS_PROFILE), or ask for these permissions: {POLICY.as_posix()} has all."
)
MOST_NAMED = 8
OF_STORES = {"S3_VECTORS": "s3vectors:", "OPENSEARCH_SERVERLESS": "aoss:"}


def check_rights(work: Work, vector_store: str | None = None) -> None:
    """Check that no action is forbidden, and ask about those that nothing allows. Raises CommandError.

    IAM judges each on names as the stage's are. Without a store, none of a store's are needed.
    """
    try:
        decisions = dict(_decisions(work, vector_store))
    except ClientError as error:
        work.terminal.step("Permissions", f"could not be checked ({error.operation_name} is not possible)")
        return
    forbidden = [action for action, decision in decisions.items() if decision == "explicitDeny"]
    if forbidden:
        raise CommandError(f"{work.account.caller_arn} may not do {_some(forbidden)}. {GRANT_PERMISSIONS}")
    unsure = [action for action, decision in decisions.items() if decision != "allowed"]
    if unsure:
        work.terminal.say(
            f"{work.account.caller_arn} lacks {_some(unsure)}, or has it on other resources only."
        )
        if not work.terminal.agrees("Go on anyway?"):
            raise CommandError(f"Nothing was changed. {GRANT_PERMISSIONS}")
    work.terminal.step("Permissions", "as far as IAM says" if unsure else "are there")


def _decisions(work: Work, vector_store: str | None) -> Iterator[tuple[str, str]]:
    """Yield IAM's decision on each action that the policy file names."""
    arn = deployer_arn(work.account)
    if arn is None:
        # The root user may do everything, and has no policies that IAM could judge.
        return
    other = tuple(prefix for store, prefix in OF_STORES.items() if store != vector_store)
    simulate = work.account.client("iam").get_paginator("simulate_principal_policy")
    for statement in json.loads((ROOT / POLICY).read_text("utf-8"))["Statement"]:
        actions = [each for each in statement["Action"] if "*" not in each and not each.startswith(other)]
        # One is enough: the others of a statement are allowed with it.
        resources = [_example(work, statement["Resource"][0])]
        pages = simulate.paginate(PolicySourceArn=arn, ActionNames=actions, ResourceArns=resources)
        for result in (result for page in pages for result in page["EvaluationResults"]):
            yield result["EvalActionName"], result["EvalDecision"]


def _example(work: Work, pattern: str) -> str:
    """Return an ARN of the stage that a pattern of the file stands for."""
    if pattern == "*":
        return pattern
    account = work.account
    _, _, service, region, number, name = pattern.split(":", 5)
    where = (account.partition, service, region and account.region, number and account.number)
    return ":".join(("arn", *where, name.replace("*", work.stage)))


def _some(actions: list[str]) -> str:
    more = len(actions) - MOST_NAMED
    return ", ".join(actions[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
