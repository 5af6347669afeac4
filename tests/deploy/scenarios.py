"""What the functions are asked to do, so that each call that they can make is made."""

import hashlib
import hmac
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from chalicelib.api.cors import PREFLIGHT, PROOF_HEADERS
from chalicelib.chat.sessions import Sessions
from chalicelib.tickets.desk import NewTicket
from devstack.aws.local_secrets import AGENT_TOKEN
from tests.lambda_events import (
    Event,
    api_event,
    message_event,
    object_event,
    schedule_event,
    token_event,
)

if TYPE_CHECKING:
    from chalicelib.services import Services

Invoke = Callable[[Event], Any]

DOCUMENT = ("llamas.md", "# Llama grooming\n\nLlama grooming costs 40 euros for each llama.\n")
"""A document without an address of its own, so that it is cited by a signed link."""
QUESTION = "How much does llama grooming cost?"
CUSTOMER = "CUST-1001"
TICKET = {"customer_external_id": CUSTOMER, "subject": "Llama", "description": QUESTION}
FOUND = {
    "customer_id": 1,
    "external_id": CUSTOMER,
    "name": "Ada",
    "email": "ada@example.com",
    "company": None,
    "tier": "standard",
    "lifetime_value": "12.50",
    "total_orders": 0,
    "recent_orders": [],
}
"""What the function `customers` answers to the others."""
SECONDS_FOR_A_JOB = 30


class Api:
    """The API's function, called as API Gateway calls it."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self.reached: set[tuple[str, str]] = set()

    def send(
        self,
        method: str,
        route: str,
        body: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request to a route, insist that it is done, and return the answer."""
        answer = self._invoke(api_event(method, route, body, path, query, headers))
        assert answer["statusCode"] < 300, (method, route, answer)
        self.reached.add((method, route))
        return json.loads(answer["body"]) if answer["body"].startswith("{") else None


def api_handler(invoke: Invoke) -> None:
    """Use every route, in every way that leads to a call of its own."""
    api = Api(invoke)
    api.send("GET", "/")
    api.send("GET", "/widget.js")
    api.send("GET", "/libraries.js")
    api.send("GET", "/agent")
    api.send("GET", "/openapi.json")
    # Here a function that starts may take longer than a look; another test sees that all is in reach.
    assert api.send("GET", "/health", query={"deep": "1"})["checks"]
    _sync(api)
    _chat(api)
    _progressive_chat(api)
    _tickets(api)
    _events(api)
    assert api.send("GET", "/insights")["days"] == 7
    _erase(api)
    _assert_all_routes_reached(api)


