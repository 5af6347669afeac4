"""What a customer and agents say to each other gets there once, in order and to the right one of the two.

Each message and reply runs as a worker that stops before and after every call of a store and of the model.
The machine chooses who goes on, who dies there, which call fails, and what happens meanwhile.
"""

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.ticket import TicketChange, TicketState, TicketStatus
from chalicelib.errors import (
    ConversationErased,
    ErasedMeanwhile,
    ReplyIdReused,
    TicketClosed,
    Unavailable,
    UnknownTicket,
)
from chalicelib.parallel import Threads
from tests.fakes import FakeTicketConversations, FakeTickets
from tests.interleaving import AtOnce, Fault, Stage, Stepwise, Worker
from tests.scene import NOBODY, Scene

TO_THE_END = 999
REFUSALS = (TicketClosed, ConversationErased, UnknownTicket, ErasedMeanwhile, ReplyIdReused)


@dataclass
class Sending:
    """What somebody sends until it is taken; what it `became` is what the last answer said."""

    id: str
    text: str
    ticket_id: str | None = None
    closes: bool = False
    became: Exchange | None = None
    is_refused: bool = False


@dataclass
class Said:
    """That an exchange was kept in a conversation with a ticket, and the state in which it was."""

    exchange: Exchange
    state: TicketState


@dataclass
class Watched:
    """What was really kept, in its order, and how much of it was erased from which ticket."""

    said: list[Said] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)

    def heard(self, ticket_id: str) -> list[str]:
        """Return the ids of what others hear of a ticket, as if nothing were erased."""
        said = [each.exchange for each in self.said if each.exchange.handled_by == "agent"]
        return [each.message_id for each in said if each.ticket_id == ticket_id]


class WatchedConversations(FakeTicketConversations):
    """Notes what is said in which state of a ticket."""

    watched: Watched

    def say(
        self,
        exchange: Exchange,
        states: Collection[TicketState],
        closes: bool = False,
        began_at: datetime | None = None,
    ) -> Exchange:
        before = self._conversations.stored_first(exchange)
        ticket = self._tickets.kept.get(exchange.ticket_id or "")
        kept = super().say(exchange, states, closes, began_at)
        if before is None and ticket:
            self.watched.said.append(Said(kept, ticket.state))
        return kept


class WatchedTickets(FakeTickets):
    """Notes what is erased from them."""

    watched: Watched

    def erase_text(self, ticket_id: str, notice: str) -> None:
        super().erase_text(ticket_id, notice)
        self.watched.erased[ticket_id] = len(self.watched.heard(ticket_id))


any_of = st.integers(0, 5)
steps = st.integers(1, 30) | st.just(TO_THE_END)
faults: st.SearchStrategy[Fault] = st.sampled_from(["none"] * 6 + ["refused", "answer lost"])
texts = st.sampled_from(["Where is my parcel?", "I want to talk to a human"])


