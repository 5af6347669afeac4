"""Calls the deployed functions."""

import json
from typing import Any

from deployment.work import Work
from tooling.errors import CommandError

MIGRATE = "migrate"
SWEEP = "sweep"
SCHEDULED_EVENT = {
    "version": "0",
    "id": "deployment",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "1970-01-01T00:00:00Z",
    "resources": [],
    "detail": {},
}


def call_function(work: Work, function: str, event: object) -> Any:
    """Return what a function answers to an event. Raises CommandError when it fails, and as boto3 does."""
    answer = work.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    content = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise CommandError(f"{function} failed: {_reason(content)} Its log group is /aws/lambda/{function}.")
    return content


def migrate_database(work: Work) -> str:
    """Bring the database schema up to date; return what was done."""
    answer = call_function(work, f"{work.name}-{MIGRATE}", {})
    applied = answer["applied"]
    return f"applied {', '.join(applied)}" if applied else "already done"


def sweep_documents(work: Work) -> str:
    """Let the sync start its first job, as it would within a minute by itself; return what was done."""
    event = {**SCHEDULED_EVENT, "account": work.account.number, "region": work.account.region}
    call_function(work, f"{work.name}-{SWEEP}", event)
    return "the documents are followed from now on"


def _reason(content: Any) -> str:
    fields = content if isinstance(content, dict) else {}
    kind, message = fields.get("errorType", "error"), fields.get("errorMessage", "no reason was given")
    return f"{kind}: {' '.join(str(message).split())}"
