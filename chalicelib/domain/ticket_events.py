"""What others hear of a ticket: the events that follow from a change of it, with what each tells.

An event never holds a session id, which is a key to the conversation.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.conversation import Exchange, Feedback
from chalicelib.domain.event import Event, EventType
from chalicelib.domain.ticket import Ticket

TOLD_CHANGES = ("status", "assignee", "priority", "customer_feedback")


def subject_of(ticket_id: str) -> str:
    """Return the subject of a ticket's events; its numbers are the ticket's own."""
    return f"ticket#{ticket_id}"


def created(ticket: Ticket, at: datetime) -> Event:
    """Return the event of a ticket that came in; it has the ticket's newest number."""
    content = {name: getattr(ticket, name) for name in ("channel", "reason", "subject", "description")}
    return _event("ticket.created", ticket, ticket.newest_event, at, {**content, "contact": _contact(ticket)})


def updated(before: Ticket, after: Ticket, at: datetime) -> list[Event]:
    """Return the event of a ticket's change, none where nothing changed that others are told of."""
    changed = [name for name in TOLD_CHANGES if getattr(before, name) != getattr(after, name)]
    if not changed:
        return []
    content: dict[str, Any] = {"changed": changed}
    if "customer_feedback" in changed:
        content["customer_feedback"] = _feedback(after.customer_feedback)
    return [_event("ticket.updated", after, before.newest_event + 1, at, content)]


def enriched(ticket: Ticket, found: Mapping[str, Any], at: datetime) -> Event:
    """Return the event of what was found for a ticket."""
    return _event("ticket.enriched", ticket, ticket.newest_event + 1, at, found)


def said(ticket: Ticket, exchange: Exchange, closes: bool) -> list[Event]:
    """Return the events of what an agent replies, or of what a customer writes to one."""
    after = replace(ticket, status="closed") if closes else ticket
    number, at = ticket.newest_event + 1, exchange.timestamp
    if not exchange.author:
        message = {"message_id": exchange.message_id, "message": exchange.question}
        return [_event("ticket.message", after, number, at, message)]
    reply = {
        "reply_id": exchange.message_id,
        "author": exchange.author,
        "message": exchange.answer,
        "contact": _contact(ticket),
    }
    told = _event("ticket.replied", after, number, at, reply)
    return [told, *updated(replace(ticket, newest_event=number), after, at)]


def _contact(ticket: Ticket) -> dict[str, str | None] | None:
    return asdict(ticket.contact) if ticket.contact else None


def _feedback(given: Feedback | None) -> dict[str, str | None] | None:
    return {"rating": given.rating, "comment": given.comment} if given else None


def _event(kind: EventType, ticket: Ticket, number: int, at: datetime, data: Mapping[str, Any]) -> Event:
    known = {
        "ticket_id": ticket.ticket_id,
        "external_ticket_id": ticket.external_ticket_id,
        "customer_external_id": ticket.customer_id,
        "status": ticket.status,
        "priority": ticket.priority,
        "assignee": ticket.assignee,
    }
    return Event(kind, subject_of(ticket.ticket_id), number, at, {**known, **data})
