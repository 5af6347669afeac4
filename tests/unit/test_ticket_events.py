"""What others hear of a ticket is written with what happened, in order: by the fakes and by DynamoDB."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError

from chalicelib.domain.conversation import Contact
from chalicelib.domain.event import Event
from chalicelib.domain.protocols import ErasureMarks, TicketConversationStore, TicketStore
from chalicelib.domain.ticket import TicketChange, TicketState
from chalicelib.errors import ErasedMeanwhile, TicketStateChanged
from chalicelib.stores import erasures
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.events import Events
from chalicelib.stores.state import StateItem
from chalicelib.stores.ticket_conversations import TicketConversations
from chalicelib.stores.tickets import Tickets
from chalicelib.times import MILLISECOND
from tests.builders import exchange_at, reply_at, ticket
from tests.fakes import (
    START,
    FakeClock,
    FakeConversations,
    FakeErasureMarks,
    FakeTicketConversations,
    FakeTickets,
)

ANY: tuple[TicketState, ...] = ("waiting", "agent", "closed")
CONTACT = Contact("ada@example.com", name="Ada")
KNOWN = {
    "ticket_id": "T-1",
    "external_ticket_id": "ZD-7",
    "customer_external_id": "CUST-1001",
    "status": "open",
    "priority": "medium",
    "assignee": None,
}


@dataclass(frozen=True)
class Stores:
    """The stores that write events."""

    tickets: TicketStore
    said: TicketConversationStore
    marks: ErasureMarks
    clock: FakeClock
    fake: FakeTickets | None = None

    def events(self) -> list[Event]:
        """Return what others are to hear, in order."""
        if self.fake:
            return self.fake.events
        kept = Events(lambda: START).page(None, 100, None).deliveries
        return sorted((each.event for each in kept), key=lambda event: event.number)

    def types(self) -> list[str]:
        """Return of what kinds the events are; their numbers have no gaps."""
        events = self.events()
        assert [event.number - events[0].number for event in events] == list(range(len(events)))
        return [event.type for event in events]

    def reply(self, message_id: str = "r", closes: bool = False, at: datetime = START) -> None:
        self.said.say(reply_at(at, message_id=message_id, customer_id="CUST-1001"), ANY[:2], closes, at)

    def write(self, message_id: str = "m", **changes: Any) -> None:
        message = exchange_at(START, message_id=message_id, **{"answer": "", "ticket_id": "T-1", **changes})
        self.said.say(message, ["agent"], closes=False, began_at=START)

    def change(self, change: TicketChange) -> None:
        self.tickets.change("T-1", change, self.clock())


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> Stores:
    if request.param == "fake":
        marks = FakeErasureMarks(clock)
        tickets = FakeTickets(365, clock, marks)
        said = FakeTicketConversations(FakeConversations(30, clock, marks), tickets)
        return Stores(tickets, said, marks, clock, tickets)
    request.getfixturevalue("tables")
    return _real(clock)


def _real(clock: FakeClock, retention_days: int = 365) -> Stores:
    tickets = Tickets(retention_days, clock, Events(clock))
    said = TicketConversations(Conversations(30, clock), tickets, clock)
    return Stores(tickets, said, erasures.ErasureMarks(clock), clock)


def open_ticket(stores: Stores) -> None:
    stores.tickets.add(
        ticket(
            session_id="s",
            customer_id="CUST-1001",
            external_ticket_id="ZD-7",
            reason="customer_request",
            contact=CONTACT,
        ),
        stores.clock(),
    )


def test_others_hear_of_a_ticket_from_its_opening_to_its_close(stores: Stores, clock: FakeClock) -> None:
    open_ticket(stores)
    clock.advance(seconds=1)
    stores.change(TicketChange(priority="urgent", assignee="Jo"))
    stores.reply()
    stores.write()
    stores.reply("r2", closes=True)
    taken = KNOWN | {"priority": "urgent", "assignee": "Jo"}
    reply = {"author": "Jo", "message": "It is on its way.", "contact": {**vars(CONTACT)}}
    told = [(event.type, dict(event.data)) for event in stores.events()]
    assert told == [
        (
            "ticket.created",
            KNOWN
            | {
                "channel": "chat",
                "reason": "customer_request",
                "subject": "Wants a person",
                "description": "A person please",
                "contact": {**vars(CONTACT)},
            },
        ),
        ("ticket.updated", taken | {"changed": ["assignee", "priority"]}),
        ("ticket.replied", taken | reply | {"reply_id": "r"}),
        ("ticket.message", taken | {"message_id": "m", "message": "How do I reset my password?"}),
        ("ticket.replied", taken | reply | {"reply_id": "r2", "status": "closed"}),
        ("ticket.updated", taken | {"status": "closed", "changed": ["status"]}),
    ]
    assert [event.timestamp for event in stores.events()][:3] == [START, clock.now, clock.now]
    assert len(stores.types()) == 6


def test_what_happens_once_is_told_once(stores: Stores) -> None:
    for _ in range(2):
        open_ticket(stores)
        stores.reply()
        stores.write()
        stores.change(TicketChange("pending"))
    assert stores.types() == ["ticket.created", "ticket.replied", "ticket.message", "ticket.updated"]


def test_what_was_found_is_told_once_a_ticket(stores: Stores) -> None:
    open_ticket(stores)
    for n in range(2):
        stores.tickets.tell_found("T-1", {"n": n}, START)
    assert stores.types() == ["ticket.created", "ticket.enriched"]
    assert dict(stores.events()[-1].data) == KNOWN | {"n": 0}


def test_what_was_found_twice_at_once_is_told_once(tables: None, clock: FakeClock) -> None:
    stores = _real(clock)
    open_ticket(stores)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: stores.tickets.tell_found("T-1", {"n": n}, START), range(4)))
    assert stores.types() == ["ticket.created", "ticket.enriched"]


def test_what_the_assistant_answers_and_a_contact_are_nobody_elses(stores: Stores) -> None:
    open_ticket(stores)
    stores.said.say(exchange_at(START, ticket_id="T-1"), ANY, closes=False, began_at=START)
    stores.change(TicketChange(contact=Contact(phone="+49 30 1234")))
    assert stores.types() == ["ticket.created"]


def test_what_is_refused_is_not_told(stores: Stores) -> None:
    open_ticket(stores)
    with pytest.raises(TicketStateChanged):
        stores.write()
    found: Callable[[], object] = partial(stores.tickets.tell_found, "T-1", {}, START)
    with stores.marks.session("s"):
        for refused in (stores.reply, found, partial(stores.change, TicketChange("closed"))):
            with pytest.raises(ErasedMeanwhile):
                refused()
    assert stores.types() == ["ticket.created"]


def test_what_was_told_is_erased_with_a_ticket_or_its_words(stores: Stores) -> None:
    open_ticket(stores)
    stores.reply()
    stores.tickets.erase_text("T-1", "(gone)")
    assert stores.events() == []
    stores.change(TicketChange("closed"))
    assert [event.type for event in stores.events()] == ["ticket.updated"]
    stores.tickets.erase(["T-1"])
    assert stores.events() == []


def test_a_ticket_after_an_expired_one_of_its_id_has_events_of_its_own(
    tables: None, clock: FakeClock
) -> None:
    stores = _real(clock, retention_days=1)
    open_ticket(stores)
    stores.change(TicketChange("closed"))
    clock.advance(days=1, seconds=1)
    open_ticket(stores)
    stores.change(TicketChange("closed"))
    assert [event.type for event in stores.events()] == ["ticket.created", "ticket.updated"] * 2


def test_what_happens_at_once_is_all_told_in_the_order_it_is_kept(tables: None, clock: FakeClock) -> None:
    stores = _real(clock)
    open_ticket(stores)
    stores.reply("r")
    work: list[Callable[[], object]] = []
    for n in range(4):
        work += [partial(stores.write, f"m{n}"), partial(stores.reply, f"r{n}")]
        work += [partial(stores.change, TicketChange(assignee=f"A{n}"))]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each(), work))
    types = stores.types()
    assert {kind: types.count(kind) for kind in set(types)} == {
        "ticket.created": 1,
        "ticket.replied": 5,
        "ticket.message": 4,
        "ticket.updated": 4,
    }
    said = [event.timestamp for event in stores.events() if "message" in event.data]
    assert said == sorted(set(said)) == [START + n * MILLISECOND for n in range(9)]
    assert stores.events()[-1].data["assignee"] == stores.tickets.get("T-1").assignee


def test_a_change_that_meets_another_transaction_is_made_after_it(tables: None, clock: FakeClock) -> None:
    stores = _real(clock)
    open_ticket(stores)
    conflicts = ["TransactionConflict"]

    def conflict_once(**_: object) -> None:
        if conflicts:
            reasons = [CancellationReason(conflicts.pop()), None, None, None]
            answer = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
            cause = VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=reasons)
            raise TransactWriteError("conflict", cause)

    events = StateItem._get_connection().connection.client.meta.events
    events.register("before-parameter-build.dynamodb.TransactWriteItems", conflict_once, "conflict")
    stores.change(TicketChange("closed"))
    events.unregister("before-parameter-build.dynamodb.TransactWriteItems", conflict_once, "conflict")
    assert conflicts == []
    assert stores.types() == ["ticket.created", "ticket.updated"]
