"""Hand-written stand-ins for stores and gateways, held to the same contract as the real ones."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import Any

from chalicelib.api.cors import Origins
from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import (
    Contact,
    Exchange,
    ExchangePage,
    Feedback,
    HandOver,
    Holding,
    Passage,
    Prompt,
    Reply,
    Sentiment,
    Usage,
)
from chalicelib.domain.customer import RATED_ANSWER, RATED_TICKET, Customer, Interaction
from chalicelib.domain.event import Event
from chalicelib.domain.pending import PENDING_SECONDS, PendingAnswer, Writing
from chalicelib.domain.ticket import (
    Ticket,
    TicketChange,
    TicketFeedback,
    TicketFilter,
    TicketPage,
    TicketState,
    TicketSummary,
)
from chalicelib.domain.ticket_events import created, enriched, said, subject_of, updated
from chalicelib.errors import (
    ErasedMeanwhile,
    TicketStateChanged,
    Unavailable,
    UnknownMessage,
    UnknownTicket,
)
from chalicelib.logs import SearchLogger, TicketLogger, TurnLogger, TurnOutcome
from chalicelib.stores.erasures import LONGEST_ERASURE
from chalicelib.times import MILLISECOND, from_iso, iso, to_millis

START = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
ORIGINS = Origins(public=("*",), agents=())


class FakeClock:
    """Stands still until told otherwise."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**duration)


class Outage:
    """Makes a fake unreachable, or slow, on demand."""

    def __init__(self) -> None:
        self.down: Unavailable | None = None
        self.before: Callable[[], object] = lambda: None

    def check(self) -> None:
        """Fail if down."""
        self.before()
        if self.down:
            raise self.down


class FakeErasureMarks(Outage):
    """Keeps in memory until when writes to whom are refused."""

    def __init__(self, clock: Callable[[], datetime] = lambda: START) -> None:
        super().__init__()
        self._clock = clock
        self._until: dict[str, datetime] = {}

    @contextmanager
    def session(self, session_id: str) -> Iterator[None]:
        with self._erasing(f"session {session_id}"):
            yield

    @contextmanager
    def customer(self, customer_id: str) -> Iterator[None]:
        with self._erasing(f"customer {customer_id}"):
            yield

    def require_none(
        self, began_at: datetime | None, session_id: str | None, customer_id: str | None
    ) -> None:
        """Raise ErasedMeanwhile if what is written belongs to what was erased after a request began."""
        if self._covers(session_id, customer_id, began_at or self._clock()):
            raise ErasedMeanwhile

    def has_erased(self, session_id: str | None, customer_id: str | None, written_at: datetime) -> bool:
        self.check()
        return self._covers(session_id, customer_id, written_at)

    def _covers(self, session_id: str | None, customer_id: str | None, moment: datetime) -> bool:
        marks = (self._until.get(of) for of in (f"session {session_id}", f"customer {customer_id}"))
        return any(until and until >= moment for until in marks)

    @contextmanager
    def _erasing(self, of: str) -> Iterator[None]:
        self.check()
        end = self._clock() + LONGEST_ERASURE
        self._until[of] = max(end, self._until.get(of, end))
        yield
        self.check()
        now, until = self._clock(), self._until[of]
        self._until[of] = now if until == end else max(now, until)


