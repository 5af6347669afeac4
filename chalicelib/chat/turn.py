"""One turn of the chat: from a customer's message to the stored exchange."""

import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.chat.answer_links import keep_known_links, known_hosts, resolve_with_links
from chalicelib.chat.hand_over import (
    CANNOT_SEARCH,
    NO_ANSWER,
    HandOvers,
    announce,
    by_rule,
    remind,
    ticket_of,
)
from chalicelib.chat.limits import Admission, Limits
from chalicelib.chat.lookups import Lookups
from chalicelib.chat.prompts import HistoryBudget, KnownCustomer, build_prompt
from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.search_query import search_queries
from chalicelib.chat.sessions import CustomerProof, Sessions
from chalicelib.chat.source_links import SourceLinks
from chalicelib.chat.spending import NOTHING, Spend, Spending
from chalicelib.domain.conversation import Exchange, HandOver, HandOverTicket, Passage, Reply, Sentiment
from chalicelib.domain.customer import Customer, Interaction
from chalicelib.domain.protocols import ConversationStore, InteractionStore, LanguageModel
from chalicelib.domain.ticket import TicketSummary
from chalicelib.errors import ErasedMeanwhile, MessageIdReused, ModelUnavailable, TooManyRequests, Unavailable
from chalicelib.masking import mask
from chalicelib.parallel import Call, Deadline, Parallel, Threads

if TYPE_CHECKING:
    from chalicelib.logs import TurnLogger

REMEMBERED_EXCHANGES = 20
"""What is read of a session: more than the model sees, so that a ticket is not soon forgotten."""


@dataclass(frozen=True)
class ChatOptions:
    """How a turn is run; see the settings of these names. The rest is how long a step may take at most."""

    passages_per_question: int
    history: HistoryBudget
    deadline_seconds: float
    link_hosts: Collection[str] = ()
    history_seconds: float = 3.0
    gather_seconds: float = 5.0
    store_seconds: float = 3.0


@dataclass(frozen=True)
class Message:
    """What a customer sends. `caller` is the network address.

    A session id that a client made up belongs to it, and the limits count it when no customer is proven.
    """

    query: str
    caller: str
    session_id: str | None = None
    message_id: str | None = None
    proof: CustomerProof | None = None


@dataclass(frozen=True)
class Turn:
    """A message of a known sender in a known session, with credentials masked, and what its calls run by.

    `session_id` is what the conversation is kept under, `sent_session_id` what the sender knows it by.
    """

    began_at: datetime
    session_id: str
    sent_session_id: str
    message_id: str
    retry_safe: bool
    has_past: bool
    question: str
    customer_id: str | None
    caller: str
    calls: Parallel
    deadline: Deadline


@dataclass(frozen=True)
class Gathered:
    """What is known when the model is asked: what was said before, and what was looked up for the question.

    `shown_to_model` is `earlier` without what the guardrail stopped: only the new question is judged, so a
    stopped one would come in by the back door.
    """

    earlier: tuple[Exchange, ...]
    shown_to_model: tuple[Exchange, ...]
    passages: tuple[Passage, ...]
    customer: KnownCustomer | None
    sentiment: float | None

    @property
    def ticket(self) -> HandOverTicket | None:
        """The ticket of a conversation that was handed over before."""
        return ticket_of(self.earlier)


