"""Brings each event to all who are to hear of it, those of one subject in order."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.event import Delivery, DeliveryPage, EventStatus, Outcome, event_id_of
from chalicelib.domain.protocols import EventStore, Receiver
from chalicelib.errors import SendingFailed, SendingRefused, UnknownEvent
from chalicelib.events.slow_receivers import AskedNoMoreOnceSlow

if TYPE_CHECKING:
    from chalicelib.logs import DeliveryLogger

WAITS = [timedelta(seconds=5), *(timedelta(minutes=n) for n in (1, 5, 15, 30))]
"""How long to wait after the first attempt that failed, after the second, and so on.

The first wait is spent within the call, and all events behind it wait, too."""
LONGEST_WAIT = timedelta(hours=1)
JITTER = 0.3
"""By how much of it a wait is longer or shorter, so that what failed together does not come back together."""
MOST_WOKEN = 100
WORKING = timedelta(minutes=2)
"""After this long a call begins with no other event; what it leaves is due, and the next sweep wakes it."""


@dataclass(frozen=True)
class Deliveries:
    """Sends events.

    The table's stream calls for each new event, and for each that the sweep or an agent wakes. Whoever
    claims an event sends it to all who have not got it, and goes on with the one behind it. An event that
    one receiver cannot be told, or not yet, holds up those behind it, for this receiver only.
    """

    events: EventStore
    receivers: Callable[[], Sequence[Receiver]]
    executor: Executor
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    log: "DeliveryLogger"

    def deliver(self, event_ids: Iterable[str]) -> None:
        """Make an attempt at each of these events, and a second one soon where the first one fails.

        Raises Unavailable.
        """
        known, until = self.receivers(), self.clock() + WORKING
        receivers = self._bounded(known)
        attempted = [self._follow(event_id, receivers, until) for event_id in event_ids]
        failed = [each for each in attempted if each and each.status == "pending" and each.attempts == 1]
        if failed:
            self.pause(max(0.0, max((each.due_at - self.clock()).total_seconds() for each in failed)))
        receivers = self._bounded(known)
        for each in failed:
            self._follow(each.event.event_id, receivers, until)

    def wake_due(self) -> None:
        """Have another attempt made at what is due. Raises Unavailable."""
        self.events.wake(each.event.event_id for each in self.events.due(MOST_WOKEN))

    def page(self, status: EventStatus | None, limit: int, before: str | None) -> DeliveryPage:
        """Return events, newest first; `before` is the `next` of an earlier page. Raises Unavailable."""
        return self.events.page(status, limit, before)

    def resend(self, event_id: str) -> Delivery:
        """Send an event that failed once more. Raises UnknownEvent, Unavailable."""
        return self.events.resend(event_id)

    def _bounded(self, receivers: Sequence[Receiver]) -> list[Receiver]:
        return [AskedNoMoreOnceSlow(each, self.clock) for each in receivers]

    def _follow(self, event_id: str, receivers: Sequence[Receiver], until: datetime) -> Delivery | None:
        """Make an attempt at an event and at those behind it; return how the first one stands then."""
        first: Delivery | None = None
        while self.clock() < until and (attempted := self._attempt(event_id, receivers)):
            first = first or attempted
            event_id = event_id_of(attempted.event.subject, attempted.event.number + 1)
        return first

    def _attempt(self, event_id: str, receivers: Sequence[Receiver]) -> Delivery | None:
        """Send an event to all who have not got it; return how it stands, None if nothing was done."""
        delivery = self._find(event_id)
        if delivery is None or delivery.status != "pending" or not self.events.claim(delivery):
            return None
        previous = self._find(event_id_of(delivery.event.subject, delivery.event.number - 1))
        waiting = [each for each in receivers if is_waiting(each, delivery)]
        free = [each for each in waiting if previous is None or not is_waiting(each, previous)]
        now, starts = self.clock(), {each.name: each.not_before(delivery.event) for each in free}
        ready = [each for each in free if starts[each.name] <= now]
        sent = self.executor.map(lambda each: self._send(each, delivery), ready)
        made = dict(zip((each.name for each in ready), sent, strict=True))
        later = [start for start in starts.values() if start > now]
        attempted = self._conclude(delivery, made, previous if len(free) < len(waiting) else None, later)
        self.events.settle(attempted)
        return attempted if made or attempted.status != "pending" else None

    def _find(self, event_id: str) -> Delivery | None:
        try:
            return self.events.get(event_id)
        except UnknownEvent:
            return None

    def _send(self, receiver: Receiver, delivery: Delivery) -> Outcome:
        now = self.clock()
        try:
            not_needed = receiver.send(delivery.event)
        except SendingFailed as error:
            is_over = isinstance(error, SendingRefused) or now >= delivery.give_up_at
            outcome = Outcome("failed" if is_over else "pending", now, str(error))
        else:
            outcome = Outcome("delivered", now, not_needed)
        self.log.attempted(delivery, receiver.name, outcome)
        return outcome

    def _conclude(
        self,
        delivery: Delivery,
        made: Mapping[str, Outcome],
        held_up_by: Delivery | None,
        later: Sequence[datetime],
    ) -> Delivery:
        """Return a delivery with the outcomes of an attempt and what they come to.

        `later` is when those may be told whose time has not come.
        """
        now, attempts, outcomes = self.clock(), delivery.attempts, {**delivery.outcomes, **made}
        made_statuses, statuses = ({each.status for each in some.values()} for some in (made, outcomes))
        due = [*later]
        if "pending" in made_statuses:
            attempts += 1
            due.append(now + wait(attempts))
        elif held_up_by:
            due.append(held_up_by.due_at + timedelta(seconds=1))
        if due:
            return replace(delivery, outcomes=outcomes, attempts=attempts, due_at=min(due))
        status: EventStatus = "failed" if "failed" in statuses else "delivered"
        return replace(delivery, outcomes=outcomes, status=status, due_at=now)


def is_waiting(receiver: Receiver, delivery: Delivery) -> bool:
    """Say whether a receiver has still to hear of an event."""
    return receiver.wants(delivery.event) and not delivery.is_settled(receiver.name)


def wait(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that failed."""
    planned = WAITS[attempts - 1] if 0 < attempts <= len(WAITS) else LONGEST_WAIT
    return planned * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - so that not all come back at once
