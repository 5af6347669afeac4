"""The outbox: events, written with what happened, and how far each has got."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import cast, get_args

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.domain.event import (
    Delivery,
    DeliveryPage,
    Event,
    EventStatus,
    EventType,
    Outcome,
    event_id_of,
)
from chalicelib.errors import UnknownEvent
from chalicelib.stores.dynamodb import (
    StatusIndex,
    TableLimits,
    complete,
    expiry,
    page_of,
    reaching,
    write_if,
)
from chalicelib.times import from_millis, iso, to_millis, to_seconds

STORE = "events"
STATUSES: tuple[EventStatus, ...] = get_args(EventStatus)
RETENTION_DAYS = 30
TRIED_FOR = timedelta(hours=24)
CLAIM = timedelta(minutes=2)
"""Longer than one event can take: each receiver at once, each for ten seconds at most."""


class EventItem(Model):
    """An event as DynamoDB holds it; times are milliseconds since 1970."""

    class Meta(TableLimits):
        table_name = "support-events"

    status_index: StatusIndex["EventItem"] = StatusIndex()

    event_id = UnicodeAttribute(hash_key=True)
    type = UnicodeAttribute()
    subject = UnicodeAttribute()
    number = NumberAttribute()
    timestamp = NumberAttribute()
    listed_at = UnicodeAttribute()
    data = JSONAttribute()
    status = UnicodeAttribute()
    due_at = NumberAttribute()
    give_up_at = NumberAttribute()
    attempts = NumberAttribute()
    outcomes = JSONAttribute()
    claimed_until = NumberAttribute(default=0)
    woken_at = NumberAttribute(null=True)
    """Set to let the table's stream call for another attempt."""
    ttl = NumberAttribute()


