"""One turn of the chat: from a customer's message to the stored exchange."""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.chat.answer_links import keep_known_links, known_hosts, resolve_with_links
from chalicelib.chat.hand_over import HandOvers, announce, by_rule, remind
from chalicelib.chat.limits import Admission, Limits
from chalicelib.chat.lookups import Lookups
from chalicelib.chat.person.contacts import (
    Contacts,
    confirmed_by,
    contact_in,
    offer,
    offered,
    on_record,
    says_only,
    thanks,
)
from chalicelib.chat.person.record import Record
from chalicelib.chat.progress.pending import PendingAnswers, Progress
from chalicelib.chat.progress.shown import shown
from chalicelib.chat.prompts import KnownCustomer, build_prompt
from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.search_query import search_queries
from chalicelib.chat.sessions import Sessions
from chalicelib.chat.source_links import SourceLinks, has_restricted
from chalicelib.chat.spending import NOTHING, Spend, Spending
from chalicelib.chat.turn_parts import ChatOptions, Gathered, Message, Stopwatch, Turn
from chalicelib.chat.voice import Voice
from chalicelib.domain.access import AN_AGENT, NOBODY_KNOWN, Reader, customer_reader, widest_reader
from chalicelib.domain.conversation import (
    Contact,
    Exchange,
    HandOver,
    HandOverTicket,
    Nearest,
    Passage,
    Reply,
    Sentiment,
    last_ticket_id,
)
from chalicelib.domain.customer import Customer
from chalicelib.domain.protocols import ConversationStore, LanguageModel
from chalicelib.domain.ticket import ConversationTicket, TicketSummary
from chalicelib.errors import (
    ErasedMeanwhile,
    MessageIdReused,
    ModelUnavailable,
    SpentForToday,
    TooManyRequests,
    Unavailable,
)
from chalicelib.masking import mask
from chalicelib.parallel import Call, Deadline, Parallel, Threads

if TYPE_CHECKING:
    from chalicelib.logs import TurnLogger

REMEMBERED_EXCHANGES = 20
"""What is read of a session: more than the model sees, so that a message sent again is found."""


