"""The tickets: cases for a person, of the chat and of the ticketing system."""

from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.models import HandOverReason, Ticket
from chalicelib.stores.dynamodb import CONDITION_FAILED, Reach, expiry, reaching
from chalicelib.times import from_iso, iso

STORE = "tickets"


class TicketItem(Model):
    """A ticket as DynamoDB holds it; without a customer it is not in the index by customer."""

    class Meta(Reach):
        table_name = "support-tickets"

    ticket_id = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute()
    status = UnicodeAttribute()
    channel = UnicodeAttribute()
    priority = UnicodeAttribute()
    subject = UnicodeAttribute()
    description = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class Tickets:
    """Writes tickets."""

    def __init__(self, retention_days: int) -> None:
        self._retention_days = retention_days

    def add(self, ticket: Ticket) -> Ticket:
        """Store a ticket unless its id is taken; return the one that has the id now. Raises Unavailable."""
        item = TicketItem(
            ticket.ticket_id,
            created_at=iso(ticket.created_at),
            status=ticket.status,
            channel=ticket.channel,
            priority=ticket.priority,
            subject=ticket.subject,
            description=ticket.description,
            reason=ticket.reason,
            customer_id=ticket.customer_id,
            session_id=ticket.session_id,
            ttl=expiry(ticket.created_at, self._retention_days),
        )
        with reaching(STORE):
            try:
                item.save(condition=TicketItem.ticket_id.does_not_exist())
            except PutError as error:
                if error.cause_response_code != CONDITION_FAILED:
                    raise
                return _ticket(TicketItem.get(ticket.ticket_id, consistent_read=True))
        return ticket

    def erase_text(self, ticket_id: str, notice: str) -> None:
        """Replace a ticket's subject and description by a notice; the case stays. Raises Unavailable."""
        actions: list[Action] = [TicketItem.subject.set(notice), TicketItem.description.set(notice)]
        with reaching(STORE):
            try:
                TicketItem(ticket_id).update(actions, condition=TicketItem.ticket_id.exists())
            except UpdateError as error:
                if error.cause_response_code != CONDITION_FAILED:
                    raise


def _ticket(item: TicketItem) -> Ticket:
    return Ticket(
        ticket_id=item.ticket_id,
        created_at=from_iso(item.created_at),
        status=item.status,
        channel=item.channel,
        priority=item.priority,
        subject=item.subject,
        description=item.description,
        reason=cast("HandOverReason | None", item.reason),
        customer_id=item.customer_id,
        session_id=item.session_id,
    )
