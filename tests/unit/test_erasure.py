"""Erasing a customer: everything of theirs, nothing of others, and the rest after being cut off."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib.chat.sessions import Sessions
from chalicelib.domain.conversation import Exchange, Feedback, HandOverTicket
from chalicelib.domain.customer import Interaction
from chalicelib.domain.ticket import Ticket, TicketFeedback, TicketSummary
from chalicelib.errors import Unavailable
from chalicelib.tickets.erasure import Erased, Erasure
from tests.builders import exchange_at, ticket
from tests.fakes import (
    START,
    FakeClock,
    FakeConversations,
    FakeErasureMarks,
    FakeInteractions,
    FakePending,
    FakeTickets,
)

ADA, BOB = "CUST-1001", "CUST-1002"
NOTHING = Erased(chats=0, exchanges=0, interactions=0, tickets=0, feedback=0)
UP = Feedback("up", None, START)
HELPFUL = TicketFeedback(True, None, None, START)


class Conversations(FakeConversations):
    """Can be cut off after each exchange."""

    def erase(self, exchanges: Iterable[Exchange]) -> None:
        for exchange in list(exchanges):
            super().erase([exchange])


class Interactions(FakeInteractions):
    """Can be cut off after each interaction."""

    def erase(self, interactions: Iterable[Interaction]) -> None:
        for interaction in list(interactions):
            super().erase([interaction])


class Tickets(FakeTickets):
    """Can be cut off after each ticket; its index by customer does not show the newest one yet."""

    def everything(self, customer_id: str) -> tuple[TicketSummary, ...]:
        return tuple(t for t in super().everything(customer_id) if t.ticket_id != "T-posted")

    def erase(self, ticket_ids: Iterable[str]) -> tuple[Ticket, ...]:
        return tuple(
            gone for ticket_id in list(ticket_ids) for gone in super(Tickets, self).erase([ticket_id])
        )


class IssuedUnlessMadeUp(Sessions):
    """Takes each id for issued that does not say otherwise."""

    def is_issued(self, session_id: str) -> bool:
        return not session_id.startswith("made-up")


@dataclass
class World:
    """What is kept of two customers, and the erasure."""

    conversations: Conversations = field(default_factory=lambda: Conversations(30, FakeClock()))
    interactions: Interactions = field(default_factory=Interactions)
    tickets: Tickets = field(default_factory=Tickets)
    pending: FakePending = field(default_factory=FakePending)
    marks: FakeErasureMarks = field(default_factory=FakeErasureMarks)
    forgotten: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sessions = IssuedUnlessMadeUp(lambda: "secret", accept_made_up_ids=True)
        self.erasure = Erasure(
            sessions,
            self.conversations,
            self.pending,
            self.interactions,
            self.tickets,
            self.marks,
            self.forgotten.append,
        )

    def before_each_call(self, action: Callable[[], object]) -> None:
        """Do something before each call of a store."""
        for store in (self.conversations, self.pending, self.interactions, self.tickets, self.marks):
            store.before = action

    def says(self, session_id: str, minute: int, customer_id: str | None, **changes: object) -> None:
        """Keep an exchange."""
        values = {"handed_over": None, "customer_id": customer_id, **changes}
        moment = START + timedelta(minutes=minute)
        self.conversations.add(exchange_at(moment, session_id, f"m{minute}", **values))

    def is_in_touch(self, minute: int, customer_id: str, **where: str) -> None:
        """Log an interaction."""
        moment = START + timedelta(minutes=minute)
        self.interactions.add(Interaction(customer_id, moment, "chat", None, **where))

    def is_left(self) -> tuple[set[tuple[str, str]], set[str], set[str]]:
        """Return the exchanges, the customers with interactions and the tickets that are still there."""
        exchanges = {(e.session_id, e.message_id) for e in self.conversations.kept}
        return exchanges, {i.customer_id for i in self.interactions.kept}, set(self.tickets.kept)


LEFT_OF_BOB = ({("shared", "m2"), ("bob's", "m0")}, {BOB}, {"T-bob"})


@pytest.fixture
def world() -> World:
    return full_world()


def full_world() -> World:
    world = World()
    # A chat that went on after she had proven who she is, without the proof once more at its end.
    world.says("ada's", 0, None, handed_over=HandOverTicket("T-anonymous", "customer_request"))
    world.says("ada's", 1, ADA, handed_over=HandOverTicket("T-chat", "customer_request"), feedback=UP)
    world.says("ada's", 2, ADA, unconfirmed_ticket_id="T-late")
    world.says("ada's", 3, None)
    # One whose interactions were never logged, and one that two customers share.
    world.says("unlogged", 0, ADA)
    world.says("unlogged", 1, None)
    world.says("shared", 1, ADA, feedback=UP)
    world.says("shared", 2, BOB, feedback=UP)
    world.says("bob's", 0, BOB)
    world.is_in_touch(1, ADA, session_id="ada's")
    world.is_in_touch(2, ADA, session_id="ada's")
    world.is_in_touch(3, ADA, session_id="shared")
    world.is_in_touch(4, ADA, ticket_id="T-posted")
    world.is_in_touch(4, BOB, session_id="shared")
    for kept in (
        ticket("T-chat", customer_id=ADA),
        ticket("T-late", customer_id=ADA),
        ticket("T-posted", customer_id=ADA, feedback=(HELPFUL,)),
        ticket("T-anonymous"),
        ticket("T-bob", customer_id=BOB, feedback=(HELPFUL,)),
    ):
        world.tickets.add(kept)
    return world


def test_everything_of_a_customer_is_erased_and_counted_and_of_no_other(world: World) -> None:
    assert world.erasure.erase(ADA) == Erased(chats=3, exchanges=7, interactions=4, tickets=4, feedback=3)
    assert world.is_left() == LEFT_OF_BOB
    assert world.erasure.erase(ADA) == NOTHING
    assert world.is_left() == LEFT_OF_BOB


def test_an_unknown_customer_has_nothing_to_erase(world: World) -> None:
    before = world.is_left()
    assert world.erasure.erase("CUST-9") == NOTHING
    assert world.is_left() == before


def test_what_is_remembered_here_is_dropped_even_if_the_rest_fails(
    world: World,
) -> None:
    world.interactions.down = Unavailable("interactions")
    with pytest.raises(Unavailable):
        world.erasure.erase(ADA)
    assert world.forgotten == [ADA]


def test_a_chat_whose_interaction_was_never_logged_is_found(world: World) -> None:
    world.interactions.kept.clear()
    world.erasure.erase(ADA)
    exchanges, _, _ = world.is_left()
    assert exchanges == LEFT_OF_BOB[0]


def calls_of_one_erasure() -> int:
    world = full_world()
    calls: list[None] = []
    world.before_each_call(lambda: calls.append(None))
    world.erasure.erase(ADA)
    return len(calls)


@pytest.mark.parametrize("failing_call", range(1, calls_of_one_erasure() + 1))
def test_an_erasure_cut_off_at_any_call_is_completed_by_the_next(failing_call: int) -> None:
    world = full_world()
    calls: list[None] = []

    def cut_off() -> None:
        calls.append(None)
        if len(calls) == failing_call:
            raise Unavailable("store")

    world.before_each_call(cut_off)
    with pytest.raises(Unavailable):
        world.erasure.erase(ADA)
    world.erasure.erase(ADA)
    assert world.is_left() == LEFT_OF_BOB
    assert world.erasure.erase(ADA) == NOTHING


def test_what_strangers_said_in_a_session_that_somebody_made_up_stays() -> None:
    world = World()
    world.says("made-up", 1, None, handed_over=HandOverTicket("T-stranger", "customer_request"))
    world.tickets.add(ticket("T-stranger"))
    world.says("made-up", 2, ADA)
    assert world.erasure.erase(ADA) == Erased(chats=1, exchanges=1)
    assert world.is_left() == ({("made-up", "m1")}, set(), {"T-stranger"})