class PersonMachine(RuleBasedStateMachine):
    """Interleaves everything that can happen in one conversation."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        threads = Threads(AtOnce(), AtOnce())
        self.scene = Scene(
            threads,
            reaching=self._reaching,
            tickets=WatchedTickets,
            ticket_conversations=WatchedConversations,
        )
        self.watched = Watched()
        assert isinstance(self.scene.tickets, WatchedTickets)
        assert isinstance(self.scene.ticket_conversations, WatchedConversations)
        self.scene.tickets.watched = self.scene.ticket_conversations.watched = self.watched
        self.session_id = self.scene.sessions.issue()
        self.sent = 0
        self.erasing: Worker | None = None
        self.messages: list[Sending] = []
        self.replies: list[Sending] = []
        self.workers: list[Worker] = []
        self.read: list[Exchange] = []
        self.newest: datetime | None = None

    def _reaching(self, part: object) -> Stepwise:
        return Stepwise(self.stage, part, Unavailable("storage"))

    @rule(text=texts, steps=steps, fault=faults)
    def the_customer_writes(self, text: str, steps: int, fault: Fault) -> None:
        self.messages.append(Sending(f"m{self._next()}", text))
        self._employ(self.messages[-1], steps, fault)

    @precondition(lambda self: self.messages)
    @rule(which=any_of, steps=steps)
    def a_message_is_sent_again(self, which: int, steps: int) -> None:
        self._employ(self.messages[-1 - which % len(self.messages)], steps, "none")

    @precondition(lambda self: self.scene.tickets.kept)
    @rule(which=any_of, closes=st.booleans(), steps=steps, fault=faults)
    def an_agent_replies(self, which: int, closes: bool, steps: int, fault: Fault) -> None:
        number = self._next()
        self.replies.append(Sending(f"r{number}", f"reply {number}", self._ticket(which), closes))
        self._employ(self.replies[-1], steps, fault)

    @precondition(lambda self: self.replies)
    @rule(which=any_of, steps=steps)
    def a_reply_is_sent_again(self, which: int, steps: int) -> None:
        self._employ(self.replies[-1 - which % len(self.replies)], steps, "none")

    @precondition(lambda self: self.scene.tickets.kept)
    @rule(which=any_of, status=st.sampled_from(get_args(TicketStatus)))
    def an_agent_moves_a_ticket(self, which: int, status: TicketStatus) -> None:
        # The customer may be erasing the conversation.
        with suppress(ErasedMeanwhile):
            self.scene.desk.change(self._ticket(which), TicketChange(status))

    @precondition(lambda self: self.workers)
    @rule(which=any_of, steps=steps, fault=faults)
    def a_worker_goes_on(self, which: int, steps: int, fault: Fault) -> None:
        self.workers[which % len(self.workers)].go_on(steps, fault)
        self._dismiss()

    @precondition(lambda self: self.workers)
    @rule(which=any_of)
    def a_worker_dies(self, which: int) -> None:
        self.workers[which % len(self.workers)].die()
        self._dismiss()

    @precondition(lambda self: not self.erasing)
    @rule(steps=steps, fault=faults)
    def the_customer_erases_the_conversation(self, steps: int, fault: Fault) -> None:
        self.erasing = Worker(self.stage, self._erase)
        self._go_on(self.erasing, steps, fault)

    @rule()
    def the_page_reads_on(self) -> None:
        limit = 3 if self.newest else 100
        reading = self.scene.transcripts.read(self.session_id, NOBODY, limit, None, self.newest)
        self.read += reading.page.exchanges
        self.newest = reading.page.newer_than

    @rule(milliseconds=st.sampled_from([1, 1000]))
    def time_passes(self, milliseconds: int) -> None:
        self.scene.clock.advance(milliseconds=milliseconds)

    @invariant()
    def nothing_is_kept_twice(self) -> None:
        kept = Counter((bool(e.author), e.message_id) for e in self.scene.conversations.kept)
        assert all(times == 1 for times in kept.values())

    @precondition(lambda self: not self.erasing)
    @invariant()
    def what_was_taken_is_kept_as_it_was_answered(self) -> None:
        for sending in (*self.messages, *self.replies):
            if sending.became and "storage" not in sending.became.degraded:
                kept = self._kept(sending)
                assert kept
                assert kept.handled_by == sending.became.handled_by

    @invariant()
    def it_goes_to_whom_the_ticket_says(self) -> None:
        for said in self.watched.said:
            exchange = said.exchange
            if exchange.author:
                assert said.state != "closed"
            elif exchange.handled_by == "agent":
                assert said.state == "agent"
            elif not exchange.handed_over:
                assert said.state != "agent"

    @invariant()
    def what_is_said_later_has_a_later_time(self) -> None:
        for ticket_id in self.scene.tickets.kept:
            times = [
                each.exchange.timestamp for each in self.watched.said if each.exchange.ticket_id == ticket_id
            ]
            assert times == sorted(set(times))

    @invariant()
    def others_hear_of_all_of_it_in_that_order(self) -> None:
        for ticket in self.scene.tickets.kept.values():
            events = self.scene.tickets.events_of(ticket.ticket_id)
            numbers = [event.number for event in events]
            assert numbers == list(range(ticket.newest_event - len(events) + 1, ticket.newest_event + 1))
            assert not events or events[-1].data["status"] == ticket.status
            ids = [event.data.get("reply_id") or event.data.get("message_id") for event in events]
            told = [each for each in ids if each]
            # What was told before the customer erased it is gone.
            gone = self.watched.erased.get(ticket.ticket_id, 0)
            assert told == self.watched.heard(ticket.ticket_id)[gone:]
            assert self.session_id not in str(events)

    @invariant()
    def a_ticket_that_somebody_was_told_of_stays(self) -> None:
        assert {said.exchange.ticket_id for said in self.watched.said} <= set(self.scene.tickets.kept)

    def teardown(self) -> None:
        """See that everything arrives once nothing goes wrong any more, and is read once."""
        for worker in self.workers:
            worker.die()
        self._dismiss()
        # An erasure that was cut off refuses what comes for some minutes.
        self.scene.clock.advance(minutes=5)
        for sending in (*self.messages, *self.replies):
            if not sending.became:
                self._send(sending)
        assert all(sending.became for sending in self.messages)
        assert all(bool(self._kept(sending)) != sending.is_refused for sending in self.replies)
        for _ in range(len(self.scene.conversations.kept) + 1):
            self.the_page_reads_on()
        read = Counter(e.message_id for e in self.read if e.author)
        assert set(read.values()) <= {1}
        assert {e.message_id for e in self.scene.conversations.kept if e.author} <= set(read)

    def _next(self) -> int:
        self.sent += 1
        return self.sent

    def _ticket(self, which: int) -> str:
        return list(self.scene.tickets.kept)[which % len(self.scene.tickets.kept)]

    def _kept(self, sending: Sending) -> Exchange | None:
        is_reply = sending.ticket_id is not None
        found = (e for e in self.scene.conversations.kept if e.message_id == sending.id)
        return next((e for e in found if bool(e.author) == is_reply), None)

    def _send(self, sending: Sending) -> None:
        try:
            if sending.ticket_id:
                fields = {"reply_id": sending.id, "closes": sending.closes}
                sending.became = self.scene.reply(sending.ticket_id, sending.text, **fields)
            else:
                ids = {"session_id": self.session_id, "message_id": sending.id}
                sending.became = self.scene.ask(sending.text, **ids)
            sending.is_refused = False
        except REFUSALS:
            sending.is_refused = True
            # An erasure may have taken the ticket already, and the reply not yet.
            is_erased = self.erasing or sending not in (*self.messages, *self.replies)
            assert is_erased or not self._kept(sending)

    def _erase(self) -> None:
        self.scene.transcripts.erase(self.session_id, NOBODY)
        assert self.scene.conversations.kept == []

    def _employ(self, sending: Sending, steps: int, fault: Fault) -> None:
        self._go_on(Worker(self.stage, lambda: self._send(sending)), steps, fault)

    def _go_on(self, worker: Worker, steps: int, fault: Fault) -> None:
        self.workers.append(worker)
        worker.go_on(steps, fault)
        self._dismiss()

    def _dismiss(self) -> None:
        self.workers = [worker for worker in self.workers if not worker.is_done]
        if self.erasing and self.erasing.is_done:
            # Of what was sent until then nothing is promised, also where the erasure was cut off.
            self.messages, self.replies, self.erasing = [], [], None
            self.scene.clock.advance(seconds=1)


TestPerson = PersonMachine.TestCase
TestPerson.settings = settings(max_examples=6 * settings().max_examples, stateful_step_count=40)
