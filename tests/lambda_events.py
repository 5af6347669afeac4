"""The events that AWS calls the functions with."""

import json
from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]


def api_event(
    method: str,
    route: str,
    body: Mapping[str, Any] | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Event:
    """Return what API Gateway makes of a request; `path` holds what stands in the route's braces."""
    return {
        "requestContext": {
            "httpMethod": method,
            "resourcePath": route,
            "identity": {"sourceIp": "192.0.2.1"},
            "authorizer": {"principalId": "Agent"},
        },
        "headers": {"content-type": "application/json", **(headers or {})},
        "pathParameters": path,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "stageVariables": None,
    }


def token_event(token: str) -> Event:
    """Return what API Gateway asks an authorizer with."""
    method = "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/tickets"
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": method}


def object_event(bucket: str, key: str) -> Event:
    """Return what S3 tells of a new object."""
    place = {"bucket": {"name": bucket}, "object": {"key": key}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": place}]}


def schedule_event() -> Event:
    """Return what a schedule sends."""
    event = {"account": "", "detail": {}, "detail-type": "Scheduled Event", "id": "1", "region": "us-east-1"}
    return {**event, "resources": [], "source": "aws.events", "time": "", "version": "0"}