@dataclass(frozen=True)
class Chat:
    """Answers customers from the knowledge base, and keeps what was said."""

    sessions: Sessions
    limits: Limits
    spending: Spending
    conversations: ConversationStore
    record: Record
    contacts: Contacts
    lookups: Lookups
    links: SourceLinks
    model: LanguageModel
    pending: PendingAnswers
    hand_overs: HandOvers
    threads: Threads
    clock: Callable[[], datetime]
    log: "TurnLogger"
    options: ChatOptions
    count_refusal: Callable[[str, str, datetime | None], None]

    def answer(self, message: Message) -> Exchange:
        """Answer a message and return its exchange; the same message id again returns the same exchange.

        While an agent has the conversation the message is passed on, and its exchange has no answer.
        Nothing that costs money is called before the turn is admitted. Raises NotYourSession,
        WrongCustomerHash, MessageIdReused, TooManyRequests, BudgetReached, ModelUnavailable, ErasedMeanwhile,
        and Unavailable when a message could not be passed on.
        """
        try:
            return self._answer(message)
        except TooManyRequests:
            self.log.not_answered("limited")
            raise
        except Unavailable:
            self.log.not_answered("failed")
            raise

    def _answer(self, message: Message) -> Exchange:
        turn = self._begin(message, Deadline(self.options.deadline_seconds))
        expected = self.spending.expected(turn.question, turn.has_past)
        admitting = turn.calls.start("storage", self.limits.admit, turn.caller, expected)
        answered_before, earlier = self._recall(turn) if turn.has_past else (None, ())
        turn.watch.lap("history")
        if answered_before:
            self._release(turn, admitting)
            return self._answered(turn, require_same_question(answered_before, turn))
        try:
            admission = self._require_admission(turn, admitting)
        except TooManyRequests as refusal:
            stored = self._only_to_a_person(turn, earlier, refusal)
            if stored is None:
                self._count_refusal(turn, earlier)
                raise
        else:
            gathered = self._gather(turn, earlier)
            turn.watch.lap("gather")
            stored = (
                self._pass_on(turn, gathered, admission, self.spending.lookups(turn.question))
                or self._take_contact(turn, gathered, admission)
                or self._reply(turn, gathered, admission)
            )
        turn.watch.lap("store")
        answered = self._answered(turn, stored)
        self.log.answered(answered, turn.watch.laps_seconds)
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
            progressive=message.progressive,
            voice=Voice(message.language, self.options.support_hours_text),
            # Masked here once, so that no credential goes to the model, the log or the tables.
            question=mask(message.query),
            customer_id=customer_id,
            caller=self.sessions.counted_as(customer_id, message.caller),
            calls=Parallel(self.threads.calls, self.log.degraded),
            deadline=deadline,
            store_seconds=self.options.store_seconds,
            watch=Stopwatch(),
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
            sent = (e for e in earlier if e.message_id == turn.message_id and not e.author)
            answered_before = next(sent, None)
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
        self._count(turn, admission, NOTHING)

    def _count(self, turn: Turn, admission: Admission, spent: Spend) -> None:
        counting = turn.calls.start("storage", self.limits.settle, admission, spent)
        turn.calls.settle(counting, None, turn.storing())

    def _only_to_a_person(
        self, turn: Turn, earlier: tuple[Exchange, ...], refusal: TooManyRequests
    ) -> Exchange | None:
        """Let a customer who is over a limit get to a person; None where they don't."""
        # What is written to an agent costs nothing of what is spent.
        may_write, wants_person = isinstance(refusal, SpentForToday), asks_for_a_person(turn.question)
        if not (may_write or wants_person):
            return None
        nothing = Admission(turn.caller, self.clock(), NOTHING)
        gathered = Gathered(earlier, (), (), None, None, self._read_ticket(turn, earlier))
        if may_write and (passed_on := self._pass_on(turn, gathered, nothing, NOTHING)):
            return passed_on
        if not wants_person or not self.limits.admit_hand_over(turn.caller):
            return None
        exchange = self._conclude(turn, gathered, Reply(text="", model=None))
        return self._store(turn, gathered, exchange, nothing, self._spent(nothing, exchange))

    def _count_refusal(self, turn: Turn, earlier: tuple[Exchange, ...]) -> None:
        said_at = earlier[-1].timestamp if earlier else None
        counting = turn.calls.start("storage", self.count_refusal, turn.session_id, turn.caller, said_at)
        turn.calls.settle(counting, None, turn.storing())

    def _pass_on(self, turn: Turn, gathered: Gathered, admission: Admission, spent: Spend) -> Exchange | None:
        """Give a message to the agent who has the conversation; None if none has.

        Raises Unavailable: then nothing was passed on, and the same message can be sent again.
        """
        if not gathered.is_with_agent:
            return None
        message = replace(self._message(turn, gathered), costs_micro_usd=spent.features)
        try:
            passed_on = self.record.pass_on(turn, message)
        except (Unavailable, ErasedMeanwhile):
            self._count(turn, admission, NOTHING)
            raise
        if passed_on:
            self._count(turn, admission, spent)
        return passed_on

    def _take_contact(self, turn: Turn, gathered: Gathered, admission: Admission) -> Exchange | None:
        """Offer back what somebody unknown says of how to reach them, or keep it if they agree; else None.

        No model is asked. Raises ErasedMeanwhile, Unavailable.
        """
        if not gathered.is_waiting or turn.customer_id:
            return None
        message, contact = self._message(turn, gathered), confirmed_by(turn.question, gathered.earlier)
        if contact:
            self._keep_contact(turn, contact, admission)
            answered = replace(message, answer=thanks(contact, turn.voice))
        elif (said := contact_in(turn.question)) and says_only(turn.question, said):
            answered = replace(message, answer=offer(said, turn.voice), offered_contact=said)
        else:
            return None
        return self._store(turn, gathered, answered, admission, self.spending.lookups(turn.question))

    def _keep_contact(self, turn: Turn, contact: Contact, admission: Admission) -> None:
        keep = self.contacts.keep
        keeping = turn.calls.start("storage", keep, turn.session_id, None, contact, turn.began_at)
        try:
            keeping.result(turn.storing().remaining_seconds())
        except (Unavailable, ErasedMeanwhile):
            self._count(turn, admission, NOTHING)
            raise

    def _gather(self, turn: Turn, earlier: tuple[Exchange, ...]) -> Gathered:
        calls, deadline = turn.calls, turn.deadline.within(self.options.gather_seconds)
        ticket_id = last_ticket_id(earlier, turn.customer_id)
        reading = self.lookups.find_ticket(calls, ticket_id)
        shown = tuple(e for e in earlier if not e.guardrail.intervened)
        queries = search_queries(turn.question, shown)
        finding = self.lookups.find_passages(
            calls, queries, self.options.passages_per_question, widest_reader(turn.customer_id)
        )
        listening = self.lookups.detect_sentiment(calls, turn.question)
        identifying = self.lookups.find_customer(calls, turn.customer_id)
        listing = self.lookups.find_open_tickets(calls, turn.customer_id)
        customer: Customer | None = calls.settle(identifying, None, deadline)
        tickets: tuple[TicketSummary, ...] | None = calls.settle(listing, None, deadline)
        reader = customer_reader(turn.customer_id, customer.tier if customer else None)
        passages = self.lookups.settle_for(finding, reader, calls, deadline)
        sentiment: Sentiment | None = calls.settle(listening, None, deadline)
        known = KnownCustomer(customer, tickets) if customer else None
        ticket = calls.settle(reading, _unread(ticket_id), deadline)
        return Gathered(earlier, shown, passages, known, sentiment.score if sentiment else None, ticket)

    def _read_ticket(self, turn: Turn, earlier: tuple[Exchange, ...]) -> ConversationTicket | None:
        ticket_id = last_ticket_id(earlier, turn.customer_id)
        reading = self.lookups.find_ticket(turn.calls, ticket_id)
        deadline = turn.deadline.within(self.options.gather_seconds)
        return turn.calls.settle(reading, _unread(ticket_id), deadline)

    def _reply(self, turn: Turn, gathered: Gathered, admission: Admission) -> Exchange:
        """Answer with the model, and keep that. Raises ModelUnavailable."""
        if gathered.is_with_agent:
            # It was until a moment ago, when the message should have been passed on.
            gathered = replace(gathered, ticket=self._read_ticket(turn, gathered.earlier))
        with self.pending.writing(turn) as progress:
            reply = self._ask_model(turn, gathered, progress)
            turn.watch.lap("model")
            exchange = self._conclude(turn, gathered, reply)
            stored = self._store(turn, gathered, exchange, admission, self._spent(admission, exchange))
            if progress:
                progress.end(stored.answer)
            return stored

    def _ask_model(self, turn: Turn, gathered: Gathered, progress: Progress | None) -> Reply:
        prompt = build_prompt(
            turn.question,
            gathered.shown_to_model,
            gathered.passages,
            gathered.customer,
            self.options.history,
            gathered.ticket,
            self.options.support_hours_text,
        )
        heard = self._listener(turn, gathered, progress) if progress else None
        call = Parallel(self.threads.model, self.log.degraded).start("model", self.model.reply, prompt, heard)
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

    def _listener(self, turn: Turn, gathered: Gathered, progress: Progress) -> Callable[[str], None] | None:
        """Return what keeps an answer while it is written; None where it may have to be replaced."""
        if self._is_blind(turn):
            return None
        hosts = known_hosts(gathered.passages, self.options.link_hosts)
        show = partial(shown, passages=gathered.passages, hosts=hosts)
        return lambda text: progress.heard(text, show)

    def _is_blind(self, turn: Turn) -> bool:
        return "knowledge_base" in turn.calls.degraded

    def _message(self, turn: Turn, gathered: Gathered) -> Exchange:
        """Return the exchange of a turn as long as nobody has answered."""
        return Exchange(
            session_id=turn.session_id,
            message_id=turn.message_id,
            timestamp=self.clock(),
            question=turn.question,
            answer="",
            model=None,
            degraded=turn.calls.degraded,
            customer_id=turn.customer_id,
            sentiment=gathered.sentiment,
            ticket_id=gathered.ticket.ticket_id if gathered.ticket else None,
        )

    def _conclude(self, turn: Turn, gathered: Gathered, reply: Reply) -> Exchange:
        """Resolve citations and links, and decide whether a person takes over."""
        hosts = known_hosts(gathered.passages, self.options.link_hosts)
        cited = resolve_with_links(reply.text, gathered.passages, hosts)
        # Nothing found because nothing could be asked is an outage, not a gap in the articles.
        is_blind = cited.unanswered and self._is_blind(turn)
        exchange = replace(
            self._message(turn, gathered),
            answer=turn.voice.say("cannot_search") if is_blind else mask(cited.text),
            model=reply.model,
            citations=cited.citations,
            usage=reply.usage,
            guardrail=reply.guardrail,
            # An emoji or "ok" without an answer is no gap, and no step towards a ticket.
            unanswered=cited.unanswered and not is_blind and small_talk(turn.question) is None,
        )
        hand_over = _clean(reply.hand_over, hosts) or by_rule(exchange, gathered.earlier)
        if hand_over:
            exchange = self._hand_over(turn, gathered, hand_over, exchange)
        exchange = replace(
            exchange,
            answer=exchange.answer or turn.voice.say("no_answer"),
            nearest=None if exchange.citations else _nearest_of(gathered.passages),
            took_ms=turn.watch.total_ms(),
        )
        is_to_be_reached = exchange.handed_over or gathered.is_waiting
        contact = contact_in(turn.question) if is_to_be_reached and not turn.customer_id else None
        return offered(exchange, contact, turn.voice) if contact else exchange

    def _hand_over(self, turn: Turn, gathered: Gathered, hand_over: HandOver, exchange: Exchange) -> Exchange:
        if gathered.ticket and gathered.ticket.is_open:
            return remind(exchange, hand_over, gathered.ticket, turn.voice)
        ticket_id = self.hand_overs.ticket_id(exchange, gathered.earlier)
        opening = turn.calls.start(
            "storage", self._open_ticket, turn, gathered, hand_over, exchange, ticket_id
        )
        opened: HandOverTicket | None = None
        contact: Contact | None = None
        # Where all was erased meanwhile, the exchange is refused as well: that ends the turn.
        with suppress(ErasedMeanwhile):
            opened, contact = turn.calls.settle(opening, (None, None), turn.storing())
        if opened is None:
            exchange = replace(exchange, unconfirmed_ticket_id=ticket_id)
        return announce(exchange, hand_over, opened, turn.voice, contact)

    def _open_ticket(
        self, turn: Turn, gathered: Gathered, hand_over: HandOver, exchange: Exchange, ticket_id: str
    ) -> tuple[HandOverTicket, Contact | None]:
        """Open a ticket; return it, and how the customer can be reached as far as that is known.

        Raises ErasedMeanwhile, Unavailable.
        """
        said = self.conversations.contact_of(turn.session_id, turn.customer_id) if turn.has_past else None
        contact = said or (on_record(gathered.customer.customer) if gathered.customer else None)
        opened = self.hand_overs.open(
            hand_over, exchange, ticket_id, contact, turn.began_at, turn.voice.language
        )
        return opened, contact

    def _store(
        self, turn: Turn, gathered: Gathered, exchange: Exchange, admission: Admission, spent: Spend
    ) -> Exchange:
        """Keep an exchange; return what its message id stands for now, which a duplicate may have stored.

        Raises ErasedMeanwhile, with nothing of the turn kept.
        """
        counting = turn.calls.start("storage", self.limits.settle, admission, spent)
        exchange = replace(exchange, costs_micro_usd=spent.features)
        try:
            return self.record.store(turn, gathered, exchange) or exchange
        finally:
            turn.calls.settle(counting, None, turn.storing())

    def _spent(self, admission: Admission, exchange: Exchange) -> Spend:
        if exchange.model is None:
            return admission.reserved
        return self.spending.of(exchange.question, exchange.answer, exchange.usage)

    def _answered(self, turn: Turn, exchange: Exchange) -> Exchange:
        """Return an exchange as it is answered now: in the sender's session, with links and what it lacks."""
        (linked,) = self.links.linked_exchanges([exchange], self._reader(turn, exchange), turn.calls.note)
        degraded = dict.fromkeys((*exchange.degraded, *turn.calls.degraded))
        return replace(linked, session_id=turn.sent_session_id, degraded=tuple(degraded))

    def _reader(self, turn: Turn, exchange: Exchange) -> Reader:
        """Return who reads an exchange, which may be one that was stored before their tier changed."""
        if not has_restricted([exchange]):
            return NOBODY_KNOWN
        identifying = self.lookups.find_customer(turn.calls, turn.customer_id)
        customer: Customer | None = turn.calls.settle(identifying, None, turn.storing())
        return customer_reader(turn.customer_id, customer.tier if customer else None)


def require_same_question(exchange: Exchange, turn: Turn) -> Exchange:
    """Return the exchange of the turn's message id.

    Raises MessageIdReused if it answers another question, or somebody whom the sender did not prove to be.
    """
    if exchange.question != turn.question or exchange.customer_id not in (None, turn.customer_id):
        raise MessageIdReused
    return exchange


def _nearest_of(passages: Sequence[Passage]) -> Nearest | None:
    """Return the passage that came nearest to the question, of those that the team may read; if any."""
    readable = (passage for passage in passages if AN_AGENT.may_read(passage.access))
    nearest = max(readable, key=lambda passage: passage.score, default=None)
    return Nearest(nearest.title, nearest.url, nearest.score, nearest.document) if nearest else None


def _unread(ticket_id: str | None) -> ConversationTicket | None:
    return ConversationTicket(ticket_id) if ticket_id else None


def _clean(hand_over: HandOver | None, hosts: Collection[str]) -> HandOver | None:
    """Return the model's hand-over without credentials, links to other hosts, and marks of nothing."""
    if hand_over is None:
        return None
    summary = keep_known_links(hand_over.summary, hosts)
    message = resolve_with_links(hand_over.message, (), hosts).text
    return replace(hand_over, summary=mask(summary), message=mask(message))