class FakeConversations(Outage):
    """Keeps exchanges in memory."""

    def __init__(
        self,
        retention_days: int,
        clock: Callable[[], datetime],
        marks: FakeErasureMarks | None = None,
    ) -> None:
        super().__init__()
        self._marks = marks or FakeErasureMarks(clock)
        self._kept_for = timedelta(days=retention_days)
        self._clock = clock
        self.kept: list[Exchange] = []
        self.contacts: dict[str, tuple[str | None, Contact, datetime]] = {}
        self._claims: dict[tuple[str | None, str], Exchange] = {}

    def latest(self, session_id: str, limit: int) -> tuple[Exchange, ...]:
        return self.page(session_id, limit, None).exchanges

    def page(self, session_id: str, limit: int, older_than: datetime | None) -> ExchangePage:
        self.check()
        alive = filter(self._alive, self._of(session_id))
        older = [e for e in alive if older_than is None or e.timestamp < older_than]
        page = tuple(older[-limit:])
        return _page(page, page[0].timestamp if len(older) > limit else None)

    def news(self, session_id: str, limit: int, newer_than: datetime) -> ExchangePage:
        self.check()
        newer = [e for e in self._of(session_id) if e.timestamp > newer_than and self._alive(e)]
        return _page(tuple(newer[:limit]), None, newer_than)

    def by_client_message(self, session_id: str, message_id: str) -> Exchange | None:
        self.check()
        return self._alive(self._claims.get((session_id, message_id)))

    def now(self) -> datetime:
        """Return the time at which it keeps something."""
        return self._clock()

    def stored_first(self, exchange: Exchange) -> Exchange | None:
        return self._alive(self._claims.get(_id_of(exchange)))

    def _alive(self, found: Exchange | None) -> Exchange | None:
        return found if found and found.timestamp + self._kept_for > self._clock() else None

    def add(self, exchange: Exchange, began_at: datetime | None = None) -> Exchange:
        self.check()
        self._marks.require_none(began_at, exchange.session_id, exchange.customer_id)
        taken = {e.timestamp for e in self._of(exchange.session_id)}
        while exchange.timestamp in taken:
            exchange = replace(exchange, timestamp=exchange.timestamp + MILLISECOND)
        self.kept.append(exchange)
        return exchange

    def add_once(self, exchange: Exchange, began_at: datetime | None = None) -> Exchange:
        self.check()
        if first := self.stored_first(exchange):
            return first
        stored = self.add(exchange, began_at)
        self._claims[_id_of(exchange)] = stored
        return stored

    def rate(self, session_id: str, message_id: str, feedback: Feedback) -> Exchange:
        self.check()
        alive = self.page(session_id, 1000, None).exchanges
        own = sorted((e for e in alive[::-1] if e.message_id == message_id), key=lambda e: bool(e.author))
        if not own:
            raise UnknownMessage
        found = own[0]
        rated = replace(found, feedback=feedback.after(found.feedback))
        self.kept[self.kept.index(found)] = rated
        return rated

    def keep_contact(
        self,
        session_id: str,
        customer_id: str | None,
        contact: Contact,
        began_at: datetime | None = None,
    ) -> None:
        self.check()
        self._marks.require_none(began_at, session_id, customer_id)
        self.contacts[session_id] = customer_id, contact, self._clock() + self._kept_for

    def contact_of(self, session_id: str, customer_id: str | None) -> Contact | None:
        self.check()
        whose, contact, until = self.contacts.get(session_id, (None, None, self._clock()))
        return contact if whose in (None, customer_id) and until > self._clock() else None

    def erase_contact(self, session_id: str, customer_id: str | None = None) -> None:
        self.check()
        whose = self.contacts.get(session_id, (None, None))[0]
        if customer_id is None or whose in (None, customer_id):
            self.contacts.pop(session_id, None)

    def everything(self, session_id: str) -> tuple[Exchange, ...]:
        self.check()
        return tuple(self._of(session_id))

    def holdings(self, session_id: str) -> tuple[Holding, ...]:
        self.check()
        return tuple(Holding(e.customer_id, e.ticket_id) for e in self._of(session_id))

    def sessions_of(self, customer_id: str) -> frozenset[str]:
        self.check()
        return frozenset(e.session_id for e in self.kept if e.customer_id == customer_id)

    def erase(self, exchanges: Iterable[Exchange]) -> None:
        self.check()
        for exchange in exchanges:
            self.kept = [e for e in self.kept if _place(e) != _place(exchange)]
            self._claims.pop(_id_of(exchange), None)

    def _of(self, session_id: str) -> list[Exchange]:
        return sorted((e for e in self.kept if e.session_id == session_id), key=lambda e: e.timestamp)


def _place(exchange: Exchange) -> tuple[str, datetime]:
    return exchange.session_id, exchange.timestamp


def _page(
    exchanges: tuple[Exchange, ...], older_than: datetime | None, newer_than: datetime | None = None
) -> ExchangePage:
    return ExchangePage(exchanges, older_than, exchanges[-1].timestamp if exchanges else newer_than)


def _id_of(exchange: Exchange) -> tuple[str | None, str]:
    return (exchange.ticket_id if exchange.author else exchange.session_id), exchange.message_id


class FakeCustomers(Outage):
    """Knows the customers it is given."""

    def __init__(self, *customers: Customer) -> None:
        super().__init__()
        self._customers = {c.external_id: c for c in customers}

    def know(self, customer: Customer) -> None:
        """Know a customer from now on, in place of an earlier one of that id."""
        self._customers[customer.external_id] = customer

    def by_external_id(self, external_id: str) -> Customer | None:
        self.check()
        return self._customers.get(external_id)


