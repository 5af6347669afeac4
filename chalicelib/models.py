"""The frozen types that travel between use cases, stores and gateways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

HandOverReason = Literal[
    "customer_request",
    "missing_knowledge",
    "negative_sentiment",
    "policy_restriction",
    "unsupported_request",
]
Rating = Literal["up", "down"]
TicketChannel = Literal["email", "chat", "phone", "web"]
TicketPriority = Literal["low", "medium", "high", "urgent"]
TicketStatus = Literal["open", "pending", "closed"]
ChurnRisk = Literal["low", "medium", "high"]
SyncTrigger = Literal["change", "manual", "retry", "daily", "console"]
FINAL_STATUSES = frozenset({"COMPLETE", "FAILED", "STOPPED"})
"""The statuses of an ingestion job that has ended."""


@dataclass(frozen=True)
class Passage:
    """A piece of a knowledge-base document that may hold the answer; `score` is 0–1, higher is nearer.

    `url` is where the team publishes the document; `document` is its key in the documents bucket.
    """

    text: str
    title: str
    url: str | None
    score: float
    document: str | None = None


@dataclass(frozen=True)
class Citation:
    """A source of an answer; `[index]` in the answer's text refers to it, counted from 1.

    `url` and `document` are those of the passage.
    """

    index: int
    title: str
    url: str | None
    snippet: str
    score: float
    document: str | None = None


@dataclass(frozen=True)
class Usage:
    """What an answer consumed; `cost_usd` is None when the model's price is not known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True)
class GuardrailVerdict:
    """Whether the guardrail stepped in; reasons such as `topic:Legal advice`, never the matched text."""

    intervened: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sentiment:
    """How a message sounds: −1 (all negative) to 1 (all positive)."""

    score: float


@dataclass(frozen=True)
class HandOver:
    """A wish to pass the conversation to a person; `message` is the model's word to the customer."""

    reason: HandOverReason
    summary: str
    message: str = ""


@dataclass(frozen=True)
class Escalation:
    """The ticket that a conversation became."""

    ticket_id: str
    reason: HandOverReason


@dataclass(frozen=True)
class Feedback:
    """What the customer thought of one answer."""

    rating: Rating
    comment: str | None
    timestamp: datetime


@dataclass(frozen=True)
class Reply:
    """What the model returned: its text with `[n]` marks as it wrote them, or a hand-over, or both."""

    text: str
    model: str | None
    usage: Usage = Usage()
    guardrail: GuardrailVerdict = GuardrailVerdict()
    hand_over: HandOver | None = None


@dataclass(frozen=True)
class Exchange:
    """One question and its answer. `timestamp` has millisecond precision and is unique in the session.

    `ticket_wanted` is the ticket that could not be confirmed: it may still have been written, late.
    """

    session_id: str
    message_id: str
    timestamp: datetime
    question: str
    answer: str
    model: str | None
    citations: tuple[Citation, ...] = ()
    usage: Usage = Usage()
    guardrail: GuardrailVerdict = GuardrailVerdict()
    escalation: Escalation | None = None
    degraded: tuple[str, ...] = ()
    customer_id: str | None = None
    sentiment: float | None = None
    unanswered: bool = False
    ticket_wanted: str | None = None
    feedback: Feedback | None = None


@dataclass(frozen=True)
class ExchangePage:
    """Some exchanges of a session, oldest first; `older_than` continues with those before them."""

    exchanges: tuple[Exchange, ...]
    older_than: datetime | None


@dataclass(frozen=True)
class Order:
    """One order of a customer; the amount is in `currency`."""

    order_number: str
    order_date: datetime
    status: str
    total_amount: Decimal
    currency: str
    items: str


@dataclass(frozen=True)
class Customer:
    """What Postgres knows about a customer; `lifetime_value` is in US dollars, orders newest first."""

    customer_id: int
    external_id: str
    name: str
    email: str
    company: str | None
    tier: str
    lifetime_value: Decimal
    total_orders: int
    recent_orders: tuple[Order, ...]


@dataclass(frozen=True)
class Interaction:
    """That a customer was in touch, how it sounded, and where to read it."""

    customer_id: str
    timestamp: datetime
    channel: str
    sentiment: float | None
    session_id: str | None = None
    ticket_id: str | None = None


@dataclass(frozen=True)
class CustomerContext:
    """The customer 360: what Postgres knows, and what the interactions and tickets say.

    `avg_sentiment` is −1 to 1; it, `open_tickets` and `last_interaction` are None where nothing is known.
    """

    customer: Customer
    open_tickets: int | None
    avg_sentiment: float | None
    last_interaction: datetime | None
    is_high_value: bool
    churn_risk: ChurnRisk


