"""Events: what other systems must hear of, who hears of them, and how far that has come."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EventType = Literal[
    "ticket.created",
    "ticket.updated",
    "ticket.replied",
    "ticket.message",
    "ticket.enriched",
    "kb.sync_failed",
    "budget.reached",
]
EventStatus = Literal["pending", "delivered", "failed"]
EVERY_TYPE = "*"


@dataclass(frozen=True)
class Event:
    """Something that happened to a subject, such as a ticket; `number` says as which of its events.

    The numbers of a ticket's events have no gaps, so that each is delivered behind the one before it. `data`
    is what a receiver is told, as JSON takes it.
    """

    type: EventType
    subject: str
    number: int
    timestamp: datetime
    data: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        """The id by which a receiver knows an event that it gets twice."""
        return event_id_of(self.subject, self.number)


def event_id_of(subject: str, number: int) -> str:
    """Return the id of an event: without a full stop, which would blur what a webhook's signature covers."""
    return f"evt_{hashlib.sha256(f'{subject}#{number}'.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Endpoint:
    """A receiver of webhooks: its address, the bytes that sign for it, and the types that it wants."""

    url: str
    key: bytes = field(repr=False)
    events: tuple[str, ...] = (EVERY_TYPE,)


@dataclass(frozen=True)
class Outcome:
    """How the newest attempt to tell one receiver went; `reason` says why it failed or was not needed."""

    status: EventStatus
    at: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Delivery:
    """An event on its way; `outcomes` has each receiver's by its name.

    It is due for another attempt at `due_at`, and is given up at `give_up_at`. `attempts` counts those that
    failed for somebody since it was last sent on its way.
    """

    event: Event
    due_at: datetime
    give_up_at: datetime
    status: EventStatus = "pending"
    attempts: int = 0
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def is_settled(self, receiver: str) -> bool:
        """Say whether a receiver needs no attempt any more."""
        outcome = self.outcomes.get(receiver)
        return self.status != "pending" or (outcome is not None and outcome.status != "pending")


@dataclass(frozen=True)
class DeliveryPage:
    """Some events, newest first; `next` continues with those before them, None at the end."""

    deliveries: tuple[Delivery, ...]
    next: str | None
