"""Tickets that come by the queue: taken in as POST /tickets takes them, and what was found is told once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.intake import MAX_FOUND_BYTES, PATIENT_ATTEMPTS, Intake
from chalicelib.api.tickets import ticket_received
from chalicelib.domain.event import Event
from chalicelib.errors import BadInput, BodyTooLarge, SupportError, TicketIdReused, Unavailable
from chalicelib.logs import IntakeLogger
from chalicelib.times import to_millis
from tests.builders import ADA, RESET
from tests.fakes import START
from tests.lambda_events import message_event
from tests.scene import PARCEL, Scene

BODY = {
    "ticket_id": "T-1",
    "customer_external_id": PARCEL.customer_external_id,
    "subject": PARCEL.subject,
    "description": PARCEL.description,
}
UNNAMED = {name: value for name, value in BODY.items() if name != "ticket_id"}


class FakeIntakeLog(IntakeLogger):
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def refused(self, message_id: str, attempt: int, code: str, fields: Sequence[str]) -> None:
        self.lines.append(("refused", message_id, attempt, code, *fields))

    def postponed(self, message_id: str, attempt: int, error: Unavailable) -> None:
        self.lines.append(("postponed", message_id, attempt, error.dependency))

    def erased(self, message_id: str) -> None:
        self.lines.append(("erased", message_id))


class Queue:
    """Brings messages to the intake of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.log = FakeIntakeLog()
        self._scene = scene
        self._intake = Intake(scene.desk, self.log)

    def bring(self, body: Mapping[str, Any] | str = BODY, attempt: int = 1, message_id: str = "m-1") -> None:
        """Bring a message that was sent at the scene's start, whenever it comes."""
        sent_at = to_millis(START)
        self._intake.take_in(message_event(body, message_id, attempt, sent_at))

    def told(self) -> list[Event]:
        return [event for event in self._scene.tickets.events if event.type == "ticket.enriched"]


@pytest.fixture
def queue(scene: Scene) -> Queue:
    return Queue(scene)


def test_a_message_is_the_ticket_that_a_request_would_be(scene: Scene, queue: Queue) -> None:
    queue.bring()
    kept = scene.tickets.get("T-1")
    received = scene.post()
    assert received.ticket == kept
    answer = ticket_received(received)
    (event,) = queue.told()
    assert dict(event.data) == {
        "ticket_id": "T-1",
        "external_ticket_id": None,
        "customer_external_id": ADA.external_id,
        "status": "open",
        "priority": "medium",
        "assignee": None,
        "customer_context": answer["customer_context"],
        "kb_suggestions": answer["kb_suggestions"],
        "degraded": [],
        "is_shortened": False,
    }
    assert answer["customer_context"]
    assert answer["kb_suggestions"]


@pytest.mark.parametrize("body", [BODY, UNNAMED])
def test_a_message_that_comes_again_is_one_ticket_told_once(
    scene: Scene, queue: Queue, body: dict[str, str]
) -> None:
    for attempt in (1, 2):
        queue.bring(body, attempt)
        scene.clock.advance(minutes=5)
    assert len(scene.tickets.kept) == len(queue.told()) == len(scene.interactions.kept) == 1
    queue.bring(UNNAMED, message_id="m-2")
    assert len(scene.tickets.kept) == len(queue.told()) == 2


def test_a_ticket_that_a_request_posted_is_told_when_it_is_queued_too(scene: Scene, queue: Queue) -> None:
    scene.post()
    assert queue.told() == []
    queue.bring()
    assert (len(scene.tickets.kept), len(queue.told())) == (1, 1)


@pytest.mark.parametrize(
    ("body", "error", "line"),
    [
        ("not JSON", BadInput, ("invalid_request", "body")),
        ("[]", BadInput, ("invalid_request", "body")),
        ({}, BadInput, ("invalid_request", "customer_external_id", "subject", "description")),
        ({**BODY, "channel": "fax"}, BadInput, ("invalid_request", "channel")),
        ({**BODY, "created_at": "2999-01-01"}, BadInput, ("invalid_request", "created_at")),
        ({**BODY, "padding": "x" * 65_536}, BodyTooLarge, ("body_too_large",)),
        ({**BODY, "subject": "Another"}, TicketIdReused, ("ticket_id_reused",)),
    ],
)
def test_a_message_that_can_be_no_ticket_is_logged_and_left(
    scene: Scene, queue: Queue, body: Any, error: type[SupportError], line: tuple[str, ...]
) -> None:
    before = scene.post().ticket
    for attempt in (1, 2):
        with pytest.raises(error):
            queue.bring(body, attempt)
    assert queue.log.lines == [("refused", "m-1", attempt, *line) for attempt in (1, 2)]
    assert list(scene.tickets.kept.values()) == [before]
    assert queue.told() == []


def test_a_message_is_left_while_tickets_cannot_be_kept(scene: Scene, queue: Queue) -> None:
    scene.tickets.down = Unavailable("tickets")
    for attempt in (1, 2, 3, 4):
        with pytest.raises(Unavailable):
            queue.bring(attempt=attempt)
    assert queue.log.lines[-1] == ("postponed", "m-1", 4, "tickets")
    scene.tickets.down = None
    queue.bring(attempt=5)
    assert len(queue.told()) == 1


def test_what_is_out_of_reach_is_waited_for_before_it_is_told_without(scene: Scene, queue: Queue) -> None:
    scene.customers.down = Unavailable("customers")
    for attempt in range(1, PATIENT_ATTEMPTS + 1):
        with pytest.raises(Unavailable):
            queue.bring(attempt=attempt)
    assert (len(scene.tickets.kept), queue.told()) == (1, [])
    queue.bring(attempt=PATIENT_ATTEMPTS + 1)
    (event,) = queue.told()
    assert (event.data["customer_context"], event.data["degraded"]) == (None, ["customer"])


def test_what_is_not_told_is_not_waited_for(scene: Scene, queue: Queue) -> None:
    scene.sentiment.down = Unavailable("sentiment")
    queue.bring()
    assert len(queue.told()) == 1


def test_of_a_customer_erased_after_it_was_sent_a_message_brings_nothing(scene: Scene, queue: Queue) -> None:
    scene.clock.advance(seconds=1)
    scene.erasure.erase(ADA.external_id)
    scene.clock.advance(minutes=5)
    queue.bring()
    assert queue.log.lines == [("erased", "m-1")]
    assert (scene.tickets.kept, scene.tickets.events, scene.interactions.kept) == ({}, [], [])


@pytest.mark.parametrize(("long_texts", "left"), [(3, (3, 1)), (40, (0, 0))])
def test_what_is_too_long_to_tell_is_shortened(
    scene: Scene, queue: Queue, long_texts: int, left: tuple[int, int]
) -> None:
    long = "é" * 1000 * long_texts
    scene.knowledge_base.passages = (replace(RESET, url=f"https://help.example.com/{long}"),) * 5
    customer = replace(ADA, company=long if long_texts > 3 else None)
    scene.customers.know(customer)
    queue.bring()
    (event,) = queue.told()
    assert event.data["is_shortened"]
    assert len(json.dumps(dict(event.data))) <= MAX_FOUND_BYTES + 500
    context = event.data["customer_context"]
    assert (len(event.data["kb_suggestions"]), len(context["recent_orders"]) if context else 0) == left
