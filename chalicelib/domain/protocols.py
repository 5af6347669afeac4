"""What the use cases ask of stores and gateways, and what these promise.

A class that has the methods will do, in a test a fake. Each method raises Unavailable when its dependency is
out of reach, and UnreadableAnswer, which is one kind of it, when the answer makes no sense; beyond that only
what is named. Expired items are not there unless a method says so.

`began_at` is when the request began that a write is of. When the session or the customer of a write was
erased after that, it changes nothing and raises ErasedMeanwhile: see ErasureMarks.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import (
    Contact,
    Exchange,
    ExchangePage,
    Feature,
    Feedback,
    Holding,
    Passage,
    Prompt,
    Reply,
    Sentiment,
    Usage,
)
from chalicelib.domain.customer import Customer, Interaction
from chalicelib.domain.event import Delivery, DeliveryPage, Event, EventStatus
from chalicelib.domain.ingestion import IngestionJob, JobKey, SyncLease, SyncState, SyncTrigger
from chalicelib.domain.insight import AskedInVain, ConversationRow, Counts, GapReport
from chalicelib.domain.mail import Mail
from chalicelib.domain.pending import PendingAnswer, Writing
from chalicelib.domain.ticket import (
    Ticket,
    TicketChange,
    TicketFeedback,
    TicketFilter,
    TicketPage,
    TicketState,
    TicketSummary,
)

NO_USAGE = Usage()


class ErasureMarks(Protocol):
    """Marks whose data is erased, so that requests that are under way don't bring any of it back.

    What began before the block ends is refused from its start on; where the block fails, for some minutes
    what begins afterwards too. So whoever erases within the block misses nothing.
    """

    def session(self, session_id: str) -> AbstractContextManager[None]:
        """Mark a session."""

    def customer(self, customer_id: str) -> AbstractContextManager[None]:
        """Mark a customer by their external id."""

    def has_erased(self, session_id: str | None, customer_id: str | None, written_at: datetime) -> bool:
        """Tell whether what was written of a session and a customer by then is erased."""


class ConversationStore(Protocol):
    """Keeps exchanges for the retention time; what was written is read by the next call."""

    def latest(self, session_id: str, limit: int) -> tuple[Exchange, ...]:
        """Return the newest exchanges of a session, oldest first."""

    def page(self, session_id: str, limit: int, older_than: datetime | None) -> ExchangePage:
        """Return the newest exchanges before a time, or of all, oldest first."""

    def news(self, session_id: str, limit: int, newer_than: datetime) -> ExchangePage:
        """Return the first exchanges after a time, oldest first."""

    def by_client_message(self, session_id: str, message_id: str) -> Exchange | None:
        """Return the exchange that was stored by `add_once` under a message id."""

    def add(self, exchange: Exchange, began_at: datetime) -> Exchange:
        """Store an exchange and return it as it is kept: a taken timestamp becomes the next free one."""

    def add_once(self, exchange: Exchange, began_at: datetime) -> Exchange:
        """Store an exchange unless its message id is taken in the session, atomically.

        Returns the exchange that has the message id now: this one, or the one that came first.
        """

    def keep_contact(
        self,
        session_id: str,
        customer_id: str | None,
        contact: Contact,
        began_at: datetime,
    ) -> None:
        """Keep how the customer of a session can be reached, in place of what was known."""

    def contact_of(self, session_id: str, customer_id: str | None) -> Contact | None:
        """Return how a customer can be reached: what was kept for them in a session, or for nobody known."""

    def erase_contact(self, session_id: str, customer_id: str | None = None) -> None:
        """Delete how the customer of a session can be reached; for a customer, not what is another one's."""

    def rate(self, session_id: str, message_id: str, feedback: Feedback) -> Exchange:
        """Keep feedback as it is after earlier feedback and return the exchange. Raises UnknownMessage."""

    def everything(self, session_id: str) -> tuple[Exchange, ...]:
        """Return all exchanges of a session, expired ones too, oldest first."""

    def holdings(self, session_id: str) -> tuple[Holding, ...]:
        """Return whose each exchange of a session is, expired ones too, oldest first."""

    def sessions_of(self, customer_id: str) -> frozenset[str]:
        """Return the sessions with exchanges of a proven customer, expired ones too.

        A new exchange counts within moments.
        """

    def erase(self, exchanges: Sequence[Exchange]) -> None:
        """Delete exchanges and free their message ids; what is gone already does not matter."""