class FakeInteractions(Outage):
    """Keeps the log in memory; what a test puts into `kept` itself does not expire."""

    def __init__(
        self,
        retention_days: int = 90,
        clock: Callable[[], datetime] = lambda: START,
        marks: FakeErasureMarks | None = None,
    ) -> None:
        super().__init__()
        self._marks = marks or FakeErasureMarks(clock)
        self._kept_for = timedelta(days=retention_days)
        self._clock = clock
        self._expires_at: dict[tuple[str, datetime], datetime] = {}
        self.kept: list[Interaction] = []

    def add(self, interaction: Interaction, began_at: datetime | None = None) -> None:
        self.check()
        self._marks.require_none(began_at, interaction.session_id, interaction.customer_id)
        taken = {(i.customer_id, i.timestamp): n for n, i in enumerate(self.kept)}
        while (place := taken.get((interaction.customer_id, interaction.timestamp))) is not None:
            there = self.kept[place]
            if _source(there) == _source(interaction):
                known = there.sentiment if interaction.sentiment is None else interaction.sentiment
                self.kept[place] = replace(there, sentiment=known)
                break
            interaction = replace(interaction, timestamp=interaction.timestamp + MILLISECOND)
        else:
            self.kept.append(interaction)
        self._expires_at[interaction.customer_id, interaction.timestamp] = self._clock() + self._kept_for

    def latest(self, customer_id: str, limit: int) -> tuple[Interaction, ...]:
        alive = filter(self._is_alive, self.everything(customer_id))
        return tuple(i for i in alive if i.channel not in (RATED_ANSWER, RATED_TICKET))[:limit]

    def everything(self, customer_id: str) -> tuple[Interaction, ...]:
        self.check()
        found = [i for i in self.kept if i.customer_id == customer_id]
        return tuple(sorted(found, key=lambda i: i.timestamp, reverse=True))

    def erase(self, interactions: Iterable[Interaction]) -> None:
        self.check()
        gone = {(i.customer_id, i.timestamp) for i in interactions}
        self.kept = [i for i in self.kept if (i.customer_id, i.timestamp) not in gone]

    def _is_alive(self, interaction: Interaction) -> bool:
        now = self._clock()
        key = (interaction.customer_id, interaction.timestamp)
        return self._expires_at.get(key, now + self._kept_for) > now


def _source(interaction: Interaction) -> tuple[str, str | None, str | None]:
    return interaction.channel, interaction.session_id, interaction.ticket_id


