"""A conversation: its questions and answers, and what an answer rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from chalicelib.domain.access import Access

HandOverReason = Literal[
    "customer_request",
    "missing_knowledge",
    "negative_sentiment",
    "policy_restriction",
    "unsupported_request",
]
Rating = Literal["up", "down"]
HandledBy = Literal["assistant", "agent"]
Feature = Literal["chat", "draft", "search", "rerank", "guardrail", "sentiment"]
"""What money is spent on."""


@dataclass(frozen=True)
class Passage:
    """A piece of a knowledge-base document that may hold the answer; `score` is 0–1, higher is nearer.

    `url` is where the team publishes the document; `document` is its key in the documents bucket; `access`
    is who may read it.
    """

    text: str
    title: str
    url: str | None
    score: float
    document: str | None = None
    access: Access = None


@dataclass(frozen=True)
class Citation:
    """A source of an answer; `[index]` in the answer's text refers to it, counted from 1.

    `url`, `document` and `access` are those of the passage.
    """

    index: int
    title: str
    url: str | None
    snippet: str
    score: float
    document: str | None = None
    access: Access = None


@dataclass(frozen=True)
class Nearest:
    """The passage that came nearest to a question which got no answer; see Passage for the fields."""

    title: str
    url: str | None
    score: float
    document: str | None = None
    access: Access = None


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
    """That a conversation is to go to a person, and why; `message` is what the model tells the customer.

    `summary` is for the person who takes over.
    """

    reason: HandOverReason
    summary: str
    message: str = ""


@dataclass(frozen=True)
class HandOverTicket:
    """The ticket of a conversation that went to a person."""

    ticket_id: str
    reason: HandOverReason


@dataclass(frozen=True)
class Contact:
    """How a customer can be reached who has left the page."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Feedback:
    """What the customer thought of one answer."""

    rating: Rating
    comment: str | None
    timestamp: datetime

    def after(self, earlier: "Feedback | None") -> "Feedback":
        """Return what is kept after earlier feedback: this one, and a comment until there is another.

        Said once more, it stays as it was.
        """
        if earlier is None:
            return self
        kept = replace(self, comment=self.comment or earlier.comment)
        return earlier if kept == replace(earlier, timestamp=self.timestamp) else kept


@dataclass(frozen=True)
class Prompt:
    """All that one model call is made of; `history` alternates customer and assistant, oldest first.

    `facts` are the texts that stand before the question in its message; only `question` is for the guardrail.
    """

    rules: str
    history: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    question: str
    may_hand_over: bool


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

    Or one half of it: a message that was passed on to an agent has no answer, and an agent's reply, which
    has an `author`, no question. `ticket_id` is the ticket that the conversation had then; `handed_over` is
    that ticket where the customer was told of it. `unconfirmed_ticket_id` is one that could not be confirmed:
    it may still have been written, late. `offered_contact` is what the customer was asked to confirm.
    `draft_kept` is which share of its draft is in a reply, 0–1; None where there was none. `nearest` is set
    where an answer has no source. `took_ms` is how long the assistant's answer took, until it was written,
    and `costs_micro_usd` what was spent on it by feature, in millionths of a US dollar.
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
    handed_over: HandOverTicket | None = None
    degraded: tuple[str, ...] = ()
    customer_id: str | None = None
    sentiment: float | None = None
    unanswered: bool = False
    unconfirmed_ticket_id: str | None = None
    feedback: Feedback | None = None
    ticket_id: str | None = None
    author: str | None = None
    offered_contact: Contact | None = None
    draft_kept: float | None = None
    nearest: Nearest | None = None
    took_ms: int | None = None
    costs_micro_usd: Mapping[Feature, int] = field(default_factory=dict, hash=False)

    @property
    def handled_by(self) -> HandledBy:
        """Who had the conversation when this was said."""
        return "assistant" if self.answer and not self.author else "agent"


@dataclass(frozen=True)
class ExchangePage:
    """Some exchanges of a session, oldest first.

    `older_than` continues with those before them, `newer_than` with those after them: it is None where
    nothing was said before.
    """

    exchanges: tuple[Exchange, ...]
    older_than: datetime | None
    newer_than: datetime | None


@dataclass(frozen=True)
class Holding:
    """Whose an exchange is, and the ticket that the conversation had then."""

    customer_id: str | None
    ticket_id: str | None


def last_ticket_id(said: Sequence[Exchange | Holding], customer_id: str | None) -> str | None:
    """Return the ticket that a conversation had last, of what was said to a customer or to nobody known.

    How it stands is for the ticket itself to say.
    """
    own = (each.ticket_id for each in reversed(said) if each.customer_id in (None, customer_id))
    return next(filter(None, own), None)