@dataclass(frozen=True)
class Chat:
    """Answers customers from the knowledge base, and keeps what was said."""

    sessions: Sessions
    limits: Limits
    spending: Spending
    conversations: ConversationStore
    interactions: InteractionStore
    lookups: Lookups
    links: SourceLinks
    model: LanguageModel
    hand_overs: HandOvers
    threads: Threads
    clock: Callable[[], datetime]
    log: "TurnLogger"
    options: ChatOptions

    def answer(self, message: Message) -> Exchange:
        """Answer a message and return its exchange; the same message id again returns the same exchange.

        Nothing that costs money is called before the turn is admitted. Raises NotYourSession,
        WrongCustomerHash, MessageIdReused, TooManyRequests, BudgetReached, ModelUnavailable, ErasedMeanwhile.
        """
        watch = Stopwatch()
        turn = self._begin(message, Deadline(self.options.deadline_seconds))
        expected = self.spending.expected(turn.question, turn.has_past)
        admitting = turn.calls.start("storage", self.limits.admit, turn.caller, expected)
        answered_before, earlier = self._recall(turn) if turn.has_past else (None, ())
        watch.lap("history")
        if answered_before:
            self._release(turn, admitting)
            return self._answered(turn, require_same_question(answered_before, turn))
        try:
            admission = self._require_admission(turn, admitting)
        except TooManyRequests as refusal:
            gathered, reply = self._only_hand_over(turn, earlier, refusal)
            admission = Admission(turn.caller, self.clock(), NOTHING)
        else:
            gathered = self._gather(turn, earlier)
            watch.lap("gather")
            reply = self._ask_model(turn, gathered)
        watch.lap("model")
        stored = self._store(turn, gathered, self._conclude(turn, gathered, reply), admission)
        watch.lap("store")
        answered = self._answered(turn, stored)
        self.log.answered(answered, watch.laps_seconds)
        return require_same_question(answered, turn)

    def _begin(self, message: Message, deadline: Deadline) -> Turn:
        began_at = self.clock()
        customer_id = self.sessions.verified_customer(message.proof, began_at)
        session_id = self.sessions.for_chat(message.session_id, message.message_id)
        return Turn(
            began_at=began_at,
            session_id=self.sessions.kept_as(session_id, message.caller),
            sent_session_id=session_id,
            message_id=message.message_id or f"m_{uuid.uuid4().hex}",
            retry_safe=message.message_id is not None,
            has_past=message.session_id is not None or self.sessions.is_derived(message.message_id),
            # Masked here once, so that no credential goes to the model, the log or the tables.
            question=mask(message.query),
            customer_id=customer_id,
            caller=self.sessions.counted_as(customer_id, message.caller),
            calls=Parallel(self.threads.calls, self.log.degraded),
            deadline=deadline,
        )

    def _recall(self, turn: Turn) -> tuple[Exchange | None, tuple[Exchange, ...]]:
        """Return the exchange that this very message led to already, if any, and what was said before."""
        calls, deadline = turn.calls, turn.deadline.within(self.options.history_seconds)
        remembered = max(REMEMBERED_EXCHANGES, self.options.history.exchanges)
        recent = calls.start("history", self.conversations.latest, turn.session_id, remembered)
        answered_before: Exchange | None = None
        if turn.retry_safe:
            find = self.conversations.by_client_message
            replay = calls.start("history", find, turn.session_id, turn.message_id)
            answered_before = calls.settle(replay, None, deadline)
        earlier: tuple[Exchange, ...] = calls.settle(recent, (), deadline)
        if turn.retry_safe and answered_before is None:
            # A duplicate may have stored it between the two reads.
            answered_before = next((e for e in earlier if e.message_id == turn.message_id), None)
        # What a proven customer was told is not for somebody else who knows the session's id.
        return answered_before, tuple(e for e in earlier if e.customer_id in (None, turn.customer_id))

    def _require_admission(self, turn: Turn, admitting: Call[Admission]) -> Admission:
        """Return the right to spend. With slow counters the container counts for itself, as without any.

        Raises TooManyRequests, BudgetReached.
        """
        try:
            admission = admitting.result(
                turn.deadline.within(self.options.history_seconds).remaining_seconds()
            )
        except Unavailable as error:
            admission = self.limits.admit(
                turn.caller, self.spending.expected(turn.question, turn.has_past), error
            )
        if admission.outage:
            turn.calls.note(admitting.name, admission.outage)
        return admission

    def _release(self, turn: Turn, admitting: Call[Admission]) -> None:
        """Give back what was reserved for a message that turns out to be answered already."""
        try:
            admission = admitting.result(
                turn.deadline.within(self.options.history_seconds).remaining_seconds()
            )
        except (TooManyRequests, Unavailable):
            return  # nothing is reserved; the answer is there, and costs nothing more
        releasing = turn.calls.start("storage", self.limits.settle, admission, NOTHING)
        turn.calls.settle(releasing, None, turn.deadline.within(self.options.store_seconds))

    def _only_hand_over(
        self, turn: Turn, earlier: tuple[Exchange, ...], refusal: TooManyRequests
    ) -> tuple[Gathered, Reply]:
        """Let a customer who is over a limit get to a person, and no further. Raises TooManyRequests."""
        if not asks_for_a_person(turn.question) or not self.limits.admit_hand_over(turn.caller):
            raise refusal
        return Gathered(earlier, (), (), None, None), Reply(text="", model=None)

    def _gather(self, turn: Turn, earlier: tuple[Exchange, ...]) -> Gathered:
        calls, deadline = turn.calls, turn.deadline.within(self.options.gather_seconds)
        shown = tuple(e for e in earlier if not e.guardrail.intervened)
        queries = search_queries(turn.question, shown)
        finding = self.lookups.find_passages(calls, queries, self.options.passages_per_question)
        listening = self.lookups.detect_sentiment(calls, turn.question)
        identifying = self.lookups.find_customer(calls, turn.customer_id)
        listing = self.lookups.find_open_tickets(calls, turn.customer_id)
        customer: Customer | None = calls.settle(identifying, None, deadline)
        tickets: tuple[TicketSummary, ...] | None = calls.settle(listing, None, deadline)
        passages = finding.settle(calls, deadline)
        sentiment: Sentiment | None = calls.settle(listening, None, deadline)
        known = KnownCustomer(customer, tickets) if customer else None
        return Gathered(earlier, shown, passages, known, sentiment.score if sentiment else None)

    def _ask_model(self, turn: Turn, gathered: Gathered) -> Reply:
        ticket = gathered.ticket
        prompt = build_prompt(
            turn.question,
            gathered.shown_to_model,
            gathered.passages,
            gathered.customer,
            self.options.history,
            ticket.ticket_id if ticket else None,
        )
        call = Parallel(self.threads.model, self.log.degraded).start("model", self.model.reply, prompt)
        try:
            # A ticket and the exchange may still have to be written after the model.
            return call.result(
                turn.deadline.remaining_seconds(reserved_seconds=2 * self.options.store_seconds)
            )
        except Unavailable as error:
            if asks_for_a_person(turn.question):
                self.log.degraded("model", error)
                return Reply(text="", model=None)
            # What was reserved stays counted: Bedrock may have answered all the same, and too late.
            if isinstance(error, ModelUnavailable):
                raise
            raise ModelUnavailable from error

    def _conclude(self, turn: Turn, gathered: Gathered, reply: Reply) -> Exchange:
        """Resolve citations and links, and decide whether a person takes over."""
        hosts = known_hosts(gathered.passages, self.options.link_hosts)
        cited = resolve_with_links(reply.text, gathered.passages, hosts)
        # Nothing found because nothing could be asked is an outage, not a gap in the articles.
        is_blind = cited.unanswered and "knowledge_base" in turn.calls.degraded
        exchange = Exchange(
            session_id=turn.session_id,
            message_id=turn.message_id,
            timestamp=self.clock(),
            question=turn.question,
            answer=CANNOT_SEARCH if is_blind else mask(cited.text),
            model=reply.model,
            citations=cited.citations,
            usage=reply.usage,
            guardrail=reply.guardrail,
            customer_id=turn.customer_id,
            sentiment=gathered.sentiment,
            # An emoji or "ok" without an answer is no gap, and no step towards a ticket.
            unanswered=cited.unanswered and not is_blind and small_talk(turn.question) is None,
        )
        hand_over = _clean(reply.hand_over, hosts) or by_rule(exchange, gathered.earlier)
        if hand_over:
            exchange = self._hand_over(turn, gathered, hand_over, exchange)
        return replace(exchange, answer=exchange.answer or NO_ANSWER)

    def _hand_over(self, turn: Turn, gathered: Gathered, hand_over: HandOver, exchange: Exchange) -> Exchange:
        if gathered.ticket:
            return remind(exchange, hand_over, gathered.ticket)
        ticket_id = self.hand_overs.ticket_id(exchange, gathered.earlier)
        opening = turn.calls.start(
            "storage", self.hand_overs.open, hand_over, exchange, ticket_id, turn.began_at
        )
        opened: HandOverTicket | None = None
        # Where all was erased meanwhile, the exchange is refused as well: that ends the turn.
        with suppress(ErasedMeanwhile):
            opened = turn.calls.settle(opening, None, turn.deadline.within(self.options.store_seconds))
        if opened is None:
            exchange = replace(exchange, unconfirmed_ticket_id=ticket_id)
        return announce(exchange, hand_over, opened)

    def _store(self, turn: Turn, gathered: Gathered, exchange: Exchange, admission: Admission) -> Exchange:
        """Keep an exchange; return what its message id stands for now, which a duplicate may have stored.

        Raises ErasedMeanwhile, with nothing of the turn kept.
        """
        calls, deadline = turn.calls, turn.deadline.within(self.options.store_seconds)
        add = self.conversations.add_once if turn.retry_safe else self.conversations.add
        writing = calls.start("storage", add, replace(exchange, degraded=calls.degraded), turn.began_at)
        counting = calls.start("storage", self.limits.settle, admission, self._spent(admission, exchange))
        stored: Exchange | None = None
        try:
            stored = calls.settle(writing, None, deadline)
            if stored and stored.customer_id:
                # With the timestamp that the exchange was stored under, by which it is erased with it.
                interaction = _interaction(stored.customer_id, stored)
                logging = calls.start("interactions", self.interactions.add, interaction, turn.began_at)
                calls.settle(logging, None, deadline)
        except ErasedMeanwhile:
            self._take_back(turn, stored, None if gathered.ticket else _opened_by(exchange))
            raise
        finally:
            calls.settle(counting, None, deadline)
        return stored or exchange

    def _take_back(self, turn: Turn, stored: Exchange | None, ticket_id: str | None) -> None:
        """Delete what a turn wrote before its next write was refused.

        The erasure may have missed it: an index follows a write within moments, and what leads to a ticket is
        the exchange.
        """
        calls, deadline = turn.calls, turn.deadline.within(self.options.store_seconds)
        deleting = []
        if stored:
            deleting.append(calls.start("storage", self.conversations.erase, [stored]))
        if ticket_id:
            deleting.append(calls.start("storage", self.hand_overs.take_back, ticket_id))
        for each in deleting:
            calls.settle(each, None, deadline)

    def _spent(self, admission: Admission, exchange: Exchange) -> Spend:
        if exchange.model is None:
            return admission.reserved
        return self.spending.of(exchange.question, exchange.answer, exchange.usage)

    def _answered(self, turn: Turn, exchange: Exchange) -> Exchange:
        """Return an exchange as it is answered now: in the sender's session, with links and what it lacks."""
        (linked,) = self.links.linked_exchanges([exchange], turn.calls.note)
        degraded = dict.fromkeys((*exchange.degraded, *turn.calls.degraded))
        return replace(linked, session_id=turn.sent_session_id, degraded=tuple(degraded))


