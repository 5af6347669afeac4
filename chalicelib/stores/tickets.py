"""The tickets: cases for a person, of the chat and of the ticketing system."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, cast, get_args

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.answers import require
from chalicelib.branding import LANGUAGES
from chalicelib.domain.conversation import Contact, HandOverReason
from chalicelib.domain.event import Event
from chalicelib.domain.ticket import (
    Ticket,
    TicketChange,
    TicketChannel,
    TicketFeedback,
    TicketFilter,
    TicketPage,
    TicketPriority,
    TicketStatus,
    TicketSummary,
)
from chalicelib.domain.ticket_events import created, enriched, subject_of, updated
from chalicelib.errors import Unavailable, UnknownTicket
from chalicelib.stores.dynamodb import (
    FeedbackAttribute,
    StatusIndex,
    TableLimits,
    complete,
    expiry,
    page_of,
    reaching,
    soon,
    write_if,
)
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.stores.events import Events
from chalicelib.times import from_iso, from_millis, iso, to_millis, to_seconds

STORE = "tickets"
STATUSES: tuple[TicketStatus, ...] = get_args(TicketStatus)
TRIES = 20


class CustomerIndex(GlobalSecondaryIndex["TicketItem"]):  # type: ignore[no-untyped-call]
    """What a summary needs of a customer's tickets, by time; those without a customer are not in it."""

    class Meta:
        index_name = "customer-created_at"
        projection = IncludeProjection(["status", "subject", "ttl"])

    customer_id = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class TicketItem(Model):
    """A ticket as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "support-tickets"

    customer_index = CustomerIndex()
    status_index: StatusIndex["TicketItem"] = StatusIndex()

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
    assignee = UnicodeAttribute(null=True)
    contact = JSONAttribute(null=True)
    external_ticket_id = UnicodeAttribute(null=True)
    # As JSON text, because DynamoDB's own numbers have 38 digits at most and no floating point.
    metadata = JSONAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    feedback: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    last_message_at = NumberAttribute(null=True)
    last_reply_at = NumberAttribute(null=True)
    last_read_at = NumberAttribute(null=True)
    draft = UnicodeAttribute(null=True)
    customer_feedback = FeedbackAttribute(null=True)
    newest_event = NumberAttribute(null=True)
    """Counts on from `ttl`, so that a later ticket of the same id never meets an event of this one."""
    is_enriched = BooleanAttribute(null=True)
    language = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class Tickets:
    """Reads and writes tickets; expired ones are not there, even before DynamoDB deletes them.

    A ticket is kept from when it came in, whatever `created_at` its sender gave it. Lists come from
    indexes, which follow a write within moments.
    """

    def __init__(self, retention_days: int, clock: Callable[[], datetime], events: Events) -> None:
        self._retention_days = retention_days
        self._clock = clock
        self._events = events

    def add(self, ticket: Ticket, began_at: datetime | None = None) -> Ticket:
        """Store a ticket unless its id is taken; return the one that has the id now.

        Raises ErasedMeanwhile, Unavailable.
        """
        now = self._clock()
        item = _item(ticket, expiry(now, self._retention_days))
        free = TicketItem.ticket_id.does_not_exist() | (TicketItem.ttl <= self._now_seconds())
        marks = marks_of(ticket.session_id, ticket.customer_id)

        def fill(transaction: TransactWrite) -> None:
            transaction.save(item, condition=free)
            self._events.put(created(_ticket(item), now), transaction)

        with reaching(STORE):
            if write_unless_erased(marks, began_at or now, fill):
                item = TicketItem.get(ticket.ticket_id, consistent_read=True)
            return _ticket(item)

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket. Raises UnknownTicket, Unavailable."""
        return self._read(ticket_id)

    def page(self, wanted: TicketFilter, limit: int, before: str | None) -> TicketPage:
        """Return tickets that are wanted, newest first.

        `before` is the `next` of the page before this one, None at first. Raises Unavailable.
        """
        if wanted.customer_id is not None:
            found = self._of_customer(wanted.customer_id, wanted, before)
        else:
            found = self._newest(wanted, limit + 1, before)
        return TicketPage(*page_of(found, limit))

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return a customer's tickets that are not closed, newest first. Raises Unavailable."""
        return self._of(customer_id, (TicketItem.status != "closed") & self.alive())

    def everything(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return all tickets of a customer, expired ones too, newest first. Raises Unavailable."""
        return self._of(customer_id, None)

    def rate(self, ticket_id: str, feedback: TicketFeedback) -> Ticket:
        """Add feedback to a ticket as `added_to` says. Raises UnknownTicket, Unavailable."""
        for _ in range(TRIES):
            ticket = self._read(ticket_id)
            kept = feedback.added_to(ticket.feedback)
            if kept == ticket.feedback:
                return ticket
            setting: list[Action] = [TicketItem.feedback.set(list(map(_feedback_text, kept)))]
            if rated := self._update(ticket_id, setting, self.alive() & _holds(ticket.feedback)):
                return rated
        raise Unavailable(STORE)

    def change(self, ticket_id: str, change: TicketChange, began_at: datetime | None = None) -> Ticket:
        """Change a ticket, and return it as it is then.

        Raises UnknownTicket, ErasedMeanwhile, Unavailable.
        """

        def told(before: Ticket, after: Ticket) -> list[Event]:
            return updated(before, after, self._clock())

        return self._change(ticket_id, change.made_to, _actions(change), told, began_at)

    def tell_found(self, ticket_id: str, found: Mapping[str, Any], began_at: datetime | None = None) -> None:
        """Add the event of what was found for a ticket, once a ticket.

        Raises UnknownTicket, ErasedMeanwhile, Unavailable.
        """

        def told(before: Ticket, _after: Ticket) -> list[Event]:
            return [enriched(before, found, self._clock())]

        actions: list[Action] = [TicketItem.is_enriched.set(True)]
        self._change(ticket_id, partial(replace, is_enriched=True), actions, told, began_at)

    def _change(
        self,
        ticket_id: str,
        made_to: Callable[[Ticket], Ticket],
        actions: list[Action],
        told: Callable[[Ticket, Ticket], list[Event]],
        began_at: datetime | None,
    ) -> Ticket:
        """Change a ticket, with its events, unless it is so already, and return it as it is then."""
        began_at = began_at or self._clock()
        for _ in range(TRIES):
            before = self._read(ticket_id)
            after = made_to(before)
            if after == before:
                return before
            events = told(before, after)
            fill = partial(self._fill, ticket_id, actions, self.unmoved(before), events)
            with reaching(STORE):
                if not write_unless_erased(marks_of(before.session_id, before.customer_id), began_at, fill):
                    return replace(after, newest_event=before.newest_event + len(events))
        raise Unavailable(STORE)

    def _fill(
        self,
        ticket_id: str,
        actions: list[Action],
        condition: Condition,
        events: Sequence[Event],
        transaction: TransactWrite,
    ) -> None:
        counting = self.put_events(events, transaction)
        transaction.update(TicketItem(ticket_id), [*actions, *counting], condition=condition)

    def put_events(self, events: Sequence[Event], transaction: TransactWrite) -> list[Action]:
        """Add a ticket's next events to a transaction; return how the ticket counts them."""
        for event in events:
            self._events.put(event, transaction)
        return [TicketItem.newest_event.set(event.number) for event in events[-1:]]

    def note_read(self, ticket_id: str, until: datetime) -> None:
        """Note up to when the customer has read the replies, if the ticket is there. Raises Unavailable."""
        path, millis = TicketItem.last_read_at, to_millis(until)
        self._update(ticket_id, [path.set(millis)], self.alive() & (path.does_not_exist() | (path < millis)))

    def keep_draft(self, ticket: Ticket, draft: str, began_at: datetime | None = None) -> None:
        """Keep the draft of the next reply, if the ticket is there. Raises ErasedMeanwhile, Unavailable."""

        def fill(transaction: TransactWrite) -> None:
            item = TicketItem(ticket.ticket_id)
            transaction.update(item, [TicketItem.draft.set(draft)], condition=self.alive())

        marks = marks_of(ticket.session_id, ticket.customer_id)
        with reaching(STORE):
            write_unless_erased(marks, began_at or self._clock(), fill)

    def erase_text(self, ticket_id: str, notice: str) -> None:
        """Put a notice in place of a ticket's words, forget all else that was said. Raises Unavailable."""
        with reaching(STORE):
            for item in TicketItem.batch_get([ticket_id], consistent_read=True):
                self._erase_events(item)
        actions: list[Action] = [
            TicketItem.subject.set(notice),
            TicketItem.description.set(notice),
            TicketItem.contact.remove(),
            TicketItem.draft.remove(),
            TicketItem.customer_feedback.remove(),
        ]
        self._update(ticket_id, actions, TicketItem.ticket_id.exists())

    def erase(self, ticket_ids: Iterable[str]) -> tuple[Ticket, ...]:
        """Delete tickets, expired ones too; return those that were there. Raises Unavailable."""
        with reaching(STORE):
            there = list(TicketItem.batch_get(set(ticket_ids), consistent_read=True))
            for item in there:
                self._erase_events(item)
            with TicketItem.batch_write() as batch:
                for item in there:
                    batch.delete(item)
            return tuple(map(_ticket, there))

    def take_back(self, ticket: Ticket) -> None:
        """Delete a ticket, unless it is another one by now, or something was said to it since it was read.

        Raises Unavailable.
        """
        for _ in range(TRIES):
            with reaching(STORE):
                items = list(TicketItem.batch_get([ticket.ticket_id], consistent_read=True))
                if [_last_said(_ticket(item)) for item in items] != [_last_said(ticket)]:
                    return
                fill = partial(self._fill_deletion, items[0])
                if not write_unless_erased((), self._clock(), fill):
                    return
        raise Unavailable(STORE)

    def _fill_deletion(self, item: TicketItem, transaction: TransactWrite) -> None:
        path, said_at = TicketItem.last_message_at, item.last_message_at
        is_same = path.does_not_exist() if said_at is None else path == said_at
        is_same &= (TicketItem.created_at == item.created_at) & self.unmoved(_ticket(item))
        transaction.delete(item, condition=is_same)
        self._events.delete(*_events_of(item), transaction)

    def _erase_events(self, item: TicketItem) -> None:
        self._events.erase(*_events_of(item))

    def _read(self, ticket_id: str) -> Ticket:
        with reaching(STORE):
            try:
                item = TicketItem.get(ticket_id, consistent_read=True)
            except TicketItem.DoesNotExist as error:
                raise UnknownTicket from error
            ticket = _ticket(item)
            if item.ttl <= self._now_seconds():
                raise UnknownTicket
            return ticket

    def _of_customer(self, customer_id: str, wanted: TicketFilter, before: str | None) -> dict[str, Ticket]:
        """Return a customer's tickets that are wanted by their places in the list: a person has few."""
        with reaching(STORE):
            ids = {each.ticket_id for each in self._of(customer_id, self.alive())}
            items = list(TicketItem.batch_get(ids, consistent_read=True))
            tickets = {item.listed_at: _ticket(item) for item in items}
        return {
            place: ticket
            for place, ticket in tickets.items()
            if (before is None or place < before)
            and wanted.status in (None, ticket.status)
            and wanted.assignee in (None, ticket.assignee)
        }

    def _newest(self, wanted: TicketFilter, limit: int, before: str | None) -> dict[str, Ticket]:
        """Return the newest tickets of a status and of an assignee, where asked for, by their places."""
        statuses = [wanted.status] if wanted.status else STATUSES
        which = self.alive()
        if wanted.assignee is not None:
            which &= TicketItem.assignee == wanted.assignee
        with reaching(STORE):
            items = TicketItem.status_index.newest(statuses, which, limit, before)
            return {place: _ticket(item) for place, item in items.items()}

    def _of(self, customer_id: str, which: Condition | None) -> tuple[TicketSummary, ...]:
        with reaching(STORE):
            items = TicketItem.customer_index.query(
                customer_id, filter_condition=which, scan_index_forward=False
            )
            return tuple(map(_summary, items))

    def _update(self, ticket_id: str, actions: list[Action], condition: Condition) -> Ticket | None:
        """Return the changed ticket, or None where the condition does not hold."""
        item = TicketItem(ticket_id)
        with reaching(STORE):
            is_made = soon(lambda: write_if(condition, item.update, actions))
            return _ticket(item) if is_made else None

    def alive(self) -> Condition:
        """Return the condition that a ticket is there and not expired."""
        return TicketItem.ttl > self._now_seconds()

    def unmoved(self, ticket: Ticket) -> Condition:
        """Return the condition that a ticket is there and had no event since it was read."""
        newest = TicketItem.newest_event
        unmoved: Condition = self.alive() & (newest.does_not_exist() | (newest == ticket.newest_event))
        return unmoved

    def _now_seconds(self) -> int:
        return to_seconds(self._clock())


def _actions(change: TicketChange) -> list[Action]:
    values: tuple[tuple[Attribute[Any], Any], ...] = (
        (TicketItem.status, change.status),
        (TicketItem.priority, change.priority),
        (TicketItem.assignee, change.assignee),
        (TicketItem.contact, asdict(change.contact) if change.contact else None),
        (TicketItem.customer_feedback, change.customer_feedback),
    )
    return [path.set(value) if value else path.remove() for path, value in values if value is not None]


def _holds(feedback: tuple[TicketFeedback, ...]) -> Condition:
    """Return the condition that a ticket has exactly this feedback."""
    texts = list(map(_feedback_text, feedback))
    return TicketItem.feedback == texts if texts else TicketItem.feedback.does_not_exist()


def _last_said(ticket: Ticket) -> tuple[str, datetime | None, datetime | None]:
    """Return which ticket of its id this is, and when something was last said to it."""
    return iso(ticket.created_at), ticket.last_message_at, ticket.last_reply_at


def _events_of(item: TicketItem) -> tuple[str, range]:
    """Return the subject and the numbers of a ticket's events."""
    ticket = _ticket(item)
    return subject_of(ticket.ticket_id), range(int(item.ttl) + 1, ticket.newest_event + 1)


def _item(ticket: Ticket, ttl: int) -> TicketItem:
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
        assignee=ticket.assignee,
        contact=asdict(ticket.contact) if ticket.contact else None,
        external_ticket_id=ticket.external_ticket_id,
        metadata=dict(ticket.metadata) or None,
        fingerprint=ticket.fingerprint,
        feedback=list(map(_feedback_text, ticket.feedback)) or None,
        newest_event=ttl + 1,
        language=ticket.language,
        ttl=ttl,
    )


