"""What agents and ticketing systems may send, and what they get back: our types as the API's JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints, TypeAdapter

from chalicelib.api.chat import transcript
from chalicelib.api.fields import NOT_BLANK, TEXT, Comment, ExternalId, Identifier, Label, Metadata, Moment
from chalicelib.api.parsing import Body, Query
from chalicelib.chat.search_query import ticket_queries
from chalicelib.chat.snippets import snippet
from chalicelib.domain.conversation import Passage
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

if TYPE_CHECKING:
    from chalicelib.api.answers import tickets as answers

MAX_SUBJECT_CHARS = 300
MAX_DESCRIPTION_CHARS = 20_000
MAX_PAGE_TICKETS = 100
LISTED_AT = r"^[0-9]{14}\.[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
"""A ticket's place in a list, milliseconds and id: anything else would silently be before or after all."""
EXTERNAL_ID = TypeAdapter(ExternalId)


class TicketRequest(Body):
    """The body of POST /tickets."""

    customer_external_id: ExternalId
    """How your own systems name the customer."""
    subject: Annotated[str, Field(max_length=MAX_SUBJECT_CHARS), TEXT, NOT_BLANK]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS), TEXT, NOT_BLANK]
    """What the customer wants, best in their own words: the suggestions are found by it."""
    ticket_id: Identifier | None = None
    """An id of yours, which makes a retry safe: the same id and body again are the same ticket."""
    external_ticket_id: Label | None = None
    """How your ticketing system calls the ticket."""
    channel: TicketChannel | None = None
    """Where the customer wrote; `web` if left out."""
    priority: TicketPriority | None = None
    """`medium` if left out."""
    metadata: Metadata = Field(default_factory=dict)
    """Anything of yours, to be given back with the ticket."""
    created_at: Moment = None
    """When the ticket came in, at most a day ahead; now if left out."""

    def ticket(self) -> NewTicket:
        """Return the ticket that was posted."""
        return NewTicket(**dict(self))


class TicketFeedbackRequest(Body):
    """The body of POST /tickets/{ticket_id}/feedback; `source` is what of the answer it is about."""

    helpful: bool
    source: Label | None = None
    """What of the answer it is about."""
    comment: Comment | None = None

    def feedback(self, now: datetime) -> TicketFeedback:
        """Return the feedback that was given."""
        return TicketFeedback(self.helpful, self.source, self.comment, now)


class TicketMove(Body):
    """The body of PATCH /tickets/{ticket_id}."""

    status: TicketStatus
    """Where the ticket stands in your system."""


class TicketsQuery(Query):
    """The query of GET /tickets."""

    status: TicketStatus | None = None
    """Only tickets of this status."""
    limit: int = Field(20, ge=1, le=MAX_PAGE_TICKETS)
    """How many tickets at the most."""
    before: Annotated[str, StringConstraints(pattern=LISTED_AT)] | None = None
    """The `next` of an earlier answer: what is older than that page."""


def ticket_received(received: Received) -> "answers.TicketReceived":
    """Return the answer of POST /tickets."""
    return {
        "ticket_id": received.ticket.ticket_id,
        "status": "received",
        "customer_context": _customer_context(received.context),
        "kb_suggestions": _suggestions(received.suggestions, received.ticket),
        "processing_time_ms": round(received.seconds * 1000),
        "degraded": list(received.degraded),
    }


def tickets_answer(page: TicketPage) -> "answers.Tickets":
    """Return the answer of GET /tickets; `next` goes into `before` for what is older."""
    return {"tickets": [ticket_answer(each) for each in page.tickets], "next": page.next}


def ticket_answer(ticket: Ticket) -> "answers.Ticket":
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


def ticket_context(view: TicketView) -> "answers.TicketContext":
    """Return the answer of GET /tickets/{ticket_id}/context."""
    return {
        "ticket": ticket_answer(view.ticket),
        "customer_context": _customer_context(view.context),
        "kb_suggestions": _suggestions(view.suggestions, view.ticket),
        "transcript": None if view.transcript is None else transcript(view.transcript),
        "feedback": [_feedback(each) for each in view.ticket.feedback],
        "degraded": list(view.degraded),
    }


def customer_erased(external_id: str, erased: Erased) -> "answers.CustomerErased":
    """Return the answer of DELETE /customers/{external_id}/data."""
    return {
        "external_id": external_id,
        "erased": {
            "chats": erased.chats,
            "exchanges": erased.exchanges,
            "interactions": erased.interactions,
            "tickets": erased.tickets,
            "feedback": erased.feedback,
        },
    }


def _feedback(feedback: TicketFeedback) -> "answers.AgentFeedback":
    return {
        "helpful": feedback.helpful,
        "source": feedback.source,
        "comment": feedback.comment,
        "timestamp": iso(feedback.timestamp),
    }


def _customer_context(context: CustomerContext | None) -> "answers.CustomerContext | None":
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


def _order(order: Order) -> "answers.Order":
    return {
        "order_number": order.order_number,
        "order_date": iso(order.order_date),
        "status": order.status,
        "total_amount": float(order.total_amount),
        "currency": order.currency,
        "items": order.items,
    }


def _suggestions(passages: Iterable[Passage], ticket: Ticket) -> "list[answers.Suggestion]":
    asked = "\n".join(ticket_queries(ticket))
    return [
        {"title": p.title, "url": p.url, "snippet": snippet(p.text, asked), "score": p.score}
        for p in passages
    ]