class PendingStore(Protocol):
    """Keeps what is there of answers while they are written, for PENDING_SECONDS from the first words on."""

    def begin(self, writing: Writing, text: str) -> None:
        """Keep the beginning of an answer, in place of what another turn kept for the same message.

        Raises ErasedMeanwhile.
        """

    def put(self, writing: Writing, text: str, done: bool) -> bool:
        """Keep more of an answer; tell whether it was still there, and this turn's."""

    def drop(self, writing: Writing) -> None:
        """Delete what a turn has kept, if it is there and not another turn's."""

    def get(self, message_id: str, customer_id: str | None) -> PendingAnswer | None:
        """Return what is there of the answer to a message of a customer, or of nobody known."""

    def erase(self, session_id: str | None, customer_id: str | None = None) -> None:
        """Delete what is there of the answers of a session or a customer; their turns keep no more."""


class CustomerStore(Protocol):
    """Reads the team's customers."""

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer with the five newest orders, newest first."""


class CustomerSource(CustomerStore, Protocol):
    """A store of customers that can be out of reach; both methods raise Unavailable then."""

    def ping(self) -> None:
        """Return once Postgres has answered."""

    def warm_up(self) -> None:
        """Do what would make the first customer take longer."""


class InteractionStore(Protocol):
    """Keeps when customers were in touch, for the retention time from when it was logged."""

    def add(self, interaction: Interaction, began_at: datetime) -> None:
        """Log an interaction; where another has its millisecond, at a free one soon after.

        The same one again, by customer, time, channel, session and ticket, is the same entry; a sentiment
        that it brings is kept.
        """

    def latest(self, customer_id: str, limit: int) -> tuple[Interaction, ...]:
        """Return a customer's newest interactions but for ratings, newest first."""

    def everything(self, customer_id: str) -> tuple[Interaction, ...]:
        """Return all interactions of a customer, expired ones too, newest first."""

    def erase(self, interactions: Sequence[Interaction]) -> None:
        """Delete interactions; what is gone already does not matter."""


class TicketStore(Protocol):
    """Keeps tickets for the retention time from when they came in, whatever their `created_at`.

    A change shows in `page`, `open_of` and `everything` within moments, in the other methods at once.
    """

    def add(self, ticket: Ticket, began_at: datetime) -> Ticket:
        """Store a ticket, with its event, unless its id is taken; return the ticket that has the id now."""

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket. Raises UnknownTicket."""

    def page(self, wanted: TicketFilter, limit: int, before: str | None) -> TicketPage:
        """Return tickets that are wanted, newest first; `before` is the `next` of an earlier page."""

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return a customer's tickets that are not closed, newest first."""

    def everything(self, customer_id: str) -> tuple[TicketSummary, ...]:
        """Return all tickets of a customer, expired ones too, newest first."""

    def rate(self, ticket_id: str, feedback: TicketFeedback) -> Ticket:
        """Add feedback as `added_to` says and return the ticket. Raises UnknownTicket."""

    def change(self, ticket_id: str, change: TicketChange, began_at: datetime) -> Ticket:
        """Change a ticket in one atomic write, with its event, and return it as it is then.

        Raises UnknownTicket, and ErasedMeanwhile where its conversation or customer was erased.
        """

    def tell_found(self, ticket_id: str, found: Mapping[str, Any], began_at: datetime) -> None:
        """Add the event of what was found for a ticket, once a ticket.

        Raises UnknownTicket, and ErasedMeanwhile where its customer was erased.
        """

    def note_read(self, ticket_id: str, until: datetime) -> None:
        """Note up to when the customer has read what agents replied, if the ticket is there; never less."""

    def keep_draft(self, ticket: Ticket, draft: str, began_at: datetime) -> None:
        """Keep the draft of the next reply in place of an earlier one, if the ticket is there."""

    def erase_text(self, ticket_id: str, notice: str) -> None:
        """Put a notice in place of a ticket's subject and description, if the ticket is there.

        How to reach the customer, a draft and the ticket's events are gone with them.
        """

    def take_back(self, ticket: Ticket) -> None:
        """Delete a ticket, unless it is another one by now, or something was said to it since it was read."""

    def erase(self, ticket_ids: Iterable[str]) -> tuple[Ticket, ...]:
        """Delete tickets and their events, expired ones too; return the tickets that were there."""


