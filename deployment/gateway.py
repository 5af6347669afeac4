"""What Chalice cannot configure: the API's limits, its access log, and the gateway's own answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.api.cors import ANY, EXPOSED_HEADERS, Origins
from chalicelib.api.http import OF_CHALICE, OUR_FAULT, PROTECTION
from deployment.made.logs import gateway_log_group, make_log_group, retention_days
from deployment.work import DONE, Work
from tooling.aws_errors import code_of
from tooling.errors import CommandError
from tooling.throttling import PAGES_BURST, PAGES_PER_SECOND

STAGE = "api"
"""Chalice's name of the gateway's one stage."""
UNAVAILABLE = ("unavailable", "This is not available right now. Please try again in a moment.")
RETRY_SECONDS = 5
# No addresses, and no paths with ids: the log must not say who asked.
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


@dataclass(frozen=True)
class Limits:
    """How many requests the gateway lets through, from all callers together."""

    requests_per_second: float
    burst: int


def limit_and_log(work: Work, api_id: str, limits: Limits) -> str:
    """Set the stage's limits and its access log; return what was done."""
    destination = prepare_access_log(work)
    gateway = work.account.client("apigateway")
    current = _current(gateway.get_stage(restApiId=api_id, stageName=STAGE))
    wanted = {
        **_throttling("*/*", limits),
        # A page is much larger than what else is answered.
        **{
            path: value
            for page, each_second in PAGES_PER_SECOND.items()
            for path, value in _throttling(_method(page), Limits(each_second, PAGES_BURST)).items()
        },
        "/accessLogSettings/destinationArn": destination,
        "/accessLogSettings/format": FORMAT,
    }
    changes = [
        {"op": "replace", "path": path, "value": value}
        for path, value in wanted.items()
        if current.get(path) != value
    ]
    if not changes:
        return DONE
    gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=changes)
    return f"{limits.requests_per_second}/s, bursts of {limits.burst}, logged for {retention_days(work)} days"


def _throttling(method: str, limits: Limits) -> dict[str, str]:
    return {
        f"/{method}/throttling/rateLimit": str(limits.requests_per_second),
        f"/{method}/throttling/burstLimit": str(limits.burst),
    }


def _method(page: str) -> str:
    """Return how a stage's settings name the GET of a path."""
    return f"{page.replace('/', '~1')}/GET"


def shape_answers(work: Work, api_id: str, origins: Origins) -> str:
    """Give the gateway's own answers the shape of our errors and publish them; return what was done."""
    gateway = work.account.client("apigateway")
    listed = gateway.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    missing = missing_responses({each["responseType"]: each for each in listed}, origins)
    for kind, arguments in missing.items():
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **arguments)
    if not missing:
        return DONE
    gateway.create_deployment(restApiId=api_id, stageName=STAGE)
    return f"{len(missing)} kinds in the app's own shape"


def _current(stage: dict[str, Any]) -> dict[str, str]:
    """Return the settings by the paths that a change names them with."""
    log = stage.get("accessLogSettings", {})
    throttling: dict[str, str] = {}
    for method, settings in stage.get("methodSettings", {}).items():
        # Some name a path in a setting as a change does, others as it is.
        path, _, verb = method.rpartition("/")
        name = f"{path.replace('/', '~1')}/{verb}"
        throttling[f"/{name}/throttling/rateLimit"] = f"{settings.get('throttlingRateLimit', -1):g}"
        throttling[f"/{name}/throttling/burstLimit"] = str(settings.get("throttlingBurstLimit", -1))
    return {
        **throttling,
        "/accessLogSettings/destinationArn": log.get("destinationArn", ""),
        "/accessLogSettings/format": log.get("format", ""),
    }


