"""What Chalice has no words for: the API's limits, its access log, and what the gateway answers by itself."""

from dataclasses import dataclass
from typing import Any

from deployment.access_log import FORMAT, prepare_access_log
from deployment.gateway_responses import missing_responses
from deployment.steps import DONE
from deployment.work import Work

STAGE = "api"
"""Chalice's name of the gateway's one stage."""


@dataclass(frozen=True)
class Limits:
    """How much the gateway lets through to the app, from everybody together."""

    requests_per_second: int
    burst: int


def limit_and_log(work: Work, api_id: str, limits: Limits, retention_days: int) -> str:
    """Set the stage's limits and its access log; return what was done."""
    destination = prepare_access_log(work, retention_days)
    gateway = work.account.client("apigateway")
    current = _current(gateway.get_stage(restApiId=api_id, stageName=STAGE))
    wanted = {
        "/*/*/throttling/rateLimit": str(limits.requests_per_second),
        "/*/*/throttling/burstLimit": str(limits.burst),
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
    return f"{limits.requests_per_second}/s, bursts of {limits.burst}, logged for {retention_days} days"


def shape_answers(work: Work, api_id: str) -> str:
    """Give what the gateway answers by itself our error shape, and publish it; return what was done."""
    gateway = work.account.client("apigateway")
    listed = gateway.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    missing = missing_responses({each["responseType"]: each for each in listed})
    for kind, arguments in missing.items():
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **arguments)
    if not missing:
        return DONE
    gateway.create_deployment(restApiId=api_id, stageName=STAGE)
    return f"{len(missing)} kinds in the app's own shape"


def _current(stage: dict[str, Any]) -> dict[str, str]:
    """Return the settings by the paths that a change names them with."""
    methods = stage.get("methodSettings", {}).get("*/*", {})
    log = stage.get("accessLogSettings", {})
    return {
        "/*/*/throttling/rateLimit": f"{methods.get('throttlingRateLimit', -1):g}",
        "/*/*/throttling/burstLimit": str(methods.get("throttlingBurstLimit", -1)),
        "/accessLogSettings/destinationArn": log.get("destinationArn", ""),
        "/accessLogSettings/format": log.get("format", ""),
    }
