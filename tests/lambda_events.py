"""The events that AWS calls the functions with."""

import json
import time
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


def message_event(
    body: Mapping[str, Any] | str, message_id: str = "m-1", attempt: int = 1, sent_at_ms: int = 0
) -> Event:
    """Return what Lambda makes of a message of a queue, sent now if it is not said when."""
    counts = {
        "ApproximateReceiveCount": str(attempt),
        "SentTimestamp": str(sent_at_ms or round(time.time() * 1000)),
    }
    text = body if isinstance(body, str) else json.dumps(body)
    record = {"messageId": message_id, "receiptHandle": "handle", "body": text, "attributes": counts}
    return {"Records": [{**record, "messageAttributes": {}, "eventSource": "aws:sqs"}]}