class TicketConversationStore(Protocol):
    """Keeps what is said in a conversation that has a ticket; conversation and ticket change together."""

    def say(
        self,
        exchange: Exchange,
        states: Collection[TicketState],
        closes: bool,
        began_at: datetime,
    ) -> Exchange:
        """Add an exchange to the conversation of its ticket while that is in one of these states.

        One atomic write, which also closes the ticket if it should and has the events of what is said to or
        by an agent. The exchange is kept with a timestamp
        later than all that was said to the ticket before, so who reads on from the newest misses nothing. The
        same message id in the session, or of an agent's reply to the ticket, is the exchange that came first,
        whatever the state is by now. A reply takes the draft of the ticket away.
        Raises UnknownTicket, TicketStateChanged.
        """


class EventStore(Protocol):
    """Keeps events for thirty days. A change shows in `due` and `page` within moments, in `get` at once."""

    def get(self, event_id: str) -> Delivery:
        """Return an event. Raises UnknownEvent."""

    def claim(self, delivery: Delivery) -> bool:
        """Keep others from an event for as long as an attempt can take; tell whether it is ours.

        It is not when another has it, or has changed it since it was read.
        """

    def settle(self, delivery: Delivery) -> None:
        """Keep how far a claimed event has got, and let go of it; one that is gone stays so."""

    def wake(self, event_ids: Iterable[str]) -> None:
        """Have another attempt made soon at events that wait for one."""

    def resend(self, event_id: str) -> Delivery:
        """Have an event that failed sent to those who have not got it. Raises UnknownEvent.

        One that has not failed stays as it is.
        """

    def due(self, limit: int) -> tuple[Delivery, ...]:
        """Return events that nobody has claimed and that are due for an attempt, oldest first."""

    def page(self, status: EventStatus | None, limit: int, before: str | None) -> DeliveryPage:
        """Return events of a status or of all, newest first; `before` is the `next` of an earlier page."""


class Receiver(Protocol):
    """Somebody who hears of events."""

    @property
    def name(self) -> str:
        """What an agent knows the receiver by; it gives no secret away."""

    def wants(self, event: Event) -> bool:
        """Say whether an event is for this receiver."""

    def not_before(self, event: Event) -> datetime:
        """Return from when on the receiver may be told; nobody else waits for that."""

    def send(self, event: Event) -> str | None:
        """Tell the receiver; return why that was not needed any more, None where it was told.

        Raises SendingFailed, SendingRefused where another attempt is no use.
        """


class MailSender(Protocol):
    """Sends mails."""

    def send(self, mail: Mail) -> None:
        """Send a mail. Raises SendingFailed, SendingRefused where another attempt is no use."""


class CounterStore(Protocol):
    """Counts within windows of time that start at multiples of their length since 1970."""

    def reserve(self, name: str, amount: int, limit: int, now: datetime, window: timedelta) -> bool:
        """Add to the counter of the window that `now` is in, if it is below its limit; tell whether it was.

        One atomic write. The last amount may take the counter over the limit.
        """

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> None:
        """Add to the counter of the window that `now` is in, whatever its limit; less than 0 takes away."""


class SyncStateStore(Protocol):
    """Keeps what is to be synced and the outcomes of jobs; each change is one atomic write.

    Each write may be repeated: it finds what it did before and answers the same.
    """

    def read(self) -> SyncState:
        """Return the state; before the first request it is that of nothing requested."""

    def request(self, trigger: SyncTrigger, now: datetime) -> SyncState:
        """Count a request and return the state with it; a `change` also sets `last_change_at`."""

    def lease(self, lease: SyncLease, now: datetime) -> SyncState | None:
        """Take the lease if a job may be started now; return the state then, or None if it may not."""

    def started(self, lease: SyncLease, covered: int, job: IngestionJob, next_start_at: datetime) -> bool:
        """Make a job the active one and give the lease back; False if the lease has passed to another.

        Another holder may have found the same job and noted it meanwhile: that counts as done.
        """

    def refused(self, lease: SyncLease, code: str, next_start_at: datetime) -> bool:
        """Note that no job could be started and give the lease back; False if it has passed to another."""

    def keep(self, job: IngestionJob) -> None:
        """Keep the outcome of a job; it is shown once the state names it."""

    def adopted(self, job: IngestionJob, now: datetime) -> None:
        """Name a kept job that was never the active one."""

    def settled(self, job: IngestionJob, now: datetime) -> bool:
        """Name the kept active job, whose outcome is final; False if another is active."""

    def failed(self, job: IngestionJob, code: str, now: datetime, next_start_at: datetime) -> bool:
        """Name the kept active job and request one in its place; False if another is active."""

    def forget(self, keys: Sequence[JobKey]) -> None:
        """Name these jobs no longer."""

    def jobs(self, keys: Sequence[JobKey]) -> tuple[IngestionJob, ...]:
        """Return the kept jobs of these keys, newest first; those that expired are left out."""


