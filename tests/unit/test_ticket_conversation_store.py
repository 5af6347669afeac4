"""The contract of what is said to tickets: the fakes and DynamoDB keep the same one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.ticket import TicketChange, TicketState, TicketStatus
from chalicelib.errors import TicketStateChanged, UnknownTicket
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.events import Events
from chalicelib.stores.ticket_conversations import TicketConversations
from chalicelib.stores.tickets import Tickets
from chalicelib.times import MILLISECOND
from tests.builders import exchange_at, reply_at, sequence_of, ticket
from tests.fakes import START, FakeClock, FakeConversations, FakeTicketConversations, FakeTickets

SECOND = timedelta(seconds=1)
ANY: tuple[TicketState, ...] = ("waiting", "agent", "closed")


class Stores:
    """The three stores, over DynamoDB or in memory."""

    def __init__(self, kind: str, clock: FakeClock) -> None:
        self.conversations: Conversations | FakeConversations
        self.tickets: Tickets | FakeTickets
        self.said: TicketConversations | FakeTicketConversations
        if kind == "fake":
            conversations, tickets = FakeConversations(30, clock), FakeTickets(365, clock)
            self.said = FakeTicketConversations(conversations, tickets)
            self.conversations, self.tickets = conversations, tickets
        else:
            real = Conversations(30, clock), Tickets(365, clock, Events(clock))
            self.said = TicketConversations(*real, clock)
            self.conversations, self.tickets = real
        self.tickets.add(ticket(session_id="s"))

    def kept(self) -> list[str]:
        """Return the ids of what the conversation holds, oldest first."""
        return sequence_of(self.conversations.latest("s", 100))


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> Stores:
    if request.param == "dynamodb":
        request.getfixturevalue("tables")
    return Stores(request.param, clock)


def message_at(moment: datetime, message_id: str = "m") -> Exchange:
    """Return a message of the customer's to the ticket."""
    return exchange_at(moment, message_id=message_id, answer="", ticket_id="T-1")


def test_what_is_said_is_kept_as_it_is_and_noted_at_the_ticket(stores: Stores) -> None:
    message, reply = message_at(START), reply_at(START + SECOND)
    assert stores.said.say(message, ANY) == message
    assert stores.said.say(reply, ANY) == reply
    assert stores.conversations.latest("s", 10) == (message, reply)
    noted = stores.tickets.get("T-1")
    assert (noted.last_message_at, noted.last_reply_at) == (START, START + SECOND)


@pytest.mark.parametrize("status", ["open", "pending", "closed"])
@pytest.mark.parametrize("is_replied", [False, True])
def test_it_is_said_in_the_states_that_allow_it_and_in_no_other(
    stores: Stores, status: TicketStatus, is_replied: bool
) -> None:
    if is_replied:
        stores.said.say(reply_at(START), ANY)
    stores.tickets.change("T-1", TicketChange(status))
    before, state = stores.kept(), stores.tickets.get("T-1").state
    with pytest.raises(TicketStateChanged):
        stores.said.say(message_at(START), [each for each in ANY if each != state])
    assert stores.kept() == before
    stores.said.say(message_at(START), [state])
    assert stores.kept() == [*before, "m"]


def test_a_reply_takes_the_draft_away_and_a_message_does_not(stores: Stores) -> None:
    stores.tickets.keep_draft(stores.tickets.get("T-1"), "Hello.")
    stores.said.say(message_at(START), ANY)
    assert stores.tickets.get("T-1").draft == "Hello."
    sent = stores.said.say(reply_at(START, draft_kept=0.25), ANY)
    assert stores.tickets.get("T-1").draft is None
    assert stores.conversations.latest("s", 1) == (sent,)


def test_a_reply_can_close_its_ticket_in_the_same_write(stores: Stores) -> None:
    for _ in range(2):
        stores.said.say(reply_at(START), ["waiting", "agent"], closes=True)
    assert stores.tickets.get("T-1").state == "closed"
    with pytest.raises(TicketStateChanged):
        stores.said.say(reply_at(START, message_id="r2"), ["waiting", "agent"], closes=True)
    assert stores.kept() == ["r"]


def test_nothing_is_said_to_a_ticket_that_is_not_there(stores: Stores, clock: FakeClock) -> None:
    with pytest.raises(UnknownTicket):
        stores.said.say(replace(message_at(START), ticket_id="T-2"), ANY)
    clock.advance(days=366)
    with pytest.raises(UnknownTicket):
        stores.said.say(message_at(clock.now), ANY)
    assert stores.conversations.everything("s") == ()