@dataclass(frozen=True)
class GatewayResponse:
    """An answer of the gateway; without a status it keeps the gateway's own."""

    code: str
    sentence: str
    status: int | None = None
    retry_after_seconds: int | None = None
    is_of_authorizer: bool = False

    def arguments(self, origins: Origins) -> dict[str, Any]:
        """Return what PutGatewayResponse takes, besides the API and the kind."""
        body = {"error": self.sentence, "code": self.code, "correlation_id": "$context.requestId"}
        headers = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in self._headers(origins)}
        status = {} if self.status is None else {"statusCode": str(self.status)}
        return {
            **status,
            "responseParameters": {
                **headers,
                "gatewayresponse.header.X-Correlation-Id": "context.requestId",
            },
            "responseTemplates": {"application/json": json.dumps(body)},
        }

    def _headers(self, origins: Origins) -> Iterator[tuple[str, str]]:
        """Yield the headers whose values are fixed."""
        yield from PROTECTION.items()
        allowed = origins.agents if self.is_of_authorizer else origins.public
        # The gateway can't look an origin up. Where several may read its answers any may: they hold only what
        # is written here.
        granted = allowed[0] if len(allowed) == 1 else ANY if allowed else None
        if granted:
            yield "Access-Control-Allow-Origin", granted
            yield "Access-Control-Expose-Headers", ",".join(EXPOSED_HEADERS)
        if self.retry_after_seconds is not None:
            yield "Retry-After", str(self.retry_after_seconds)


RESPONSES: Mapping[str, GatewayResponse] = {
    "UNAUTHORIZED": GatewayResponse(
        "unauthorized",
        "Send an agent's token in the header Authorization: Bearer <token>.",
        401,
        is_of_authorizer=True,
    ),
    "ACCESS_DENIED": GatewayResponse(
        "forbidden", "This token does not open anything here.", 403, is_of_authorizer=True
    ),
    "AUTHORIZER_FAILURE": GatewayResponse(*UNAVAILABLE, 503, RETRY_SECONDS, is_of_authorizer=True),
    "AUTHORIZER_CONFIGURATION_ERROR": GatewayResponse(
        *UNAVAILABLE, 503, RETRY_SECONDS, is_of_authorizer=True
    ),
    # For an unknown path, or a method it does not have: the gateway does not tell them apart.
    "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(*OF_CHALICE[404], 404),
    "RESOURCE_NOT_FOUND": GatewayResponse(*OF_CHALICE[404], 404),
    "REQUEST_TOO_LARGE": GatewayResponse("body_too_large", "The request is too large.", 413),
    "UNSUPPORTED_MEDIA_TYPE": GatewayResponse(*OF_CHALICE[415], 415),
    "THROTTLED": GatewayResponse(
        "too_many_requests", "There are too many requests right now. Please try again in a moment.", 429, 1
    ),
    "INTEGRATION_FAILURE": GatewayResponse(*UNAVAILABLE, 503, RETRY_SECONDS),
    "INTEGRATION_TIMEOUT": GatewayResponse(*UNAVAILABLE, 503, RETRY_SECONDS),
    "DEFAULT_4XX": GatewayResponse(*OF_CHALICE[400]),
    "DEFAULT_5XX": GatewayResponse(*OUR_FAULT),
}


def missing_responses(
    current: Mapping[str, Mapping[str, Any]], origins: Origins
) -> dict[str, dict[str, Any]]:
    """Return PutGatewayResponse's arguments, by kind, for each answer that is not yet as wanted."""
    wanted = {kind: response.arguments(origins) for kind, response in RESPONSES.items()}
    return {
        kind: arguments
        for kind, arguments in wanted.items()
        if any(current.get(kind, {}).get(name) != value for name, value in arguments.items())
    }


def prepare_access_log(work: Work) -> str:
    """Make sure of the log group and of the permission to write to it; return its ARN."""
    group = gateway_log_group(work)
    make_log_group(work, group)
    if not work.account.client("apigateway").get_account().get("cloudwatchRoleArn"):
        _let_gateway_write(work)
    account = work.account
    return f"arn:{account.partition}:logs:{account.region}:{account.number}:log-group:{group}"


def _let_gateway_write(work: Work) -> None:
    """Give API Gateway the role that it needs to write logs; called only when it has none."""
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
            # IAM needs some seconds until a new role can be used everywhere.
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