@dataclass(frozen=True)
class TicketFeedback:
    """Whether an agent found what came with a ticket helpful; `source` says what of it."""

    helpful: bool
    source: str | None
    comment: str | None
    timestamp: datetime


@dataclass(frozen=True)
class Ticket:
    """A case for a person. `session_id` leads to the conversation that it came from.

    `customer_id` is the customer's external id; the `fingerprint` of a posted ticket is that of its body.
    """

    ticket_id: str
    created_at: datetime
    status: TicketStatus
    channel: TicketChannel
    priority: TicketPriority
    subject: str
    description: str
    reason: HandOverReason | None = None
    customer_id: str | None = None
    session_id: str | None = None
    external_ticket_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    feedback: tuple[TicketFeedback, ...] = ()


@dataclass(frozen=True)
class TicketSummary:
    """What a list of a customer's tickets says of each."""

    ticket_id: str
    created_at: datetime
    status: TicketStatus
    subject: str


@dataclass(frozen=True)
class TicketPage:
    """Some tickets, newest first; `next` continues with those before them, None at the end."""

    tickets: tuple[Ticket, ...]
    next: str | None


@dataclass(frozen=True)
class FileFailure:
    """A document that could not be indexed, by its key in the bucket (None: Bedrock names none), and why."""

    file: str | None
    reason: str


@dataclass(frozen=True)
class IngestionStatistics:
    """What an ingestion job did, in documents; a changed sidecar counts as `modified`."""

    scanned: int = 0
    new: int = 0
    modified: int = 0
    deleted: int = 0
    failed: int = 0


@dataclass(frozen=True)
class IngestionJob:
    """One run over the documents bucket; `status` is Bedrock's, `trigger` says what asked for it."""

    job_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    trigger: SyncTrigger
    statistics: IngestionStatistics = IngestionStatistics()
    failures: tuple[FileFailure, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status in FINAL_STATUSES

    @property
    def failed_on_files(self) -> bool:
        """Whether it failed for what is in the documents, so that the same again would fail the same."""
        names_files = bool(self.failures) and all(failure.file for failure in self.failures)
        return self.statistics.failed > 0 and names_files


@dataclass(frozen=True, order=True)
class JobKey:
    """Which job, and when it started, so that keys sort by age."""

    started_at: datetime
    job_id: str


@dataclass(frozen=True)
class SyncState:
    """What is to be synced and what is being done about it.

    `requested` counts requests; `covered` is what it was when the newest job that we know of was started,
    so that job read the documents later. `active` is that job until its outcome is recorded, `recorded` are
    the jobs whose outcome is, newest first. `origin` marks the newest request, which tells it
    from the same count in a table that was made anew or restored. `last_error` is AWS's error code or a name
    of ours.
    """

    requested: int = 0
    covered: int = 0
    trigger: SyncTrigger = "change"
    origin: str = ""
    active: IngestionJob | None = None
    lease_until: datetime | None = None
    next_start_at: datetime | None = None
    attempts: int = 0
    last_change_at: datetime | None = None
    settled_at: datetime | None = None
    last_error: str | None = None
    recorded: tuple[JobKey, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether there is a request that no job covers."""
        return self.requested > self.covered

    def may_start(self, now: datetime) -> bool:
        """Tell whether a job is wanted and nothing is known to stand in its way."""
        is_leased = self.lease_until is not None and self.lease_until > now
        is_held_back = self.next_start_at is not None and self.next_start_at > now
        return self.pending and self.active is None and not is_leased and not is_held_back


@dataclass(frozen=True)
class SyncLease:
    """The right of one holder to start the next job, until a time."""

    holder: str
    until: datetime


@dataclass(frozen=True)
class SyncStatus:
    """How the knowledge base stands to its documents; jobs newest first."""

    pending: bool
    last_change_at: datetime | None
    last_error: str | None
    jobs: tuple[IngestionJob, ...]


@dataclass(frozen=True)
class DatabaseAddress:
    """Where Postgres is and who we are there; `host` may be the folder of a Unix socket.

    `tls_roots` is the file with the certificates that vouch for it; None connects without TLS.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    dbname: str
    tls_roots: str | None = None


@dataclass(frozen=True)
class DatabaseSource:
    """Which secret says how Postgres is reached.

    With a `host`, the secret is asked for user name and password alone: RDS writes no more into its own.
    """

    secret_id: str
    tls_roots: str | None
    host: str | None = None
    port: int = 5432
    dbname: str = ""
