"""One customer of a container, with what they and the agents do, and what is kept of it."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from boto3.dynamodb.conditions import Key
from boto3.dynamodb.types import TypeSerializer

from chalicelib.chat.sessions import Sessions
from tests.builders import customer_proof
from tests.faults.app_process import Fault, Invocation, Outcome
from tests.faults.container import Container
from tests.lambda_events import Event, api_event

POSTGRES = "Postgres"
"""The one dependency that is no call of AWS."""
DONE = (200, 202, 204)


@dataclass(frozen=True)
class Request:
    """A call of a function that can be repeated."""

    function: str
    event: Event
    is_cold: bool = False


@dataclass(frozen=True)
class Reply:
    """What came back: of a route the status and the body, of another function 200 or the error's name."""

    status: int | str
    body: dict[str, Any]
    headers: Mapping[str, str]
    outcome: Outcome
    seconds: float

    @property
    def degraded(self) -> tuple[str, ...]:
        """Return what the answer says it went without, or what a check says is out of reach."""
        checks = self.body.get("checks", {})
        without = {name for name in checks if checks[name] != "ok"}
        return tuple(sorted(without | set(self.body.get("degraded", ()))))


class World:
    """A customer of a container, and what they and the agents do."""

    _numbers = count(1)

    def __init__(self, container: Container, app_secret: str) -> None:
        self.container = container
        self.customer_id = f"FAULT-{next(self._numbers)}"
        self.jobs_before: set[str] = set()
        proof = customer_proof(self.customer_id, app_secret)
        self.sessions = Sessions(lambda: app_secret, accept_made_up_ids=False)
        self.proof = {"customer_id": proof.customer_id, "customer_hash": proof.customer_hash}

    def request(
        self,
        method: str,
        route: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        **path: str,
    ) -> Request:
        """Return a request of this customer's, or of an agent's."""
        headers = {f"X-{name.replace('_', '-')}": value for name, value in self.proof.items()}
        return Request("api_handler", api_event(method, route, body, path, query, headers))

    def call(self, request: Request, fault: Fault | None = None) -> Reply:
        """Make a request, while a fault of a dependency is on."""
        gate = self.container.gate
        gate.asked = 0
        if request.is_cold:
            gate.cut()
        if fault is not None and fault.dependency == POSTGRES:
            gate.put(fault.kind)
        started = time.monotonic()
        invocation = Invocation(request.function, request.event, fault, request.is_cold)
        try:
            outcome = self.container.invoke(invocation)
        finally:
            gate.put(None)
        return _reply(outcome, time.monotonic() - started)

    def insist(self, request: Request) -> dict[str, Any]:
        """Make a request without any fault, and insist on an answer that lacks nothing."""
        reply = self.call(request)
        assert (reply.status in DONE, reply.degraded) == (True, ()), (reply.status, reply.body)
        return reply.body

    def chat(self, query: str = "How do I reset my password?", **fields: Any) -> Request:
        """Return a message of this customer's, which can be sent again."""
        body = {"query": query, "message_id": str(uuid.uuid4()), **self.proof, **fields}
        return self.request("POST", "/chat", body)

    def ticket(self) -> Request:
        """Return a ticket of this customer's, which can be posted again."""
        body = {
            "ticket_id": f"T-{uuid.uuid4().hex}",
            "customer_external_id": self.customer_id,
            "subject": "Parcel not arrived",
            "description": "Where is my order?",
        }
        return self.request("POST", "/tickets", body)

    def exchanges(self) -> list[dict[str, Any]]:
        """Return what is kept of the customer's conversations."""
        name = "customer-support-conversations"
        found = self._items(name, "customer_id", self.customer_id, IndexName="customer-timestamp")
        sessions = {item["session_id"] for item in found}
        return [item for session_id in sessions for item in self._items(name, "session_id", session_id)]

    def said(self) -> dict[str, Any]:
        """Say something in a conversation of its own; return what is kept of it."""
        self.insist(self.chat())
        return max(self.exchanges(), key=lambda item: item["timestamp"])

    def interactions(self) -> list[dict[str, Any]]:
        """Return what is logged of the customer."""
        return self._items("customer-interactions", "customer_id", self.customer_id)

    def tickets(self) -> list[dict[str, Any]]:
        """Return the customer's tickets."""
        name = "support-tickets"
        found = self._items(name, "customer_id", self.customer_id, IndexName="customer-created_at")
        return [item for each in found for item in self._items(name, "ticket_id", each["ticket_id"])]

    def mails(self) -> list[bytes]:
        """Return the mails about the customer's tickets, to them and to the team."""
        found = [path.read_bytes() for path in self.container.mail_folder.glob("*.eml")]
        ids = [ticket["ticket_id"].encode() for ticket in self.tickets()]
        return [mail for mail in found if any(each in mail for each in ids)]

    def _items(self, table: str, key: str, value: str, **more: str) -> list[dict[str, Any]]:
        found = self.container.table(table).query(KeyConditionExpression=Key(key).eq(value), **more)
        items: list[dict[str, Any]] = found["Items"]
        return items


def stream_record(item: Mapping[str, Any], image: str = "NewImage", sequence: str = "1") -> Request:
    """Return the call by which a new item of the conversations' table, or a deleted one, is counted."""
    of_item = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    change = {"SequenceNumber": sequence, image: of_item}
    return Request("count", {"Records": [{"eventName": "INSERT", "dynamodb": change}]})


def _reply(outcome: Outcome, seconds: float) -> Reply:
    if outcome.raised:
        return Reply(outcome.raised, {}, {}, outcome, seconds)
    answer = outcome.answer
    if not (isinstance(answer, dict) and "statusCode" in answer):
        return Reply(200, {}, {}, outcome, seconds)
    text = answer["body"]
    body = json.loads(text) if text.startswith("{") else {}
    return Reply(answer["statusCode"], body, answer["headers"], outcome, seconds)