def test_the_same_id_again_is_what_was_said_first_whatever_the_state(stores: Stores) -> None:
    first = stores.said.say(message_at(START), ["waiting"])
    reply = stores.said.say(reply_at(START), ["waiting"])
    stores.tickets.change("T-1", TicketChange("closed"))
    again = replace(message_at(START + SECOND), question="Another?")
    assert stores.said.say(again, ["waiting"]) == first
    assert stores.said.say(reply_at(START + SECOND, answer="Another."), ["waiting"]) == reply
    assert stores.conversations.by_client_message("s", "m") == first
    assert stores.kept() == ["m", "r"]


def test_a_reply_may_have_the_id_of_a_message_or_of_another_tickets_reply(stores: Stores) -> None:
    stores.tickets.add(ticket("T-2", session_id="s"))
    stores.said.say(message_at(START, "1"), ANY)
    stores.said.say(reply_at(START, message_id="1"), ANY)
    stores.said.say(reply_at(START, message_id="1", ticket_id="T-2"), ANY)
    assert stores.kept() == ["1", "1", "1"]


def test_what_is_said_later_has_a_later_time_though_a_clock_is_behind(stores: Stores) -> None:
    stores.said.say(reply_at(START + SECOND), ANY)
    late = stores.said.say(message_at(START), ANY)
    assert late.timestamp == START + SECOND + MILLISECOND
    assert stores.kept() == ["r", "m"]


def test_what_was_on_its_way_for_long_has_the_time_at_which_it_is_kept(
    stores: Stores, clock: FakeClock
) -> None:
    clock.advance(seconds=1)
    without_ticket = stores.conversations.add(exchange_at(clock.now, message_id="m-1"))
    stores.said.say(reply_at(START), ANY)
    assert sequence_of(stores.conversations.news("s", 10, without_ticket.timestamp).exchanges) == ["r"]


def test_a_ticket_is_taken_back_with_its_events_as_it_was_read(stores: Stores) -> None:
    read = stores.tickets.get("T-1")
    stores.tickets.change("T-1", TicketChange("pending"))
    stores.tickets.take_back(read)
    with pytest.raises(UnknownTicket):
        stores.tickets.get("T-1")
    stores.tickets.take_back(read)


@pytest.mark.parametrize("said", [message_at(START), reply_at(START)])
def test_a_ticket_to_which_something_was_said_since_is_not_taken_back(stores: Stores, said: Exchange) -> None:
    read = stores.tickets.get("T-1")
    stores.said.say(said, ANY)
    stores.tickets.take_back(read)
    assert stores.tickets.get("T-1").ticket_id == "T-1"


def test_another_ticket_of_the_same_id_is_not_taken_back(stores: Stores) -> None:
    read = stores.tickets.get("T-1")
    stores.tickets.erase(["T-1"])
    later = stores.tickets.add(replace(ticket(session_id="s"), created_at=START + SECOND))
    stores.tickets.take_back(read)
    assert stores.tickets.get("T-1") == later


def test_a_taken_millisecond_is_evaded(stores: Stores) -> None:
    stores.conversations.add(exchange_at(START, message_id="before"))
    assert stores.said.say(message_at(START), ANY).timestamp == START + MILLISECOND


def test_what_was_said_can_be_erased_and_its_ids_are_free_again(stores: Stores) -> None:
    say: tuple[Callable[[], Exchange], ...] = (
        lambda: stores.said.say(message_at(START), ANY),
        lambda: stores.said.say(reply_at(START), ANY),
    )
    for _ in range(2):
        for each in say:
            each()
        assert stores.kept() == ["m", "r"]
        stores.conversations.erase(stores.conversations.everything("s"))
        assert stores.kept() == []


def test_what_is_said_at_once_is_all_kept_in_an_order(tables: None, clock: FakeClock) -> None:
    stores = Stores("dynamodb", clock)
    said = [message_at(START, f"m{n}") for n in range(6)]
    said += [reply_at(START, message_id=f"r{n}") for n in range(6)]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda each: stores.said.say(each, ANY), said))
    assert sorted(stores.conversations.latest("s", 100), key=str) == sorted(kept, key=str)
    noted = stores.tickets.get("T-1")
    assert max(noted.last_message_at or START, noted.last_reply_at or START) == max(e.timestamp for e in kept)