class CountCost(Protocol):
    """Counts what is spent on something else than an exchange, which says so itself."""

    def __call__(
        self, features: Mapping[Feature, int], model: str | None = None, usage: Usage = NO_USAGE
    ) -> None:
        """Add what was spent now, in millionths of a US dollar by feature, and a model's tokens."""


class NumberStore(Protocol):
    """Keeps the numbers of days, and the row of each conversation that they are made of."""

    def row(self, key: str) -> ConversationRow:
        """Return the row of a conversation; an empty one where there is none."""

    def keep(self, row: ConversationRow, counts: Counts) -> bool:
        """Write a row and add to the numbers, both or neither.

        False, and nothing is written, where the row has changed since it was read: see its `version`.
        """

    def add(self, counts: Counts) -> None:
        """Add to the numbers, once."""

    def due(self, limit: int) -> Sequence[str]:
        """Return the keys of open conversations to judge, those that wait longest first.

        It follows a write within moments, so some may be judged already.
        """

    def days(self, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        """Return the numbers of the days from the first to the last that have any, in one read."""


class GapStore(Protocol):
    """Keeps the questions that were not answered well for 31 days, and the groups that are made of them."""

    def add(self, asked: AskedInVain) -> None:
        """Keep a question; the same one again, by its key, takes its place."""

    def remove(self, key: str, *, forgets_groups: bool) -> None:
        """Delete a question, if it is there, and the groups where they may show it."""

    def newest(self, limit: int) -> Sequence[AskedInVain]:
        """Return the newest questions, newest first."""

    def report(self) -> GapReport:
        """Return the groups; none where they have to be made."""

    def keep_report(self, report: GapReport) -> bool:
        """Keep groups, and tell whether they are kept: not if something was erased after `erasures`."""


class IngestionJobs(Protocol):
    """Bedrock's ingestion jobs, of which one runs at a time; its failures are IngestionCallFailed."""

    def start(self, token: str, trigger: SyncTrigger) -> IngestionJob:
        """Start a job, or return the one that the same token started before. Raises KnowledgeBaseBusy.

        `token` is 33–256 letters and digits.
        """

    def get(self, job_id: str) -> IngestionJob:
        """Return a job with what failed in it. Raises UnknownIngestionJob."""

    def newest(self, limit: int) -> tuple[IngestionJob, ...]:
        """Return the newest jobs, newest first, without what failed in them."""


class LinkSigner(Protocol):
    """Makes links to the documents of the bucket."""

    def link(self, document: str) -> str:
        """Return an address at which a browser can read a document for a while, by its key."""


class PassageSearch(Protocol):
    """Searches the knowledge base."""

    def retrieve(self, query: str, limit: int, reader: Reader) -> tuple[Passage, ...]:
        """Return at most `limit` passages for a query of at most 1,000 characters, nearest first.

        All are of documents that the reader may read.
        """


class SentimentDetector(Protocol):
    """Hears how texts sound."""

    def detect(self, text: str) -> Sentiment:
        """Return how a text sounds, by its beginning where it is long."""


class LanguageModel(Protocol):
    """Answers prompts."""

    def reply(self, prompt: Prompt, heard: Callable[[str], object] | None = None) -> Reply:
        """Return the model's reply. Raises ModelUnavailable, and no other Unavailable.

        `heard` is told all of the text that there is so far, again and again while it is written; it starts
        over where another model is asked, and the guardrail may put other words in its place.
        """
