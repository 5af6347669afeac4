"""API Gateway before the emulator's functions: what Chalice has defined and deployed, over HTTP.

The emulator has no routes of an imported definition. This plays the definition itself: its paths and
authorizers, and the gateway's own answers as the deployment has put them into the emulator.
"""

import itertools
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from deployment.gateway import STAGE
from tests.deploy.emulator import ACCOUNT, REGION, Emulator
from tests.deploy.emulator_front import Front

Operation = Mapping[str, Any]
INTEGRATION = "x-amazon-apigateway-integration"
FUNCTION = re.compile(r"functions/([^/]+)/invocations")
PARAMETER = re.compile(r"\\\{(\w+)\\\}")
ADDRESSES = 250


class Gateway:
    """A WSGI application; each request comes from another address, as on the internet."""

    def __init__(self, front: Front, emulator: Emulator) -> None:
        self._front = front
        self._emulator = emulator
        self._addresses = itertools.cycle(f"192.0.2.{number}" for number in range(1, ADDRESSES))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        for route, methods in self._front.definitions[-1]["paths"].items():
            found = _pattern(route).fullmatch(_path(request))
            if found and request.method.lower() in methods:
                # Still encoded, as REST APIs hand them on.
                return self._operate(methods[request.method.lower()], route, found.groupdict(), request)
        return self._refuse("MISSING_AUTHENTICATION_TOKEN")

    def _operate(
        self, operation: Operation, route: str, values: dict[str, str], request: Request
    ) -> Response:
        for authorizer in (name for each in operation.get("security", ()) for name in each):
            if refusal := self._refusal(authorizer, request.headers.get("Authorization")):
                return self._refuse(refusal)
        event = _event(request, route, values, next(self._addresses))
        answer = self._emulator.invoke(_function(operation[INTEGRATION]["uri"]), event)
        return Response(answer["body"], answer["statusCode"], _headers(answer))

    def _refusal(self, authorizer: str, token: str | None) -> str | None:
        """Return the kind of the answer to a request without a right; None where the authorizer gives it."""
        if not token:
            return "UNAUTHORIZED"
        definition = self._front.definitions[-1]["securityDefinitions"][authorizer]
        uri = definition["x-amazon-apigateway-authorizer"]["authorizerUri"]
        method = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:emulated/{STAGE}/GET/"
        event = {"type": "TOKEN", "authorizationToken": token, "methodArn": method}
        policy = self._emulator.invoke(_function(uri), event)["policyDocument"]
        allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow" and each["Resource"]]
        return None if allowed else "ACCESS_DENIED"

    def _refuse(self, kind: str) -> Response:
        """Answer as the deployment told the gateway to."""
        gateway = self._emulator.client("apigateway")
        (api,) = gateway.get_rest_apis()["items"]
        answer = gateway.get_gateway_response(restApiId=api["id"], responseType=kind)
        request_id = str(uuid.uuid4())
        headers = {
            name.removeprefix("gatewayresponse.header."): _value(value, request_id)
            for name, value in answer["responseParameters"].items()
        }
        body = answer["responseTemplates"]["application/json"].replace("$context.requestId", request_id)
        return Response(body, int(answer["statusCode"]), headers, content_type="application/json")


def _event(request: Request, route: str, values: dict[str, str], address: str) -> dict[str, Any]:
    return {
        "requestContext": {
            "httpMethod": request.method,
            "resourcePath": route,
            "requestId": str(uuid.uuid4()),
            "identity": {"sourceIp": address},
        },
        "headers": {name.lower(): value for name, value in request.headers},
        "pathParameters": values or None,
        "multiValueQueryStringParameters": dict(request.args.lists()) or None,
        "body": request.get_data(as_text=True) or None,
        "isBase64Encoded": False,
        "stageVariables": None,
    }


def _value(mapping: str, request_id: str) -> str:
    """Return what a mapping of API Gateway comes to: a text in quotes, or the request's id."""
    return mapping.strip("'").replace("context.requestId", request_id)


def _path(request: Request) -> str:
    path = str(request.environ["REQUEST_URI"]).split("?")[0].removeprefix(f"/{STAGE}")
    return path.rstrip("/") or "/"


def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(route)))


def _function(uri: str) -> str:
    found = FUNCTION.search(uri)
    assert found, uri
    return found[1]


def _headers(answer: Mapping[str, Any]) -> Headers:
    # Like API Gateway, which takes for JSON what does not say what it is.
    headers = Headers({"Content-Type": "application/json", **answer.get("headers", {})})
    for name, values in answer.get("multiValueHeaders", {}).items():
        headers.setlist(name, values)
    return headers
