"""Whether whoever deploys may do what a deployment does, as IAM itself judges it."""

from collections.abc import Mapping, Sequence

from botocore.exceptions import ClientError

from deployment.account import deployer_arn
from deployment.work import Work
from tooling.errors import CommandError

INFRA = (
    "bedrock:CreateDataSource",
    "bedrock:CreateGuardrail",
    "bedrock:CreateKnowledgeBase",
    "cloudformation:CreateChangeSet",
    "cloudformation:ExecuteChangeSet",
    "dynamodb:CreateTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateVpc",
    "ec2:CreateVpcEndpoint",
    "iam:CreateRole",
    "iam:PassRole",
    "rds:CreateDBInstance",
    "s3:CreateBucket",
    "secretsmanager:CreateSecret",
)
"""One of each kind of thing in the template."""
VECTOR_STORES: Mapping[str, tuple[str, ...]] = {
    "S3_VECTORS": ("s3vectors:CreateIndex", "s3vectors:CreateVectorBucket"),
    # The index is made over the collection's own API, by whom CloudFormation works for.
    "OPENSEARCH_SERVERLESS": (
        "aoss:APIAccessAll",
        "aoss:CreateAccessPolicy",
        "aoss:CreateCollection",
        "aoss:CreateSecurityPolicy",
    ),
}
NEXT_STEP = "Use other credentials (AWS_PROFILE), or ask for these permissions."
DEPLOY = (
    "apigateway:PATCH",
    "apigateway:POST",
    "events:PutRule",
    "iam:CreateRole",
    "iam:PassRole",
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "s3:PutBucketNotification",
)


def check_rights(work: Work, actions: Sequence[str]) -> None:
    """Insist that no action is forbidden, and ask about those that nothing allows. Raises CommandError.

    IAM is asked about any resource: what is allowed on some only looks as if it were not, hence the question.
    """
    try:
        decisions = _decisions(work, actions)
    except ClientError as error:
        work.terminal.step("Permissions", f"could not be checked ({error.operation_name} is not possible)")
        return
    forbidden = [action for action, decision in decisions.items() if decision == "explicitDeny"]
    if forbidden:
        raise CommandError(f"{work.account.caller_arn} may not do {', '.join(forbidden)}. {NEXT_STEP}")
    unsure = [action for action, decision in decisions.items() if decision != "allowed"]
    if unsure:
        work.terminal.say(
            f"{work.account.caller_arn} lacks {', '.join(unsure)}, or has it on some resources only."
        )
        if not work.terminal.agrees("Go on all the same?"):
            raise CommandError(f"Nothing was changed. {NEXT_STEP}")
    work.terminal.step("Permissions", "as far as IAM says" if unsure else "are there")


def _decisions(work: Work, actions: Sequence[str]) -> dict[str, str]:
    """Return IAM's decision on each action."""
    arn = deployer_arn(work.account)
    if arn is None:
        # The root user may do everything, and IAM has no policies of it to judge.
        return {}
    pages = (
        work.account.client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(PolicySourceArn=arn, ActionNames=list(actions))
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    return {each["EvalActionName"]: each["EvalDecision"] for each in results}
