"""What agents and ticketing systems may send, and what they get back: our types as the API's JSON."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints, TypeAdapter

from chalicelib.api.chat import messages
from chalicelib.api.fields import NOT_BLANK, TEXT, Comment, ExternalId, Identifier, Label, Metadata, Moment
from chalicelib.api.parsing import Body, Query
from chalicelib.chat.citations import snippet
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.domain.customer import CustomerContext, Order
from chalicelib.domain.ticket import (
    Ticket,
    TicketChannel,
    TicketFeedback,
    TicketPage,
    TicketPriority,
    TicketStatus,
)
from chalicelib.tickets.desk import NewTicket, Received, TicketView
from chalicelib.tickets.erasure import Erased
from chalicelib.times import iso

MAX_SUBJECT_CHARS = 300
MAX_DESCRIPTION_CHARS = 20_000
MAX_PAGE_TICKETS = 100
LISTED_AT = r"^[0-9]{14}\.[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
"""A ticket's place in a list, milliseconds and id: anything else would silently be before or after all."""
EXTERNAL_ID = TypeAdapter(ExternalId)


class TicketRequest(Body):
    """The body of POST /tickets."""

    customer_external_id: ExternalId
    subject: Annotated[str, Field(max_length=MAX_SUBJECT_CHARS), TEXT, NOT_BLANK]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS), TEXT, NOT_BLANK]
    ticket_id: Identifier | None = None
    external_ticket_id: Label | None = None
    channel: TicketChannel | None = None
    priority: TicketPriority | None = None
    metadata: Metadata = Field(default_factory=dict)
    created_at: Moment = None

    def ticket(self) -> NewTicket:
        """Return the ticket that was posted."""
        return NewTicket(**dict(self))


class TicketFeedbackRequest(Body):
    """The body of POST /tickets/{ticket_id}/feedback; `source` is what of the answer it is about."""

    helpful: bool
    source: Label | None = None
    comment: Comment | None = None

    def feedback(self, now: datetime) -> TicketFeedback:
        """Return the feedback that was given."""
        return TicketFeedback(self.helpful, self.source, self.comment, now)


class TicketMove(Body):
    """The body of PATCH /tickets/{ticket_id}."""

    status: TicketStatus


class TicketsQuery(Query):
    """The query of GET /tickets."""

    status: TicketStatus | None = None
    limit: int = Field(20, ge=1, le=MAX_PAGE_TICKETS)
    before: Annotated[str, StringConstraints(pattern=LISTED_AT)] | None = None


def ticket_received(received: Received) -> dict[str, Any]:
    """Return the answer of POST /tickets."""
    return {
        "ticket_id": received.ticket.ticket_id,
        "status": "received",
        "customer_context": _customer_context(received.context),
        "kb_suggestions": _suggestions(received.suggestions),
        "processing_time_ms": round(received.seconds * 1000),
        "degraded": list(received.degraded),
    }


def tickets_answer(page: TicketPage) -> dict[str, Any]:
    """Return the answer of GET /tickets; `next` goes into `before` for what is older."""
    return {"tickets": [ticket_answer(each) for each in page.tickets], "next": page.next}


def ticket_answer(ticket: Ticket) -> dict[str, Any]:
    """Return one ticket, without its session id, by which the conversation can be read and erased."""
    return {
        "ticket_id": ticket.ticket_id,
        "external_ticket_id": ticket.external_ticket_id,
        "customer_external_id": ticket.customer_id,
        "status": ticket.status,
        "channel": ticket.channel,
        "priority": ticket.priority,
        "subject": ticket.subject,
        "description": ticket.description,
        "reason": ticket.reason,
        "metadata": dict(ticket.metadata),
        "created_at": iso(ticket.created_at),
    }


def ticket_context(view: TicketView) -> dict[str, Any]:
    """Return the answer of GET /tickets/{ticket_id}/context."""
    feedback = [{**asdict(each), "timestamp": iso(each.timestamp)} for each in view.ticket.feedback]
    return {
        "ticket": ticket_answer(view.ticket),
        "customer_context": _customer_context(view.context),
        "kb_suggestions": _suggestions(view.suggestions),
        "transcript": _transcript(view.transcript),
        "feedback": feedback,
        "degraded": list(view.degraded),
    }


def customer_erased(external_id: str, erased: Erased) -> dict[str, Any]:
    """Return the answer of DELETE /customers/{external_id}/data."""
    return {"external_id": external_id, "erased": asdict(erased)}


def _transcript(exchanges: Iterable[Exchange] | None) -> list[dict[str, Any]] | None:
    """Return the messages without their ids: that of the first one may lead into the session."""
    if exchanges is None:
        return None
    return [{k: v for k, v in each.items() if k != "message_id"} for each in messages(exchanges)]


def _customer_context(context: CustomerContext | None) -> dict[str, Any] | None:
    if context is None:
        return None
    customer, last = context.customer, context.last_interaction
    return {
        "customer_id": customer.customer_id,
        "external_id": customer.external_id,
        "name": customer.name,
        "email": customer.email,
        "company": customer.company,
        "tier": customer.tier,
        "lifetime_value": float(customer.lifetime_value),
        "total_orders": customer.total_orders,
        "recent_orders": [_order(order) for order in customer.recent_orders],
        "open_tickets": context.open_tickets,
        "avg_sentiment": context.avg_sentiment,
        "last_interaction": iso(last) if last else None,
        "is_high_value": context.is_high_value,
        "churn_risk": context.churn_risk,
    }


def _order(order: Order) -> dict[str, Any]:
    return {**asdict(order), "order_date": iso(order.order_date), "total_amount": float(order.total_amount)}


def _suggestions(passages: Iterable[Passage]) -> list[dict[str, Any]]:
    return [{"title": p.title, "url": p.url, "snippet": snippet(p.text), "score": p.score} for p in passages]
