"""What API Gateway answers by itself, in the shape of the app's own errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.api.http import OF_CHALICE, OUR_FAULT

UNAVAILABLE = ("unavailable", "This is not available right now. Please try again in a moment.")
RETRY_SECONDS = 5
HEADERS = {
    "Access-Control-Allow-Origin": "'*'",
    "Access-Control-Expose-Headers": "'X-Correlation-Id,Retry-After'",
    "X-Correlation-Id": "context.requestId",
}


@dataclass(frozen=True)
class GatewayResponse:
    """An answer of the gateway; without a status it keeps the gateway's own."""

    code: str
    sentence: str
    status: int | None = None
    retry_after_seconds: int | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what PutGatewayResponse takes, besides the API and the kind."""
        body = {"error": self.sentence, "code": self.code, "correlation_id": "$context.requestId"}
        headers = dict(HEADERS)
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = f"'{self.retry_after_seconds}'"
        parameters = {f"gatewayresponse.header.{name}": value for name, value in headers.items()}
        status = {} if self.status is None else {"statusCode": str(self.status)}
        return {
            **status,
            "responseParameters": parameters,
            "responseTemplates": {"application/json": json.dumps(body)},
        }


RESPONSES: Mapping[str, GatewayResponse] = {
    "UNAUTHORIZED": GatewayResponse(
        "unauthorized", "Send an agent's token in the header Authorization: Bearer <token>.", 401
    ),
    "ACCESS_DENIED": GatewayResponse("forbidden", "This token does not open anything here.", 403),
    "AUTHORIZER_FAILURE": GatewayResponse(*UNAVAILABLE, 503, RETRY_SECONDS),
    "AUTHORIZER_CONFIGURATION_ERROR": GatewayResponse(*UNAVAILABLE, 503, RETRY_SECONDS),
    # Of an address that there is not, or not for this method: the gateway can't tell the two apart.
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


def missing_responses(current: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what has to be put where the gateway answers otherwise so far."""
    wanted = {kind: response.arguments() for kind, response in RESPONSES.items()}
    return {
        kind: arguments
        for kind, arguments in wanted.items()
        if any(current.get(kind, {}).get(name) != value for name, value in arguments.items())
    }