class FakeTickets(Outage):
    """Keeps tickets in memory; those that a test puts into `kept` itself do not expire."""

    def __init__(
        self,
        retention_days: int = 365,
        clock: Callable[[], datetime] = lambda: START,
        marks: FakeErasureMarks | None = None,
    ) -> None:
        super().__init__()
        self._marks = marks or FakeErasureMarks(clock)
        self._kept_for = timedelta(days=retention_days)
        self._clock = clock
        self._expires_at: dict[str, datetime] = {}
        self.kept: dict[str, Ticket] = {}
        self.events: list[Event] = []

    def add(self, ticket: Ticket, began_at: datetime | None = None) -> Ticket:
        self.check()
        self._marks.require_none(began_at, ticket.session_id, ticket.customer_id)
        if not self._is_alive(ticket.ticket_id):
            added = replace(ticket, created_at=from_iso(iso(ticket.created_at)), newest_event=1)
            self.kept[ticket.ticket_id] = added
            self.events.append(created(added, self._clock()))
            self._expires_at[ticket.ticket_id] = self._clock() + self._kept_for
        return self.kept[ticket.ticket_id]

    def get(self, ticket_id: str) -> Ticket:
        self.check()
        if not self._is_alive(ticket_id):
            raise UnknownTicket
        return self.kept[ticket_id]

    def page(self, wanted: TicketFilter, limit: int, before: str | None) -> TicketPage:
        self.check()
        found = [
            t
            for t in self._newest_first()
            if wanted.status in (None, t.status)
            and wanted.customer_id in (None, t.customer_id)
            and wanted.assignee in (None, t.assignee)
            and self._is_alive(t.ticket_id)
        ]
        older = [t for t in found if before is None or _listed_at(t) < before]
        return TicketPage(tuple(older[:limit]), _listed_at(older[limit - 1]) if len(older) > limit else None)

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        found = self.everything(customer_id)
        return tuple(t for t in found if t.status != "closed" and self._is_alive(t.ticket_id))

    def everything(self, customer_id: str) -> tuple[TicketSummary, ...]:
        self.check()
        found = (t for t in self._newest_first() if t.customer_id == customer_id)
        return tuple(TicketSummary(t.ticket_id, t.created_at, t.status, t.subject) for t in found)

    def rate(self, ticket_id: str, feedback: TicketFeedback) -> Ticket:
        ticket = self.get(ticket_id)
        self.kept[ticket_id] = replace(ticket, feedback=feedback.added_to(ticket.feedback))
        return self.kept[ticket_id]

    def change(
        self,
        ticket_id: str,
        change: TicketChange,
        began_at: datetime | None = None,
    ) -> Ticket:
        before = self.get(ticket_id)
        after = change.made_to(before)
        if after == before:
            return before
        self._marks.require_none(began_at, before.session_id, before.customer_id)
        return self.keep(after, updated(before, after, self._clock()))

    def tell_found(self, ticket_id: str, found: Mapping[str, Any], began_at: datetime | None = None) -> None:
        before = self.get(ticket_id)
        if not before.is_enriched:
            self._marks.require_none(began_at, before.session_id, before.customer_id)
            self.keep(replace(before, is_enriched=True), [enriched(before, found, self._clock())])

    def keep(self, ticket: Ticket, events: list[Event]) -> Ticket:
        """Keep a changed ticket with the events of its change."""
        newest = events[-1].number if events else ticket.newest_event
        self.kept[ticket.ticket_id] = replace(ticket, newest_event=newest)
        self.events += events
        return self.kept[ticket.ticket_id]

    def events_of(self, ticket_id: str) -> list[Event]:
        """Return the events of a ticket in their order."""
        return [event for event in self.events if event.subject == subject_of(ticket_id)]

    def _erase_events(self, ticket_id: str) -> None:
        self.events = [event for event in self.events if event.subject != subject_of(ticket_id)]

    def note_read(self, ticket_id: str, until: datetime) -> None:
        self.check()
        ticket = self.kept.get(ticket_id)
        if ticket and (ticket.last_read_at is None or ticket.last_read_at < until):
            self.kept[ticket_id] = replace(ticket, last_read_at=until)

    def keep_draft(self, ticket: Ticket, draft: str, began_at: datetime | None = None) -> None:
        self.check()
        self._marks.require_none(began_at, ticket.session_id, ticket.customer_id)
        if self._is_alive(ticket.ticket_id):
            self.kept[ticket.ticket_id] = replace(self.kept[ticket.ticket_id], draft=draft)

    def erase_text(self, ticket_id: str, notice: str) -> None:
        self.check()
        self._erase_events(ticket_id)
        if ticket_id in self.kept:
            gone: dict[str, Any] = dict.fromkeys(("contact", "draft", "customer_feedback"))
            kept = self.kept[ticket_id]
            self.kept[ticket_id] = replace(kept, subject=notice, description=notice, **gone)

    def erase(self, ticket_ids: Iterable[str]) -> tuple[Ticket, ...]:
        self.check()
        there = [ticket_id for ticket_id in dict.fromkeys(ticket_ids) if ticket_id in self.kept]
        for ticket_id in there:
            self._erase_events(ticket_id)
        return tuple(self.kept.pop(ticket_id) for ticket_id in there)

    def take_back(self, ticket: Ticket) -> None:
        self.check()
        kept = self.kept.get(ticket.ticket_id)
        if kept and _last_said(kept) == _last_said(ticket):
            self._erase_events(ticket.ticket_id)
            del self.kept[ticket.ticket_id]

    def _newest_first(self) -> list[Ticket]:
        return sorted(self.kept.values(), key=_listed_at, reverse=True)

    def _is_alive(self, ticket_id: str) -> bool:
        now = self._clock()
        return ticket_id in self.kept and self._expires_at.get(ticket_id, now + self._kept_for) > now


def _last_said(ticket: Ticket) -> tuple[datetime | None, ...]:
    return ticket.created_at, ticket.last_message_at, ticket.last_reply_at