class Events:
    """Keeps events for thirty days; expired ones are not there. Lists follow a write within moments."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def add(self, event: Event) -> bool:
        """Keep an event that stands for itself; tell whether it is new, else nothing changes.

        Raises Unavailable.
        """
        with reaching(STORE):
            return write_if(EventItem.event_id.does_not_exist(), self._item(event).save)

    def put(self, event: Event, transaction: TransactWrite) -> None:
        """Add an event to the transaction that writes what happened; it fails where the number is taken."""
        transaction.save(self._item(event), condition=EventItem.event_id.does_not_exist())

    def get(self, event_id: str) -> Delivery:
        """Return an event. Raises UnknownEvent, Unavailable."""
        with reaching(STORE):
            try:
                item = EventItem.get(event_id, consistent_read=True)
            except EventItem.DoesNotExist as error:
                raise UnknownEvent from error
            delivery = _delivery(item)
            if item.ttl <= to_seconds(self._clock()):
                raise UnknownEvent
            return delivery

    def claim(self, delivery: Delivery) -> bool:
        """Keep others from an event for as long as an attempt can take; tell whether it is ours.

        It is not when another has it, or has changed it since it was read. Raises Unavailable.
        """
        now = self._clock()
        is_free = (
            (EventItem.claimed_until < to_millis(now))
            & (EventItem.due_at == to_millis(delivery.due_at))
            & (EventItem.status == delivery.status)
        )
        claim: list[Action] = [EventItem.claimed_until.set(to_millis(now + CLAIM))]
        return self._update(delivery.event.event_id, claim, is_free)

    def settle(self, delivery: Delivery) -> None:
        """Keep how far a claimed event has got, and let go of it. Raises Unavailable."""
        actions: list[Action] = [
            EventItem.status.set(delivery.status),
            EventItem.due_at.set(to_millis(delivery.due_at)),
            EventItem.attempts.set(delivery.attempts),
            EventItem.outcomes.set(_outcomes_json(delivery.outcomes)),
            EventItem.claimed_until.set(0),
            EventItem.woken_at.remove(),
        ]
        # An event that was erased meanwhile does not come back.
        self._update(delivery.event.event_id, actions, EventItem.event_id.exists())

    def wake(self, event_ids: Iterable[str]) -> None:
        """Have the stream call for another attempt at events that wait. Raises Unavailable."""
        for event_id in event_ids:
            now = to_millis(self._clock())
            woken: list[Action] = [EventItem.woken_at.set(now), EventItem.claimed_until.set(0)]
            is_waiting = (EventItem.status == "pending") & (EventItem.claimed_until < now)
            self._update(event_id, woken, is_waiting)

    def resend(self, event_id: str) -> Delivery:
        """Send an event that failed on its way again, to those who have not got it.

        One that has not failed stays as it is. Raises UnknownEvent, Unavailable.
        """
        now, failed = self._clock(), self.get(event_id)
        kept = {name: each for name, each in failed.outcomes.items() if each.status == "delivered"}
        actions: list[Action] = [
            EventItem.status.set("pending"),
            EventItem.due_at.set(to_millis(now)),
            EventItem.give_up_at.set(to_millis(now + TRIED_FOR)),
            EventItem.attempts.set(0),
            EventItem.outcomes.set(_outcomes_json(kept)),
            EventItem.woken_at.set(to_millis(now)),
        ]
        self._update(event_id, actions, EventItem.status == "failed")
        return self.get(event_id)

    def due(self, limit: int) -> tuple[Delivery, ...]:
        """Return events that are due for an attempt, oldest first. Raises Unavailable."""
        now = to_millis(self._clock())
        with reaching(STORE):
            items = EventItem.status_index.query(
                "pending",
                filter_condition=(EventItem.due_at <= now) & (EventItem.claimed_until < now),
                limit=limit,
            )
            return tuple(map(_delivery, items))

    def page(self, status: EventStatus | None, limit: int, before: str | None) -> DeliveryPage:
        """Return events of a status or of all, newest first.

        `before` is the `next` of the page before this one, None at first. Raises Unavailable.
        """
        statuses = [status] if status else STATUSES
        alive = EventItem.ttl > to_seconds(self._clock())
        with reaching(STORE):
            items = EventItem.status_index.newest(statuses, alive, limit + 1, before)
            found = {place: _delivery(item) for place, item in items.items()}
        return DeliveryPage(*page_of(found, limit))

    def erase(self, subject: str, numbers: Iterable[int]) -> None:
        """Delete events of a subject; what is gone already does not matter. Raises Unavailable."""
        with reaching(STORE), EventItem.batch_write() as batch:
            for number in numbers:
                batch.delete(EventItem(event_id_of(subject, number)))

    def delete(self, subject: str, numbers: Iterable[int], transaction: TransactWrite) -> None:
        """Add to a transaction that events of a subject go; what is gone already does not matter."""
        for number in numbers:
            transaction.delete(EventItem(event_id_of(subject, number)))

    def _update(self, event_id: str, actions: list[Action], condition: Condition) -> bool:
        with reaching(STORE):
            return write_if(condition, EventItem(event_id).update, actions)

    def _item(self, event: Event) -> EventItem:
        return EventItem(
            event_id=event.event_id,
            type=event.type,
            subject=event.subject,
            number=event.number,
            timestamp=to_millis(event.timestamp),
            listed_at=f"{iso(event.timestamp)}.{event.event_id}".replace("+00:00", "Z"),
            data=dict(event.data),
            status="pending",
            due_at=to_millis(event.timestamp),
            give_up_at=to_millis(event.timestamp + TRIED_FOR),
            attempts=0,
            outcomes={},
            ttl=expiry(self._clock(), RETENTION_DAYS),
        )


def _delivery(item: EventItem) -> Delivery:
    """Return the event of an item. Raises ValueError, TypeError, KeyError."""
    complete(item)
    event = Event(
        type=cast("EventType", item.type),
        subject=item.subject,
        number=int(item.number),
        timestamp=from_millis(int(item.timestamp)),
        data=item.data,
    )
    return Delivery(
        event=event,
        due_at=from_millis(int(item.due_at)),
        give_up_at=from_millis(int(item.give_up_at)),
        status=cast("EventStatus", item.status),
        attempts=int(item.attempts),
        outcomes={
            name: Outcome(each["status"], from_millis(each["at"]), each["reason"])
            for name, each in item.outcomes.items()
        },
    )


def _outcomes_json(outcomes: Mapping[str, Outcome]) -> dict[str, object]:
    return {name: {**asdict(each), "at": to_millis(each.at)} for name, each in outcomes.items()}
