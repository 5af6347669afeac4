"""An event for each function, which it serves in full, and never the same one twice."""

import json
import time
import uuid
from typing import Any

from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.stage import read_local_stage

CUSTOMER = "CUST-1001"


def event_of(handler: str) -> dict[str, Any]:
    """Return an event that a function serves in full."""
    match handler:
        case "app.app":
            context = {"httpMethod": "POST", "resourcePath": "/chat", "identity": {"sourceIp": "192.0.2.1"}}
            return {
                "requestContext": context,
                "headers": {"content-type": "application/json"},
                "pathParameters": None,
                "multiValueQueryStringParameters": None,
                "body": json.dumps({"query": "How do I reset my password?"}),
                "isBase64Encoded": False,
                "stageVariables": None,
            }
        case "app.agent":
            arn = "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/tickets"
            return {"type": "TOKEN", "authorizationToken": f"Bearer {AGENT_TOKEN}", "methodArn": arn}
        case "app.documents_changed":
            place = {"bucket": {"name": read_local_stage().documents_bucket}, "object": {"key": "a.md"}}
            return {"Records": [{"eventName": "ObjectCreated:Put", "s3": place}]}
        case "app.intake":
            ticket = {
                "customer_external_id": CUSTOMER,
                "subject": "A parcel",
                "description": "Where is it?",
            }
            attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000"}
            message = {"messageId": str(uuid.uuid4()), "body": json.dumps(ticket), "attributes": attributes}
            return {"Records": [message]}
        case "app.sweep":
            fields = ("account", "detail-type", "id", "region", "source", "time")
            return {**dict.fromkeys(fields, ""), "detail": {}, "resources": [], "version": "0"}
        case "app.count":
            return {"Records": [{"eventName": "INSERT", "dynamodb": _exchange_written()}]}
        case "app.customers":
            return {"external_id": CUSTOMER}
        case "app.deliver":
            image = {"event_id": {"S": "unknown"}}
            return {"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": image}}]}
    return {}


def _exchange_written() -> dict[str, Any]:
    """Return what the stream of conversations says of a new exchange that was answered."""
    texts = {"session_id": str(uuid.uuid4()), "message_id": str(uuid.uuid4()), "question": "Where?"}
    texts |= {"answer": "Here.", "citations": "[]", "usage": "{}"}
    texts |= {"guardrail": json.dumps({"intervened": False, "reasons": []})}
    image: dict[str, Any] = {name: {"S": text} for name, text in texts.items()}
    moment = time.time_ns() // 10**6
    image |= {
        "degraded": {"L": []},
        "timestamp": {"N": str(moment)},
        "ttl": {"N": str(moment // 1000 + 86400)},
    }
    return {"SequenceNumber": "1", "NewImage": image}
