"""What agents and ticketing systems may send, and what they get back: our types as the API's JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter

from chalicelib.api.chat import citations, contact_answer, transcript, usage
from chalicelib.api.fields import (
    NOT_BLANK,
    TEXT,
    Comment,
    ExternalId,
    Identifier,
    Label,
    Metadata,
    Moment,
    Name,
)
from chalicelib.api.parsing import STRICT, Body, Query, at_least_one_of
from chalicelib.chat.search_query import ticket_queries
from chalicelib.chat.snippets import snippet
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.domain.customer import CustomerContext, Order
from chalicelib.domain.ticket import (
    Ticket,
    TicketChange,
    TicketChannel,
    TicketFeedback,
    TicketFilter,
    TicketPage,
    TicketPriority,
    TicketStatus,
)
from chalicelib.errors import BadInput, FieldProblem
from chalicelib.tickets.articles import Article
from chalicelib.tickets.desk import NewTicket, Received, TicketView
from chalicelib.tickets.drafts import Draft
from chalicelib.tickets.erasure import Erased
from chalicelib.tickets.replies import NewReply
from chalicelib.times import iso

if TYPE_CHECKING:
    from chalicelib.api.answers import tickets as answers

MAX_SUBJECT_CHARS = 300
MAX_DESCRIPTION_CHARS = 20_000
MAX_REPLY_CHARS = 20_000
MAX_PAGE_TICKETS = 100
LISTED_AT = r"^[0-9]{14}\.[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
"""A ticket's place in a list, milliseconds and id: anything else would silently be before or after all."""
ANY_CHANGE: dict[str, Any] = at_least_one_of("status", "priority")
ANY_CHANGE["anyOf"].append({"required": ["assignee"]})
EXTERNAL_ID = TypeAdapter(ExternalId, config=ConfigDict(defer_build=True))


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


class TicketChangeRequest(Body):
    """The body of PATCH /tickets/{ticket_id}; an assignee of null is nobody."""

    model_config = ConfigDict(**STRICT, json_schema_extra=ANY_CHANGE)

    status: TicketStatus | None = None
    """Where the ticket stands; closing it gives its conversation back to the assistant."""
    assignee: Name | None = None
    """Whose it is; null for nobody."""
    priority: TicketPriority | None = None
    """How urgent it is."""

    def change(self) -> TicketChange:
        """Return the change that is asked for. Raises BadInput where there is none."""
        is_freed = "assignee" in self.model_fields_set and not self.assignee
        change = TicketChange(self.status, "" if is_freed else self.assignee, self.priority)
        if change == TicketChange():
            raise BadInput(FieldProblem("body", "changes nothing; send status, assignee or priority"))
        return change


class ReplyRequest(Body):
    """The body of POST /tickets/{ticket_id}/replies."""

    model_config = STRICT

    message: Annotated[str, Field(max_length=MAX_REPLY_CHARS), TEXT, NOT_BLANK]
    """What the customer reads, as Markdown."""
    reply_id: Identifier | None = None
    """An id of yours for the reply; the same id and message again is the same reply."""
    close: bool | None = None
    """Whether the ticket is closed with this reply."""

    def reply(self, author: str) -> NewReply:
        """Return the reply that was sent."""
        return NewReply(author, self.message, self.reply_id, bool(self.close))


class DraftRequest(Body):
    """The body of POST /tickets/{ticket_id}/draft."""

    model_config = STRICT

    instruction: Comment | None = None
    """What the draft should do, such as `offer a replacement` or `in German`."""


class TicketsQuery(Query):
    """The query of GET /tickets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: TicketStatus | None = None
    """Only tickets of this status."""
    customer: ExternalId | None = None
    """Only tickets of this customer, by their external id."""
    assignee: Label | None = None
    """Only tickets of this assignee."""
    limit: int = Field(20, ge=1, le=MAX_PAGE_TICKETS)
    """How many tickets at the most."""
    before: Annotated[str, StringConstraints(pattern=LISTED_AT)] | None = None
    """The `next` of an earlier answer: what is older than that page."""

    @property
    def wanted(self) -> TicketFilter:
        """Which tickets are asked for."""
        return TicketFilter(self.status, self.customer, self.assignee)


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
        "assignee": ticket.assignee,
        "contact": contact_answer(ticket.contact) if ticket.contact else None,
        "subject": ticket.subject,
        "description": ticket.description,
        "reason": ticket.reason,
        "metadata": dict(ticket.metadata),
        "created_at": iso(ticket.created_at),
        "handled_by": ticket.handled_by,
        "last_message_at": _iso_or_none(ticket.last_message_at),
        "last_reply_at": _iso_or_none(ticket.last_reply_at),
    }


def reply_answer(reply: Exchange) -> "answers.ReplySent":
    """Return the answer of POST /tickets/{ticket_id}/replies."""
    return {"reply_id": reply.message_id, "timestamp": iso(reply.timestamp)}


def draft_answer(draft: Draft) -> "answers.Draft":
    """Return the answer of POST /tickets/{ticket_id}/draft."""
    return {
        "draft": draft.text,
        "citations": citations(draft.citations),
        "missing": list(draft.missing),
        "usage": usage(draft.usage),
        "degraded": list(draft.degraded),
    }


def article_answer(article: Article) -> "answers.Article":
    """Return the answer of POST /tickets/{ticket_id}/article."""
    attributes: answers.SidecarAttributes = {"title": article.title}
    if article.access is not None:
        attributes["access"] = list(article.access)
    return {
        "title": article.title,
        "markdown": article.markdown,
        "sidecar": {"metadataAttributes": attributes},
        "usage": usage(article.usage),
    }


def ticket_context(view: TicketView) -> "answers.TicketContext":
    """Return the answer of GET /tickets/{ticket_id}/context."""
    return {
        "ticket": ticket_answer(view.ticket),
        "customer_context": _customer_context(view.context),
        "kb_suggestions": _suggestions(view.suggestions, view.ticket),
        "transcript": None if view.transcript is None else transcript(view.transcript),
        "feedback": [_feedback(each) for each in view.ticket.all_feedback],
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


def _feedback(feedback: TicketFeedback) -> "answers.TicketFeedback":
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
        "customer_id": customer.customer_id if customer else None,
        "external_id": context.external_id,
        "name": customer.name if customer else None,
        "email": customer.email if customer else None,
        "company": customer.company if customer else None,
        "tier": customer.tier if customer else None,
        "lifetime_value": float(customer.lifetime_value) if customer else None,
        "total_orders": customer.total_orders if customer else None,
        "recent_orders": [_order(order) for order in customer.recent_orders] if customer else [],
        "open_tickets": context.open_tickets,
        "avg_sentiment": context.avg_sentiment,
        "last_interaction": _iso_or_none(last),
        "is_high_value": context.is_high_value,
        "churn_risk": context.churn_risk,
    }


def _iso_or_none(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


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
    return [_suggestion(passage, asked) for passage in passages]


def _suggestion(passage: Passage, asked: str) -> "answers.Suggestion":
    suggestion: answers.Suggestion = {
        "title": passage.title,
        "url": passage.url,
        "snippet": snippet(passage.text, asked),
        "score": passage.score,
    }
    if passage.access is not None:
        suggestion["access"] = list(passage.access)
    return suggestion
