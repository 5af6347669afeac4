"""A ticket as DynamoDB holds it, and the way there and back."""

import json
from dataclasses import asdict
from typing import Any, cast

from pynamodb.attributes import JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from chalicelib.answers import require
from chalicelib.domain.conversation import HandOverReason
from chalicelib.domain.ticket import (
    Ticket,
    TicketChannel,
    TicketFeedback,
    TicketPriority,
    TicketStatus,
    TicketSummary,
)
from chalicelib.stores.dynamodb import Reach, complete
from chalicelib.times import from_iso, from_millis, iso, to_millis


class CustomerIndex(GlobalSecondaryIndex["TicketItem"]):  # type: ignore[no-untyped-call]
    """What a summary needs of a customer's tickets, by time; those without a customer are not in it."""

    class Meta:
        index_name = "customer-created_at"
        projection = IncludeProjection(["status", "subject", "ttl"])

    customer_id = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class StatusIndex(GlobalSecondaryIndex["TicketItem"]):  # type: ignore[no-untyped-call]
    """The tickets of a status by time."""

    class Meta:
        index_name = "status-listed_at"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class TicketItem(Model):
    """The item; `listed_at` is time and id: unique, so that a list has an order, and fit for a URL."""

    class Meta(Reach):
        table_name = "support-tickets"

    customer_index = CustomerIndex()
    status_index = StatusIndex()

    ticket_id = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute()
    listed_at = UnicodeAttribute()
    status = UnicodeAttribute()
    channel = UnicodeAttribute()
    priority = UnicodeAttribute()
    subject = UnicodeAttribute()
    description = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    external_ticket_id = UnicodeAttribute(null=True)
    # As JSON text, because DynamoDB's own numbers have 38 digits at most and no floating point.
    metadata = JSONAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    feedback: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    ttl = NumberAttribute()


def to_item(ticket: Ticket, ttl: int) -> TicketItem:
    """Return the item of a ticket; `ttl` is when it expires, in seconds since 1970."""
    created_at = iso(ticket.created_at)
    return TicketItem(
        ticket.ticket_id,
        created_at=created_at,
        listed_at=f"{to_millis(ticket.created_at):014}.{ticket.ticket_id}",
        status=ticket.status,
        channel=ticket.channel,
        priority=ticket.priority,
        subject=ticket.subject,
        description=ticket.description,
        reason=ticket.reason,
        customer_id=ticket.customer_id,
        session_id=ticket.session_id,
        external_ticket_id=ticket.external_ticket_id,
        metadata=dict(ticket.metadata) or None,
        fingerprint=ticket.fingerprint,
        feedback=list(map(feedback_text, ticket.feedback)) or None,
        ttl=ttl,
    )


def from_item(item: TicketItem) -> Ticket:
    """Return the ticket of an item. Raises ValueError, TypeError."""
    complete(item)
    return Ticket(
        ticket_id=item.ticket_id,
        created_at=from_iso(item.created_at),
        status=cast("TicketStatus", item.status),
        channel=cast("TicketChannel", item.channel),
        priority=cast("TicketPriority", item.priority),
        subject=item.subject,
        description=item.description,
        reason=cast("HandOverReason | None", item.reason),
        customer_id=item.customer_id,
        session_id=item.session_id,
        external_ticket_id=item.external_ticket_id,
        metadata=item.metadata or {},
        fingerprint=item.fingerprint,
        feedback=tuple(map(_feedback, item.feedback or ())),
    )


def summary_of(item: TicketItem) -> TicketSummary:
    """Return the summary of an item, which may come from the index by customer. Raises TypeError."""
    return TicketSummary(
        ticket_id=require(item.ticket_id, str),
        created_at=from_iso(item.created_at),
        status=cast("TicketStatus", require(item.status, str)),
        subject=require(item.subject, str),
    )


def feedback_text(feedback: TicketFeedback) -> str:
    """Return feedback as it is kept in a ticket: JSON, which DynamoDB can tell from another one."""
    values = {**asdict(feedback), "timestamp": to_millis(feedback.timestamp)}
    return json.dumps(values, ensure_ascii=False)


def _feedback(text: str) -> TicketFeedback:
    values = json.loads(text)
    return TicketFeedback(**{**values, "timestamp": from_millis(values["timestamp"])})
