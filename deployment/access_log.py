"""Where API Gateway writes its access log, and its permission to, which is one for all APIs of an account."""

import json
from typing import Any

from botocore.exceptions import ClientError

from deployment.work import Work
from tooling.aws_errors import code_of
from tooling.errors import CommandError

# Neither addresses nor paths with ids: a log of what happened, not of who asked.
FORMAT = json.dumps(
    {
        name: f"$context.{value}"
        for name, value in {
            "request_id": "requestId",
            "time": "requestTime",
            "method": "httpMethod",
            "route": "resourcePath",
            "status": "status",
            "bytes": "responseLength",
            "latency_ms": "responseLatency",
            "app_latency_ms": "integrationLatency",
            "gateway_answer": "error.responseType",
        }.items()
    }
)
ROLE = "api-gateway-writes-logs"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ATTEMPTS = 8
PAUSE_SECONDS = 5


def log_group(work: Work) -> str:
    """Return the name of the stage's log group."""
    return f"/aws/apigateway/{work.name}"


def prepare_access_log(work: Work, retention_days: int) -> str:
    """Make the log group where there is none and see to the permission; return the log group's ARN."""
    logs = work.account.client("logs")
    try:
        logs.create_log_group(logGroupName=log_group(work))
    except ClientError as error:
        if code_of(error) != "ResourceAlreadyExistsException":
            raise
    logs.put_retention_policy(logGroupName=log_group(work), retentionInDays=retention_days)
    if not work.account.client("apigateway").get_account().get("cloudwatchRoleArn"):
        _let_gateway_write(work)
    account = work.account
    return f"arn:{account.partition}:logs:{account.region}:{account.number}:log-group:{log_group(work)}"


def _let_gateway_write(work: Work) -> None:
    """Give API Gateway the role that it needs to write any log; one that is set is never touched."""
    work.terminal.say(f"  API Gateway may not write logs in this account yet: giving it the role {ROLE}.")
    role = _role(work)
    gateway = work.account.client("apigateway")
    change = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            gateway.update_account(patchOperations=change)
        except ClientError as error:
            if code_of(error) != "BadRequestException":
                raise
            if attempt == ATTEMPTS:
                raise CommandError(f"API Gateway does not accept the role {role} yet.") from error
            # A new role takes some seconds to be known everywhere.
            work.pause(PAUSE_SECONDS)
        else:
            return


def _role(work: Work) -> str:
    iam: Any = work.account.client("iam")
    try:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    except ClientError as error:
        if code_of(error) != "EntityAlreadyExists":
            raise
    policy = "iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=f"arn:{work.account.partition}:{policy}")
    return str(iam.get_role(RoleName=ROLE)["Role"]["Arn"])
