"""What agents may ask about events, and what they get back: our types as the API's JSON."""

from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.api.parsing import Query
from chalicelib.domain.event import Delivery, DeliveryPage, EventStatus, Outcome
from chalicelib.times import iso

if TYPE_CHECKING:
    from chalicelib.api.answers import events as answers

MAX_PAGE_EVENTS = 100
LISTED_AT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\.evt_[0-9a-f]{32}$"
"""An event's place in a list, time and id."""


class EventsQuery(Query):
    """The query of GET /events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: EventStatus | None = None
    """Only events of this status."""
    limit: int = Field(20, ge=1, le=MAX_PAGE_EVENTS)
    """How many events at the most."""
    before: Annotated[str, StringConstraints(pattern=LISTED_AT)] | None = None
    """The `next` of an earlier answer: what is older than that page."""


def events_answer(page: DeliveryPage) -> "answers.Events":
    """Return the answer of GET /events; `next` goes into `before` for what is older."""
    return {"events": [event_answer(each) for each in page.deliveries], "next": page.next}


def event_answer(delivery: Delivery) -> "answers.Event":
    """Return one event and how far it has got."""
    event = delivery.event
    return {
        "event_id": event.event_id,
        "type": event.type,
        "timestamp": iso(event.timestamp),
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": iso(delivery.due_at) if delivery.status == "pending" else None,
        "receivers": [_receiver(name, outcome) for name, outcome in sorted(delivery.outcomes.items())],
        "data": dict(event.data),
    }


def _receiver(name: str, outcome: Outcome) -> "answers.EventReceiver":
    return {"name": name, "status": outcome.status, "reason": outcome.reason, "at": iso(outcome.at)}
