"""What agents get back about events."""

from typing import Any

from typing_extensions import TypedDict

from chalicelib.api.answers.common import Count, Time
from chalicelib.domain.event import EventStatus, EventType


class EventReceiver(TypedDict):
    """How the newest attempt to tell one receiver went."""

    name: str
    """Of an endpoint the host and some letters that tell it from others there; else whom a mail is to."""
    status: EventStatus
    reason: str | None
    """Why the attempt failed, or why nothing had to be sent any more; else null."""
    at: Time


class Event(TypedDict):
    """Something that others are told of, and how far that has got."""

    event_id: str
    """The `webhook-id` of its webhooks."""
    type: EventType
    timestamp: Time
    """When it happened."""
    status: EventStatus
    """`pending` while somebody has still to hear of it, `failed` once one of them is given up."""
    attempts: Count
    """How many failed for somebody since it was last sent."""
    next_attempt_at: Time | None
    """Null where none follows."""
    receivers: list[EventReceiver]
    data: dict[str, Any]
    """What is told."""


class Events(TypedDict):
    """A page of events."""

    events: list[Event]
    """Newest first."""
    next: str | None
    """Send it as `before` for what is older; null at the end."""
