"""The chat and the ticket desk over the same fakes."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.chat.hand_over import HandOvers
from chalicelib.chat.limits import LimitOptions, Limits
from chalicelib.chat.lookups import Lookups
from chalicelib.chat.person.contacts import Contacts
from chalicelib.chat.person.record import Record
from chalicelib.chat.progress.pending import PendingAnswers
from chalicelib.chat.prompts import HistoryBudget
from chalicelib.chat.sessions import Sessions, Visitor
from chalicelib.chat.source_links import SourceLinks
from chalicelib.chat.spending import Spending
from chalicelib.chat.transcripts import Transcripts
from chalicelib.chat.turn import Chat
from chalicelib.chat.turn_parts import ChatOptions, Message
from chalicelib.domain.conversation import Exchange, Feature, Usage
from chalicelib.domain.protocols import NO_USAGE
from chalicelib.errors import Unavailable
from chalicelib.parallel import Threads
from chalicelib.stores.state import OwnCounters
from chalicelib.tickets.agents_model import AgentsModel
from chalicelib.tickets.articles import Articles
from chalicelib.tickets.customer_context import CustomerRules
from chalicelib.tickets.desk import NewTicket, Received, TicketDesk
from chalicelib.tickets.drafts import Drafts
from chalicelib.tickets.erasure import Erasure
from chalicelib.tickets.replies import NewReply, Replies
from tests.builders import ADA, BOB, REFUND, RESET, customer_proof
from tests.fakes import (
    FakeClock,
    FakeConversations,
    FakeCounters,
    FakeCustomers,
    FakeErasureMarks,
    FakeEvents,
    FakeInteractions,
    FakeKnowledgeBase,
    FakeLinks,
    FakeModel,
    FakePending,
    FakeSentiment,
    FakeTicketConversations,
    FakeTicketLog,
    FakeTickets,
    FakeTurnLog,
)

SECRET = "test-secret"
SPENDING = Spending((1.0, 5.0), passages=5, history_tokens=1000, max_tokens=500, has_guardrail=True)
RULES = CustomerRules(
    high_value_lifetime_usd=10_000, churn_sentiment=-0.4, churn_open_tickets=3, churn_inactive_days=180
)
NOBODY = Visitor("address#192.0.2.1")
PARCEL = NewTicket(ADA.external_id, "Parcel is late", "It should have come on Monday.", ticket_id="T-1")


ADA_PROOF, BOB_PROOF = ({"proof": customer_proof(customer.external_id, SECRET)} for customer in (ADA, BOB))
"""The field of a message by which a customer is proven."""


class AtOnce(Executor):
    """Makes each call where it is started."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        made: Future[Any] = Future()
        try:
            made.set_result(call(*args, **kwargs))
        except Unavailable as error:
            made.set_exception(error)
        return made