def _listed_at(ticket: Ticket) -> str:
    return f"{to_millis(ticket.created_at):014}.{ticket.ticket_id}"


class FakeTicketConversations(Outage):
    """Keeps what is said to tickets in the fakes of both stores."""

    def __init__(self, conversations: FakeConversations, tickets: FakeTickets) -> None:
        super().__init__()
        self._conversations = conversations
        self._tickets = tickets

    def say(
        self,
        exchange: Exchange,
        states: Collection[TicketState],
        closes: bool = False,
        began_at: datetime | None = None,
    ) -> Exchange:
        self.check()
        if first := self._conversations.stored_first(exchange):
            return first
        ticket = self._tickets.get(exchange.ticket_id or "")
        if ticket.state not in states:
            raise TicketStateChanged
        times = [moment for moment in (ticket.last_message_at, ticket.last_reply_at) if moment]
        now = self._conversations.now()
        soonest = max([exchange.timestamp, now, *(moment + MILLISECOND for moment in times)])
        stored = self._conversations.add_once(replace(exchange, timestamp=soonest), began_at)
        changes: Any = {"last_reply_at" if exchange.author else "last_message_at": stored.timestamp}
        changes |= {"draft": None} if exchange.author else {}
        changes |= {"status": "closed"} if closes else {}
        events = said(ticket, stored, closes) if stored.handled_by == "agent" else []
        self._tickets.keep(replace(ticket, **changes), events)
        return stored


class FakeKnowledgeBase(Outage):
    """Finds the same passages for a reader whatever it is asked, and remembers what it was asked by whom."""

    def __init__(self, *passages: Passage) -> None:
        super().__init__()
        self.passages = passages
        self.queries: list[str] = []
        self.readers: list[Reader] = []

    def retrieve(self, query: str, limit: int, reader: Reader) -> tuple[Passage, ...]:
        self.queries.append(query)
        self.readers.append(reader)
        self.check()
        return tuple(passage for passage in self.passages if reader.may_read(passage.access))[:limit]


class FakeSentiment(Outage):
    """Gives each text the score that it is told, and remembers the texts."""

    def __init__(self) -> None:
        super().__init__()
        self.score = 0.0
        self.heard: list[str] = []

    def detect(self, text: str) -> Sentiment:
        self.heard.append(text)
        self.check()
        return Sentiment(self.score)


class FakeModel(Outage):
    """Replies what it is told, and remembers the prompts."""

    def __init__(self, text: str = "Choose Forgot password. [1]", hand_over: HandOver | None = None) -> None:
        super().__init__()
        self.reply_with = Reply(text, "fake-model", Usage(100, 20, 0.001), hand_over=hand_over)
        self.prompts: list[Prompt] = []
        self.writes: Sequence[str] = ()
        self.between: Callable[[], object] = lambda: None
        self.was_streamed = False

    def says(self, text: str, hand_over: HandOver | None = None) -> None:
        """Set the next replies."""
        self.reply_with = replace(self.reply_with, text=text, hand_over=hand_over)

    def reply(self, prompt: Prompt, heard: Callable[[str], object] | None = None) -> Reply:
        self.prompts.append(prompt)
        self.was_streamed = heard is not None
        if heard:
            for text in self.writes:
                heard(text)
                self.between()
        self.check()
        return self.reply_with


class FakePending(Outage):
    """Keeps what is there of answers in memory; `history` is every text that could be read, in order."""

    def __init__(
        self, clock: Callable[[], datetime] = lambda: START, marks: FakeErasureMarks | None = None
    ) -> None:
        super().__init__()
        self._clock = clock
        self._marks = marks or FakeErasureMarks(clock)
        self.kept: dict[tuple[str, str | None], tuple[Writing, PendingAnswer, datetime]] = {}
        self.history: list[PendingAnswer] = []

    def begin(self, writing: Writing, text: str) -> None:
        self.check()
        self._marks.require_none(writing.began_at, writing.session_id, writing.customer_id)
        self._put(writing, PendingAnswer(text, False), self._clock() + timedelta(seconds=PENDING_SECONDS))

    def put(self, writing: Writing, text: str, done: bool) -> bool:
        self.check()
        kept = self.kept.get(_message_of(writing))
        if kept is None or kept[0].turn_id != writing.turn_id:
            return False
        self._put(writing, PendingAnswer(text, done), kept[2])
        return True

    def drop(self, writing: Writing) -> None:
        self.check()
        kept = self.kept.get(_message_of(writing))
        if kept and kept[0].turn_id == writing.turn_id:
            del self.kept[_message_of(writing)]

    def get(self, message_id: str, customer_id: str | None) -> PendingAnswer | None:
        self.check()
        kept = self.kept.get((message_id, customer_id))
        return kept[1] if kept and kept[2] > self._clock() else None

    def erase(self, session_id: str | None, customer_id: str | None = None) -> None:
        self.check()
        for message, (writing, *_) in list(self.kept.items()):
            if session_id == writing.session_id or (customer_id and customer_id == writing.customer_id):
                del self.kept[message]

    def _put(self, writing: Writing, pending: PendingAnswer, until: datetime) -> None:
        self.kept[_message_of(writing)] = writing, pending, until
        self.history.append(pending)