def _ticket(item: TicketItem) -> Ticket:
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
        assignee=item.assignee,
        contact=Contact(**item.contact) if item.contact else None,
        external_ticket_id=item.external_ticket_id,
        metadata=item.metadata or {},
        fingerprint=item.fingerprint,
        feedback=tuple(map(_feedback, item.feedback or ())),
        last_message_at=_moment(item.last_message_at),
        last_reply_at=_moment(item.last_reply_at),
        last_read_at=_moment(item.last_read_at),
        draft=item.draft,
        customer_feedback=item.customer_feedback,
        newest_event=int(item.newest_event or item.ttl),
        is_enriched=bool(item.is_enriched),
        language=item.language or LANGUAGES[0],
    )


def _moment(millis: float | None) -> datetime | None:
    return None if millis is None else from_millis(int(millis))


def _summary(item: TicketItem) -> TicketSummary:
    """Return the summary of an item, which may come from the index by customer. Raises TypeError."""
    return TicketSummary(
        ticket_id=require(item.ticket_id, str),
        created_at=from_iso(item.created_at),
        status=cast("TicketStatus", require(item.status, str)),
        subject=require(item.subject, str),
    )


def _feedback_text(feedback: TicketFeedback) -> str:
    """Return feedback as it is kept in a ticket: JSON, which DynamoDB can tell from another one."""
    values = {**asdict(feedback), "timestamp": to_millis(feedback.timestamp)}
    return json.dumps(values, ensure_ascii=False)


def _feedback(text: str) -> TicketFeedback:
    values = json.loads(text)
    return TicketFeedback(**{**values, "timestamp": from_millis(values["timestamp"])})