def _sync(api: Api) -> None:
    assert (answer := api.send("POST", "/kb/sync"))["status"] == "started", answer
    deadline = time.monotonic() + SECONDS_FOR_A_JOB
    while not (jobs := api.send("GET", "/kb/sync")["jobs"]) or jobs[0]["ended_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _chat(api: Api) -> None:
    first = api.send("POST", "/chat", {"query": QUESTION})
    assert "X-Amz-Signature" in first["citations"][0]["url"]
    session = {"session_id": first["session_id"]}
    again = {"query": "I want to talk to a person.", "message_id": "m-1", **session, **_proof()}
    for _ in range(2):
        opened = api.send("POST", "/chat", again)["escalation"]
    route = "/chat/{session_id}"
    proof = dict(zip(PROOF_HEADERS, _proof().values(), strict=False))
    assert api.send("GET", route, path=session, headers=proof)["messages"]
    _open_link(api, opened["ticket_id"], proof)
    rating = {"message_id": first["message_id"], "rating": "up"}
    api.send("POST", route + "/feedback", rating, session, headers=proof)
    contact = {"email": "ada@example.com"}
    api.send("PUT", route + "/contact", contact, session, headers=proof)
    api.send("DELETE", route, path=session, headers=proof)


def _progressive_chat(api: Api) -> None:
    message = {"message_id": str(uuid.uuid4())}
    api.send("POST", "/chat", {"query": QUESTION, "progressive": True, **message})
    assert api.send("GET", "/chat/pending/{message_id}", path=message)["done"]


def _open_link(api: Api, ticket_id: str, proof: Mapping[str, str]) -> None:
    sessions = Sessions(lambda: os.environ["TEST_APP_SECRET"], accept_made_up_ids=False)
    token = sessions.link_token(ticket_id, datetime.now(timezone.utc))
    assert api.send("POST", "/chat/open", {"token": token}, headers=proof)["session_id"]


def _tickets(api: Api) -> None:
    for _ in range(2):
        assert api.send("POST", "/tickets", {**TICKET, "ticket_id": "T-1"})["degraded"] == []
    assert api.send("GET", "/agents/me")["name"]
    assert api.send("GET", "/tickets")["tickets"]
    route, path = "/tickets/{ticket_id}", {"ticket_id": "T-1"}
    assert api.send("GET", route + "/context", path=path)["degraded"] == []
    api.send("POST", route + "/feedback", {"helpful": True}, path)
    api.send("PATCH", route, {"status": "pending"}, path)
    assert api.send("GET", "/tickets", query={"customer": CUSTOMER})["tickets"]
    assert api.send("POST", route + "/draft", {}, path)["degraded"] == []
    for _ in range(2):
        api.send(
            "POST",
            route + "/replies",
            {"message": "A replacement costs 40 euros, with delivery.", "reply_id": "r-1"},
            path,
        )
    api.send("PATCH", route, {"status": "closed"}, path)
    api.send("POST", route + "/article", path=path)


def _events(api: Api) -> None:
    (event, *_) = api.send("GET", "/events", query={"limit": "1"})["events"]
    api.send("POST", "/events/{event_id}/resend", path={"event_id": event["event_id"]})


def _erase(api: Api) -> None:
    api.send("POST", "/chat", {"query": QUESTION, **_proof()})
    api.send("DELETE", "/customers/{external_id}/data", path={"external_id": CUSTOMER})


def _assert_all_routes_reached(api: Api) -> None:
    import app as app_module  # loaded by now, with its calls being noted

    routes = {(method, path) for path, methods in app_module.app.routes.items() for method in methods}
    assert {(method, path) for method, path in routes if method not in (PREFLIGHT, "HEAD")} == api.reached


def _proof() -> dict[str, str]:
    proof = hmac.new(os.environ["TEST_APP_SECRET"].encode(), CUSTOMER.encode(), hashlib.sha256)
    return {"customer_id": CUSTOMER, "customer_hash": proof.hexdigest()}


def agent(invoke: Invoke) -> None:
    """Let an agent in."""
    assert invoke(token_event(AGENT_TOKEN))["principalId"] != "nobody"


def documents_changed(invoke: Invoke) -> None:
    """Notice a new document, at a time when a job can be started for it."""
    invoke(object_event(os.environ["DOCUMENTS_BUCKET"], DOCUMENT[0]))


def sweep(invoke: Invoke) -> None:
    """Do what the minute brings: start a job that is due, or note how one has ended."""
    invoke(schedule_event())


def deliver(invoke: Invoke) -> None:
    """Tell others of an event that waits, by mail too, as the table's stream has it done."""
    image = {"event_id": {"S": os.environ["TEST_EVENT_ID"]}}
    invoke({"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": image}}]})


def count(invoke: Invoke) -> None:
    """Count a message that was not answered, and that it is erased, as the table's stream has it done."""
    texts = {"session_id": "s", "message_id": "m-1", "question": QUESTION, "answer": "No."}
    texts |= {"citations": "[]", "usage": "{}", "guardrail": '{"intervened": false, "reasons": []}'}
    image = {**{name: {"S": text} for name, text in texts.items()}, "degraded": {"L": []}}
    image |= {"unanswered": {"BOOL": True}, "timestamp": {"N": "1795176000000"}, "ttl": {"N": "1795176000"}}
    for sequence, name in (("1", "NewImage"), ("2", "OldImage")):
        invoke({"Records": [{"dynamodb": {"SequenceNumber": sequence, name: image}}]})


def intake(invoke: Invoke) -> None:
    """Take in a ticket from the queue, twice."""
    for _ in range(2):
        invoke(message_event({**TICKET, "ticket_id": "T-2"}))


def customers(invoke: Invoke) -> None:
    """Find a customer for the other functions."""
    assert invoke({"external_id": CUSTOMER})["name"]


def migrate(invoke: Invoke) -> None:
    """Look for migrations of a database that has them all."""
    assert invoke({}) == {"applied": []}


def _take_back(services: "Services") -> None:
    """Do what a turn does that is erased when it was just handed over, and one that is over a limit."""
    ticket = services.tickets.receive(NewTicket(CUSTOMER, "Llama", QUESTION)).ticket
    services.ticket_store.take_back(ticket)
    services.counting.refuse("s", "caller", None)


def _erase_again(services: "Services") -> None:
    """Do what becomes of a ticket whose customer was erased when it had just been kept."""
    assert len(services.ticket_store.erase(["T-2"])) == 1


AT_THE_RIGHT_MOMENT: dict[str, Callable[["Services"], None]] = {
    "api_handler": _take_back,
    "intake": _erase_again,
}
"""What no event leads to by itself, by the function that does it, after its scenario."""
SCENARIOS: dict[str, Callable[[Invoke], None]] = {
    each.__name__: each
    for each in (api_handler, agent, documents_changed, sweep, deliver, count, intake, customers, migrate)
}