def _message_of(writing: Writing) -> tuple[str, str | None]:
    return writing.message_id, writing.customer_id


class FakeCounters(Outage):
    """Counts in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[tuple[str, int], int] = {}
        self.writes = 0
        self._lock = Lock()

    def reserve(self, name: str, amount: int, limit: int, now: datetime, window: timedelta) -> bool:
        self.check()
        self.writes += 1
        with self._lock:
            if self.value(name, now, window) >= limit:
                return False
            self._add(name, amount, now, window)
            return True

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> None:
        self.check()
        self.writes += 1
        with self._lock:
            self._add(name, amount, now, window)

    def value(self, name: str, now: datetime, window: timedelta) -> int:
        """What was counted in the window."""
        return self.counts.get((name, int(now.timestamp() // window.total_seconds())), 0)

    def _add(self, name: str, amount: int, now: datetime, window: timedelta) -> None:
        key = (name, int(now.timestamp() // window.total_seconds()))
        self.counts[key] = self.counts.get(key, 0) + amount


class FakeEvents(Outage):
    """Keeps events that stand for themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Event] = []

    def add(self, event: Event) -> bool:
        self.check()
        is_new = event.event_id not in {each.event_id for each in self.kept}
        self.kept += [event] if is_new else []
        return is_new


class FakeLinks(Outage):
    """Links to documents as a bucket does."""

    def link(self, document: str) -> str:
        self.check()
        return f"https://bucket.example.com/{document}?signed"


class FakeSearchLog(SearchLogger):
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.unclear: list[str] = []
        self.not_in_order: list[str] = []

    def access_unclear(self, document: str) -> None:
        self.unclear.append(document)

    def not_reranked(self, cause: str) -> None:
        self.not_in_order.append(cause)


class FakeTicketLog(TicketLogger):
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.without: list[str] = []
        self.tickets: list[tuple[Ticket, tuple[str, ...], float]] = []
        self.replies: list[tuple[str, float | None, bool]] = []
        self.drafts: list[tuple[str, int, int, tuple[str, ...]]] = []
        self.articles: list[tuple[str, bool]] = []

    def degraded(self, name: str, error: Unavailable) -> None:
        self.without.append(name)

    def replied(self, ticket: Ticket, reply: Exchange, closes: bool) -> None:
        self.replies.append((ticket.ticket_id, reply.draft_kept, closes))

    def drafted(
        self, ticket: Ticket, usage: Usage, citations: int, missing: int, degraded: Sequence[str]
    ) -> None:
        self.drafts.append((ticket.ticket_id, citations, missing, tuple(degraded)))

    def article_drafted(self, ticket: Ticket, usage: Usage, *, is_empty: bool) -> None:
        self.articles.append((ticket.ticket_id, is_empty))

    def received(self, ticket: Ticket, degraded: Sequence[str], seconds: float) -> None:
        self.tickets.append((ticket, tuple(degraded), seconds))


class FakeTurnLog(TurnLogger):
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.without: list[str] = []
        self.turns: list[tuple[Exchange, Mapping[str, float]]] = []
        self.budgets_reached = 0
        self.not_answered_as: list[TurnOutcome] = []

    def budget_reached(self) -> None:
        self.budgets_reached += 1

    def not_answered(self, outcome: TurnOutcome) -> None:
        self.not_answered_as.append(outcome)

    def degraded(self, name: str, error: Unavailable) -> None:
        self.without.append(name)

    def answered(self, exchange: Exchange, laps_seconds: Mapping[str, float]) -> None:
        self.turns.append((exchange, laps_seconds))
