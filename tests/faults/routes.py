"""What the app is asked for: each route and each other function, in each way that leads to other calls.

A new route is a line in `ROUTES`, and some in promises.py: what is promised without its dependencies.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from chalicelib.domain.ticket import ERASED
from chalicelib.insight.counting import key_of
from devstack.aws.local_secrets import AGENT_TOKEN
from tests.faults import syncs
from tests.faults.world import DONE, Reply, Request, World, stream_record
from tests.lambda_events import message_event, token_event

PERSON = "I want to talk to a human"
GIVEN_UP_SECONDS = 10
"""Within what time a call that fails is given up, where there is no deadline over all."""
CHAT_SECONDS = 24.5
"""CHAT_DEADLINE_SECONDS, and what a busy machine adds."""
TWO_ATTEMPTS_SECONDS = 40
"""What the pause before the second attempt at an event adds."""
TICKET_SECONDS = 5
"""The ticketing system waits no longer."""
Prepare = Callable[[World], Request]
Check = Callable[[World, Request, Reply], None]


def nothing(_world: World, _request: Request, _reply: Reply) -> None:
    """Expect nothing to be kept."""


@dataclass(frozen=True)
class Route:
    """A way to ask the app.

    `prepare` brings the world to where the request makes sense. `kept` sees that what an answer promised is
    there, and once: after the fault, and after the same request again. `longest_seconds` is its deadline.
    """

    name: str
    prepare: Prepare
    kept: Check = nothing
    longest_seconds: float = GIVEN_UP_SECONDS


# How the world gets there.


def first_message(world: World) -> Request:
    return world.chat()


def progressive_message(world: World) -> Request:
    return world.chat(progressive=True)


def progressive_answer(world: World) -> Request:
    answer = world.insist(progressive_message(world))
    return world.request("GET", "/chat/pending/{message_id}", message_id=answer["message_id"])


def queued_ticket(world: World) -> Request:
    return Request("intake", message_event(_body(world.ticket())))


def message_again(world: World) -> Request:
    message = world.chat()
    world.insist(message)
    return message


def message_without_id(world: World) -> Request:
    return world.chat(message_id=None)


def wish_for_a_person(world: World) -> Request:
    return world.chat(PERSON)


def new_ticket(world: World) -> Request:
    return world.ticket()


def ticket_again(world: World) -> Request:
    ticket = world.ticket()
    world.insist(ticket)
    return ticket


def of_session(method: str, route: str, **body: Any) -> Prepare:
    """Ask about a conversation that has become a ticket."""

    def prepare(world: World) -> Request:
        answer = world.insist(world.chat(PERSON))
        sent = {"message_id": answer["message_id"], **body} if body else None
        return world.request(method, route, sent, session_id=answer["session_id"])

    return prepare


def reply_unread(world: World) -> Request:
    session_id, _ = with_an_agent(world)
    return world.request("GET", "/chat/{session_id}", session_id=session_id)


def link_in_a_mail(world: World) -> Request:
    opened = world.insist(world.chat(PERSON))
    token = world.sessions.link_token(opened["escalation"]["ticket_id"], datetime.now(timezone.utc))
    return world.request("POST", "/chat/open", {"token": token})


def of_ticket(method: str, route: str, body: dict[str, Any] | None = None) -> Prepare:
    """Ask about a ticket that a conversation has become."""

    def prepare(world: World) -> Request:
        ticket = world.insist(world.chat(PERSON))["escalation"]
        return world.request(method, route, body, ticket_id=ticket["ticket_id"])

    return prepare


def with_an_agent(world: World) -> tuple[str, Request]:
    """Let an agent reply to a conversation; return its session and the reply, which can be sent again."""
    opened = world.insist(world.chat(PERSON))
    ticket_id = opened["escalation"]["ticket_id"]
    body = {"message": "I'm here.", "reply_id": "r-1"}
    reply = world.request("POST", "/tickets/{ticket_id}/replies", body, ticket_id=ticket_id)
    world.insist(reply)
    return opened["session_id"], reply


def solved_ticket(world: World) -> Request:
    opened = world.insist(world.chat(PERSON))
    ticket_id = opened["escalation"]["ticket_id"]
    reply = {"message": "Choose Settings > Merge in the account that you keep.", "close": True}
    world.insist(world.request("POST", "/tickets/{ticket_id}/replies", reply, ticket_id=ticket_id))
    return world.request("POST", "/tickets/{ticket_id}/article", ticket_id=ticket_id)


def message_to_an_agent(world: World) -> Request:
    session_id, _ = with_an_agent(world)
    return world.chat("Where is it?", session_id=session_id)


def reply_again(world: World) -> Request:
    _, reply = with_an_agent(world)
    return reply


def of_customer(method: str, route: str) -> Prepare:
    """Ask about a customer who has a conversation that became a ticket."""

    def prepare(world: World) -> Request:
        world.insist(world.chat(PERSON))
        return world.request(method, route, external_id=world.customer_id)

    return prepare


def bare(method: str, route: str, **query: str) -> Prepare:
    """Ask without anything before it."""
    return lambda world: world.request(method, route, query=query)


def cold(prepare: Prepare) -> Prepare:
    """Let the request be the first of its container."""
    return lambda world: replace(prepare(world), is_cold=True)


# What has to be there.


def exchange_kept(world: World, request: Request, reply: Reply) -> None:
    message_id = _body(request)["message_id"]
    kept = [e for e in world.exchanges() if e["message_id"] == message_id]
    is_promised = reply.status == 200 and "storage" not in reply.degraded
    assert len(kept) == 1 if is_promised else len(kept) <= 1, kept
    assert len(world.interactions()) <= len(kept)


def wish_kept(world: World, request: Request, reply: Reply) -> None:
    exchange_kept(world, request, reply)
    is_promised = reply.status == 200 and "storage" not in reply.degraded
    assert reply.body["escalation"] or not is_promised
    assert len(world.tickets()) == 1 if is_promised else len(world.tickets()) <= 1


def ticket_kept(world: World, request: Request, reply: Reply) -> None:
    ids = [ticket["ticket_id"] for ticket in world.tickets()]
    assert ids == [_body(request)["ticket_id"]] if reply.status == 200 else len(ids) <= 1, ids
    assert len(world.interactions()) <= len(ids)


def queued_ticket_told(world: World, _request: Request, reply: Reply) -> None:
    tickets = world.tickets()
    assert len(tickets) <= 1
    assert reply.status != 200 or tickets[0]["is_enriched"]


def message_kept(world: World, request: Request, reply: Reply) -> None:
    is_promised = reply.status == 200 and "storage" not in reply.degraded
    kept = [e for e in world.exchanges() if e["message_id"] == _body(request)["message_id"]]
    assert len(kept) == 1 if is_promised else len(kept) <= 1, kept
    assert not is_promised or reply.body["handled_by"] == "agent"


def reply_kept(world: World, _request: Request, reply: Reply) -> None:
    kept = [e for e in world.exchanges() if "author" in e]
    assert len(kept) == 1 if reply.status == 200 else len(kept) <= 1, kept


def contact_kept(world: World, _request: Request, reply: Reply) -> None:
    (ticket,) = world.tickets()
    assert reply.status != 200 or "jo@example.com" in ticket["contact"]


def ticket_moved(world: World, _request: Request, reply: Reply) -> None:
    statuses = [ticket["status"] for ticket in world.tickets()]
    assert statuses == ["pending"] if reply.status == 200 else len(statuses) == 1, statuses


def session_erased(world: World, _request: Request, reply: Reply) -> None:
    (ticket,) = world.tickets()
    if reply.status == 204:
        assert (world.exchanges(), world.interactions(), ticket["subject"]) == ([], [], ERASED)


def customer_erased(world: World, _request: Request, reply: Reply) -> None:
    if reply.status == 200:
        assert (world.exchanges(), world.interactions(), world.tickets()) == ([], [], [])


def rating_kept(world: World, _request: Request, reply: Reply) -> None:
    (exchange,) = world.exchanges()
    assert reply.status != 200 or exchange["feedback"]


def opinion_kept(world: World, _request: Request, reply: Reply) -> None:
    (ticket,) = world.tickets()
    assert reply.status != 200 or ticket["feedback"]


def _newest_event(world: World) -> str:
    """Post a ticket; return the id of the event that this is."""
    world.insist(world.ticket())
    (event,) = world.insist(world.request("GET", "/events", query={"limit": "1"}))["events"]
    event_id: str = event["event_id"]
    return event_id


def event_again(world: World) -> Request:
    return world.request("POST", "/events/{event_id}/resend", event_id=_newest_event(world))


def event_to_tell(world: World) -> Request:
    return _telling(_newest_event(world))


def reply_to_mail(world: World) -> Request:
    with_an_agent(world)
    events = world.insist(world.request("GET", "/events", query={"limit": "1"}))["events"]
    return _telling(events[0]["event_id"])


def _telling(event_id: str) -> Request:
    record = {"eventName": "INSERT", "dynamodb": {"NewImage": {"event_id": {"S": event_id}}}}
    return Request("deliver", {"Records": [record]})


def mailed_once(world: World, _request: Request, _reply: Reply) -> None:
    assert len(world.mails()) <= 1


def exchange_to_count(world: World) -> Request:
    return stream_record(world.said())


def gap_to_count(world: World) -> Request:
    return stream_record(world.said() | {"unanswered": True})


def gap_erased(world: World) -> Request:
    asked = world.said() | {"unanswered": True}
    world.insist(stream_record(asked))
    return stream_record(asked, "OldImage", sequence="2")


def counted_once(world: World, request: Request, reply: Reply) -> None:
    image = request.event["Records"][0]["dynamodb"]["NewImage"]
    key = {"pk": "conversation", "sk": key_of(image["session_id"]["S"])}
    row = world.container.table("support-insights").get_item(Key=key).get("Item", {"version": 0})
    assert row["version"] == 1 or (row["version"] == 0 and reply.status not in DONE)


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.event["body"])
    return body


ROUTES = [
    Route("GET /", bare("GET", "/")),
    Route("GET /widget.js", bare("GET", "/widget.js")),
    Route("GET /libraries.js", bare("GET", "/libraries.js")),
    Route("GET /agent", bare("GET", "/agent")),
    Route("GET /agents/me", bare("GET", "/agents/me")),
    Route("GET /openapi.json", bare("GET", "/openapi.json")),
    Route("POST /chat", first_message, exchange_kept, CHAT_SECONDS),
    Route("POST /chat, sent again", message_again, exchange_kept, CHAT_SECONDS),
    Route("POST /chat, without message_id", message_without_id, nothing, CHAT_SECONDS),
    Route("POST /chat, for a person", wish_for_a_person, wish_kept, CHAT_SECONDS),
    Route("POST /chat, progressive", progressive_message, exchange_kept, CHAT_SECONDS),
    Route("GET /chat/pending/{message_id}", progressive_answer),
    Route("POST /chat, to an agent", message_to_an_agent, message_kept, CHAT_SECONDS),
    Route("POST /chat, cold", cold(first_message), exchange_kept, CHAT_SECONDS),
    Route("GET /chat/{session_id}", reply_unread),
    Route("POST /chat/open", link_in_a_mail),
    Route(
        "PUT /chat/{session_id}/contact",
        of_session("PUT", "/chat/{session_id}/contact", email="jo@example.com"),
        contact_kept,
    ),
    Route("DELETE /chat/{session_id}", of_session("DELETE", "/chat/{session_id}"), session_erased),
    Route(
        "POST /chat/{session_id}/feedback",
        of_session("POST", "/chat/{session_id}/feedback", rating="up"),
        rating_kept,
    ),
    Route("POST /tickets", new_ticket, ticket_kept, TICKET_SECONDS),
    Route("POST /tickets, sent again", ticket_again, ticket_kept, TICKET_SECONDS),
    Route("POST /tickets, cold", cold(new_ticket), ticket_kept, TICKET_SECONDS),
    Route("GET /tickets", bare("GET", "/tickets")),
    Route(
        "PATCH /tickets/{ticket_id}",
        of_ticket("PATCH", "/tickets/{ticket_id}", {"status": "pending"}),
        ticket_moved,
    ),
    Route(
        "POST /tickets/{ticket_id}/replies",
        of_ticket("POST", "/tickets/{ticket_id}/replies", {"message": "I'm here.", "reply_id": "r-1"}),
        reply_kept,
    ),
    Route("POST /tickets/{ticket_id}/replies, sent again", reply_again, reply_kept),
    Route(
        "POST /tickets/{ticket_id}/draft",
        of_ticket("POST", "/tickets/{ticket_id}/draft", {}),
        nothing,
        CHAT_SECONDS,
    ),
    Route("POST /tickets/{ticket_id}/article", solved_ticket, nothing, CHAT_SECONDS),
    Route(
        "GET /tickets/{ticket_id}/context",
        of_ticket("GET", "/tickets/{ticket_id}/context"),
        nothing,
        TICKET_SECONDS,
    ),
    Route(
        "POST /tickets/{ticket_id}/feedback",
        of_ticket("POST", "/tickets/{ticket_id}/feedback", {"helpful": True}),
        opinion_kept,
    ),
    Route(
        "DELETE /customers/{external_id}/data",
        of_customer("DELETE", "/customers/{external_id}/data"),
        customer_erased,
    ),
    Route("GET /health", cold(bare("GET", "/health", deep="1"))),
    Route("POST /kb/sync", syncs.ask_for_sync, syncs.change_covered),
    Route("GET /kb/sync", syncs.look_at_sync, syncs.change_covered),
    Route("documents_changed", syncs.upload, syncs.change_covered),
    Route("sweep", syncs.sweep, syncs.change_covered),
    Route("intake", queued_ticket, queued_ticket_told),
    Route("intake, cold", cold(queued_ticket), queued_ticket_told),
    Route("deliver", event_to_tell, mailed_once, TWO_ATTEMPTS_SECONDS),
    Route("deliver, a reply", reply_to_mail, mailed_once, TWO_ATTEMPTS_SECONDS),
    Route("deliver, a reply, cold", cold(reply_to_mail), mailed_once, TWO_ATTEMPTS_SECONDS),
    Route("count", exchange_to_count, counted_once),
    Route("count, a gap", gap_to_count, counted_once),
    Route("count, a gap erased", gap_erased),
    Route("GET /insights", bare("GET", "/insights")),
    Route("GET /events", bare("GET", "/events")),
    Route("POST /events/{event_id}/resend", event_again),
    Route("agent", cold(lambda _: Request("agent", token_event(AGENT_TOKEN)))),
]
