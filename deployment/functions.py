"""Calls the deployed functions: to migrate, to sweep, and to ask one question as a customer would."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

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
QUESTION = "How do I reset my password?"
TIMEOUT_SECONDS = 35
ATTEMPTS = 6
PAUSE_SECONDS = 5

Body = dict[str, Any]


def call_function(work: Work, function: str, event: object) -> Any:
    """Return what a function answers to an event. Raises CommandError when it fails, and as boto3 does."""
    answer = work.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    content = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise CommandError(f"{function} failed: {_reason(content)} Its log group is /aws/lambda/{function}.")
    return content


def migrate_database(work: Work, is_there: bool) -> str:
    """Bring the database schema up to date, if the stage has one; return what was done."""
    if not is_there:
        return "none: nothing is known of customers but what they write"
    answer = call_function(work, f"{work.name}-{MIGRATE}", {})
    applied = answer["applied"]
    return f"applied {', '.join(applied)}" if applied else "already done"


def sweep_documents(work: Work) -> str:
    """Let the sync start its first job, as the schedule would within a minute; return what was done."""
    event = {**SCHEDULED_EVENT, "account": work.account.number, "region": work.account.region}
    call_function(work, f"{work.name}-{SWEEP}", event)
    return "the documents are followed from now on"


def _reason(content: Any) -> str:
    fields = content if isinstance(content, dict) else {}
    kind, message = fields.get("errorType", "error"), fields.get("errorMessage", "no reason was given")
    return f"{kind}: {' '.join(str(message).split())}"


@dataclass(frozen=True)
class Answer:
    """A response of the API."""

    status: int
    body: Mapping[str, Any]


Ask = Callable[[Body], Answer]


def ask_one_question(work: Work, ask: Ask) -> str:
    """Return the answer's first line. Raises CommandError when there is none or it is degraded.

    A new API is not known everywhere at once, so it is tried for half a minute: with the same message id, so
    that the question is answered once.
    """
    # As the page asks: the right to stream an answer is one of its own.
    question = {"query": QUESTION, "message_id": str(uuid.uuid4()), "progressive": True}
    answer = ask(question)
    for _ in range(ATTEMPTS - 1):
        if answer.status == 200:
            break
        work.pause(PAUSE_SECONDS)
        answer = ask(question)
    if answer.status != 200:
        reason = answer.body.get("error") or answer.body.get("message") or "it gave no reason."
        raise CommandError(f"POST /chat answered {answer.status}: {reason} {_logs(work)}")
    if lacking := answer.body.get("degraded"):
        raise CommandError(f"The app answers, but could not reach {', '.join(lacking)}. {_logs(work)}")
    return f"“{QUESTION}” → {str(answer.body['response']).strip().splitlines()[0]}"


def over_http(url: str) -> Ask:
    """Return what sends the question over the internet."""

    def ask(question: Body) -> Answer:
        try:
            response = requests.post(f"{url.rstrip('/')}/chat", json=question, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            return Answer(0, {"error": f"{url} does not answer ({type(error).__name__})."})
        return Answer(response.status_code, _fields(response.text))

    return ask


def over_lambda(work: Work) -> Ask:
    """Return what hands the question to the function itself, for an account without a gateway."""

    def ask(question: Body) -> Answer:
        answer = call_function(work, work.name, _proxy_event(question))
        return Answer(int(answer["statusCode"]), _fields(answer["body"]))

    return ask


def _proxy_event(question: Body) -> Body:
    return {
        "resource": "/chat",
        "path": "/chat",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps(question),
        "isBase64Encoded": False,
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": "/chat",
            "path": "/chat",
            "requestId": question["message_id"],
            "identity": {"sourceIp": "127.0.0.1"},
        },
    }


def _fields(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _logs(work: Work) -> str:
    return f"The log group /aws/lambda/{work.name} says more."