class Scene:
    """What customers and agents use, and the fakes below it, which they reach through `reaching`."""

    def __init__(
        self,
        threads: Threads,
        requests_per_minute: int = 0,
        tokens_per_day: int = 0,
        budget_micro_usd: int = 0,
        visits_per_minute: int = 0,
        visits_per_day: int = 0,
        tickets: type[FakeTickets] = FakeTickets,
        conversations: type[FakeConversations] = FakeConversations,
        ticket_conversations: type[FakeTicketConversations] = FakeTicketConversations,
        reaching: Callable[[Any], Any] = lambda part: part,
    ) -> None:
        self.clock = FakeClock()
        self.log, self.ticket_log = FakeTurnLog(), FakeTicketLog()
        self.marks = FakeErasureMarks(self.clock)
        self.conversations = conversations(30, self.clock, self.marks)
        self.pending = FakePending(self.clock, self.marks)
        self.interactions = FakeInteractions(clock=self.clock, marks=self.marks)
        self.tickets = tickets(clock=self.clock, marks=self.marks)
        self.ticket_conversations = ticket_conversations(self.conversations, self.tickets)
        self.customers = FakeCustomers(ADA, BOB)
        self.knowledge_base, self.sentiment = FakeKnowledgeBase(RESET, REFUND), FakeSentiment()
        self.links, self.model, self.counters = FakeLinks(), FakeModel(), FakeCounters()
        self.sessions = Sessions(lambda: SECRET, accept_made_up_ids=True)
        hand_overs = HandOvers(self.sessions, reaching(self.tickets), reaching(self.marks))
        contacts = Contacts(reaching(self.conversations), reaching(self.tickets))
        self.forgotten: list[str] = []
        self.refused: list[tuple[str, datetime | None]] = []
        self.costs: list[tuple[Mapping[Feature, int], str | None, Usage]] = []
        self.announced = FakeEvents()
        lookups = Lookups(self.knowledge_base, self.sentiment, self.customers, reaching(self.tickets))
        links = SourceLinks(self.links)
        options = LimitOptions(
            requests_per_minute, tokens_per_day, budget_micro_usd, visits_per_minute, visits_per_day
        )
        reached = self.log.budget_reached
        limits = Limits(self.counters, OwnCounters(), options, self.clock, self.announced.add, reached)
        self.pending_answers = PendingAnswers(
            self.sessions, reaching(self.pending), AtOnce(), self.clock, self.log, seconds_between_writes=0
        )
        self.chat = Chat(
            sessions=self.sessions,
            limits=limits,
            spending=SPENDING,
            conversations=reaching(self.conversations),
            record=Record(
                reaching(self.conversations),
                reaching(self.ticket_conversations),
                reaching(self.interactions),
                contacts,
                hand_overs,
            ),
            contacts=contacts,
            lookups=lookups,
            links=links,
            model=reaching(self.model),
            pending=self.pending_answers,
            hand_overs=hand_overs,
            threads=threads,
            clock=self.clock,
            log=self.log,
            options=ChatOptions(5, HistoryBudget(5, 1000), 26, link_hosts=(), support_hours_text=""),
            count_refusal=lambda session_id, _caller, said_at: self.refused.append((session_id, said_at)),
        )
        self.transcripts = Transcripts(
            self.sessions,
            limits,
            reaching(self.conversations),
            reaching(self.pending),
            reaching(self.interactions),
            reaching(self.tickets),
            contacts,
            reaching(self.marks),
            self.customers,
            links,
            self.clock,
            self.log,
        )
        self.desk = TicketDesk(
            tickets=reaching(self.tickets),
            interactions=reaching(self.interactions),
            conversations=reaching(self.conversations),
            lookups=lookups,
            links=links,
            limits=limits,
            spending=SPENDING,
            rules=RULES,
            knows_customers=True,
            suggestions=5,
            count_cost=self._count_cost,
            executor=threads.calls,
            clock=self.clock,
            log=self.ticket_log,
        )
        self.replies = Replies(
            reaching(self.tickets), reaching(self.ticket_conversations), self.clock, self.ticket_log
        )
        agents_model = AgentsModel(
            reaching(self.model),
            Limits(
                self.counters,
                OwnCounters(),
                LimitOptions(0, 0, budget_micro_usd),
                self.clock,
                self.announced.add,
                reached,
            ),
            SPENDING,
            threads,
            self._count_cost,
            self.ticket_log,
        )
        self.articles = Articles(self.desk, agents_model, self.ticket_log, (), 26)
        self.drafts = Drafts(
            desk=self.desk,
            tickets=reaching(self.tickets),
            lookups=lookups,
            links=links,
            model=agents_model,
            clock=self.clock,
            log=self.ticket_log,
            passages=5,
            style="As a friend would.",
            link_hosts=(),
            deadline_seconds=26,
        )
        self.erasure = Erasure(
            self.sessions,
            reaching(self.conversations),
            reaching(self.pending),
            reaching(self.interactions),
            reaching(self.tickets),
            reaching(self.marks),
            self.forgotten.append,
        )

    def _count_cost(
        self, features: Mapping[Feature, int], model: str | None = None, usage: Usage = NO_USAGE
    ) -> None:
        self.costs.append((features, model, usage))

    def ask(self, query: str, **fields: Any) -> Exchange:
        """Send a message as a network address."""
        return self.chat.answer(Message(query, caller="address#192.0.2.1", **fields))

    def post(self, new: NewTicket = PARCEL, **changes: Any) -> Received:
        """Post a ticket."""
        return self.desk.receive(replace(new, **changes))

    def reply(self, ticket_id: str, message: str = "It is on its way.", **fields: Any) -> Exchange:
        """Reply as the agent Jo."""
        return self.replies.send(ticket_id, NewReply(**{"author": "Jo", "message": message, **fields}))


@contextmanager
def open_scene(**options: Any) -> Iterator[Scene]:
    """Open a scene with threads of its own."""
    with ThreadPoolExecutor(32) as calls, ThreadPoolExecutor(4) as model:
        yield Scene(Threads(calls, model), **options)


class Meeting:
    """Lets nobody on before all have come; who comes later is let through."""

    def __init__(self, participants: int) -> None:
        self._barrier = threading.Barrier(participants, timeout=10)
        self._took_place = False

    def __call__(self) -> None:
        if not self._took_place:
            self._barrier.wait()
            self._took_place = True


@contextmanager
def hanging(*parts: Any) -> Iterator[Callable[[], object]]:
    """Let these fakes hang until the block ends."""
    released = threading.Event()
    for part in parts:
        part.before = lambda: released.wait(20)
    try:
        yield released.set
    finally:
        released.set()