class Stopwatch:
    """Measures the steps of a turn."""

    def __init__(self) -> None:
        self.laps_seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        """Keep how long it was since the last lap."""
        now = time.perf_counter()
        self.laps_seconds[step] = now - self._last
        self._last = now


def _opened_by(exchange: Exchange) -> str | None:
    """Return the id of the ticket that an exchange is the first to name, if any."""
    return exchange.handed_over.ticket_id if exchange.handed_over else exchange.unconfirmed_ticket_id


def require_same_question(exchange: Exchange, turn: Turn) -> Exchange:
    """Return the exchange of the turn's message id.

    Raises MessageIdReused if it answers another question, or somebody whom the sender did not prove to be.
    """
    if exchange.question != turn.question or exchange.customer_id not in (None, turn.customer_id):
        raise MessageIdReused
    return exchange


def _clean(hand_over: HandOver | None, hosts: Collection[str]) -> HandOver | None:
    """Return the model's hand-over without credentials, links to other hosts, and marks of nothing."""
    if hand_over is None:
        return None
    summary = keep_known_links(hand_over.summary, hosts)
    message = resolve_with_links(hand_over.message, (), hosts).text
    return replace(hand_over, summary=mask(summary), message=mask(message))


def _interaction(customer_id: str, exchange: Exchange) -> Interaction:
    return Interaction(
        customer_id=customer_id,
        timestamp=exchange.timestamp,
        channel="chat",
        sentiment=exchange.sentiment,
        session_id=exchange.session_id,
    )
