"""The tickets: cases for a person, of the chat and of the ticketing system."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import get_args

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.ticket import Ticket, TicketFeedback, TicketPage, TicketStatus, TicketSummary
from chalicelib.errors import Unavailable, UnknownTicket
from chalicelib.stores.dynamodb import expiry, reaching, wrote
from chalicelib.stores.ticket_item import TicketItem, feedback_text, from_item, summary_of, to_item
from chalicelib.times import to_millis

STORE = "tickets"
STATUSES: tuple[TicketStatus, ...] = get_args(TicketStatus)
MAX_FEEDBACK = 20
"""How many a ticket keeps, the newest: an item must stay below DynamoDB's 400 KB."""
TRIES = 20


class Tickets:
    """Reads and writes tickets; expired ones are not there, even before DynamoDB deletes them.

    A ticket is kept from when it came in, whatever `created_at` its sender gave it. Lists come from
    indexes, which follow a write within moments.
    """

    def __init__(self, retention_days: int, clock: Callable[[], datetime]) -> None:
        self._retention_days = retention_days
        self._clock = clock

    def add(self, ticket: Ticket) -> Ticket:
        """Store a ticket unless its id is taken; return the one that has the id now. Raises Unavailable."""
        item = to_item(ticket, expiry(self._clock(), self._retention_days))
        free = TicketItem.ticket_id.does_not_exist() | (TicketItem.ttl <= self._now_seconds())
        with reaching(STORE):
            if not wrote(item.save, condition=free):
                item = TicketItem.get(ticket.ticket_id, consistent_read=True)
            return from_item(item)

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket. Raises UnknownTicket, Unavailable."""
        return self._read(ticket_id)

    def page(self, status: TicketStatus | None, limit: int, before: str | None) -> TicketPage:
        """Return tickets of a status or of all, newest first.

        `before` is the `next` of the page before this one, None at first. Raises Unavailable.
        """
        # A ticket whose status changes between two queries may be in both: it has one key here.
        found: dict[str, Ticket] = {}
        for one in [status] if status else STATUSES:
            found |= self._newest(one, limit + 1, before)
        places = sorted(found, reverse=True)
        tickets = tuple(found[place] for place in places[:limit])
        return TicketPage(tickets, places[limit - 1] if len(places) > limit else None)

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return a customer's tickets that are not closed, newest first. Raises Unavailable."""
        return self._of(customer_id, (TicketItem.status != "closed") & self._alive())

    def everything(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return all tickets of a customer, expired ones too, newest first. Raises Unavailable."""
        return self._of(customer_id, None)

    def rate(self, ticket_id: str, feedback: TicketFeedback) -> Ticket:
        """Add feedback to a ticket, which keeps the newest of it. Raises UnknownTicket, Unavailable."""
        text = feedback_text(feedback)
        add = TicketItem.feedback.set((TicketItem.feedback | []).append([text]))
        is_full = TicketItem.feedback[MAX_FEEDBACK - 1].exists()
        for _ in range(TRIES):
            if rated := self._update(ticket_id, [add], self._alive() & ~is_full & ~_holds(text)):
                return rated
            ticket = self._read(ticket_id)
            # The library repeats an update whose answer got lost: then it is there already.
            if text in map(feedback_text, ticket.feedback):
                return ticket
            self._update(ticket_id, [TicketItem.feedback[0].remove()], is_full)
        raise Unavailable(STORE)

    def move(self, ticket_id: str, status: TicketStatus) -> Ticket:
        """Give a ticket another status. Raises UnknownTicket, Unavailable."""
        moved = self._update(ticket_id, [TicketItem.status.set(status)], self._alive())
        if moved is None:
            raise UnknownTicket
        return moved

    def erase_text(self, ticket_id: str, notice: str) -> None:
        """Replace a ticket's subject and description by a notice; the case stays. Raises Unavailable."""
        actions: list[Action] = [TicketItem.subject.set(notice), TicketItem.description.set(notice)]
        self._update(ticket_id, actions, TicketItem.ticket_id.exists())

    def erase(self, ticket_ids: Iterable[str]) -> tuple[Ticket, ...]:
        """Delete tickets, expired ones too; return those that were there. Raises Unavailable."""
        with reaching(STORE):
            there = list(TicketItem.batch_get(set(ticket_ids), consistent_read=True))
            with TicketItem.batch_write() as batch:
                for item in there:
                    batch.delete(item)
            return tuple(map(from_item, there))

    def _read(self, ticket_id: str) -> Ticket:
        with reaching(STORE):
            try:
                item = TicketItem.get(ticket_id, consistent_read=True)
            except TicketItem.DoesNotExist as error:
                raise UnknownTicket from error
            ticket = from_item(item)
            if item.ttl <= self._now_seconds():
                raise UnknownTicket
            return ticket

    def _newest(self, status: TicketStatus, limit: int, before: str | None) -> dict[str, Ticket]:
        """Return the newest tickets of a status by their places in the list."""
        with reaching(STORE):
            items = TicketItem.status_index.query(
                status,
                range_key_condition=TicketItem.listed_at < before if before else None,
                filter_condition=self._alive(),
                scan_index_forward=False,
                limit=limit,
            )
            return {item.listed_at: from_item(item) for item in items}

    def _of(self, customer_id: str, which: Condition | None) -> tuple[TicketSummary, ...]:
        with reaching(STORE):
            items = TicketItem.customer_index.query(
                customer_id, filter_condition=which, scan_index_forward=False
            )
            return tuple(map(summary_of, items))

    def _update(self, ticket_id: str, actions: list[Action], condition: Condition) -> Ticket | None:
        """Return the changed ticket, or None where the condition does not hold."""
        item = TicketItem(ticket_id)
        with reaching(STORE):
            return from_item(item) if wrote(item.update, actions, condition=condition) else None

    def _alive(self) -> Condition:
        """Return the condition that a ticket is there and not expired."""
        return TicketItem.ttl > self._now_seconds()

    def _now_seconds(self) -> int:
        return to_millis(self._clock()) // 1000


def _holds(text: str) -> Condition:
    return TicketItem.feedback.contains(text)
