"""The frozen types that travel between use cases, stores and gateways."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

HandOverReason = Literal[
    "customer_request",
    "missing_knowledge",
    "negative_sentiment",
    "policy_restriction",
    "unsupported_request",
]
Rating = Literal["up", "down"]


@dataclass(frozen=True)
class Passage:
    """A piece of a knowledge-base document that may hold the answer; `score` is 0–1, higher is nearer."""

    text: str
    title: str
    url: str | None
    score: float


@dataclass(frozen=True)
class Citation:
    """A source of an answer; `[index]` in the answer's text refers to it, counted from 1."""

    index: int
    title: str
    url: str | None
    snippet: str
    score: float


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
class Ticket:
    """A case for a person. `session_id` leads to the conversation that it came from."""

    ticket_id: str
    created_at: datetime
    status: str
    channel: str
    priority: str
    subject: str
    description: str
    reason: HandOverReason | None = None
    customer_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class DatabaseAddress:
    """Where Postgres is and who we are there; `host` may be the folder of a Unix socket."""

    host: str
    port: int
    username: str
    password: str
    dbname: str
