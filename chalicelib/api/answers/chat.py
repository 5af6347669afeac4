"""What customers' clients get back."""

from typing import Literal

from typing_extensions import NotRequired, TypedDict

from chalicelib.api.answers.common import Count, OutOfReach, Score, Time
from chalicelib.domain.conversation import HandledBy, HandOverReason, Rating
from chalicelib.domain.ticket import TicketStatus


class Citation(TypedDict):
    """A source of an answer."""

    index: int
    """`[index]` in the answer's text refers to this source; counted from 1."""
    title: str
    url: str | None
    """Where the source can be read; null where it is published nowhere."""
    snippet: str
    """What the answer rests on, as plain text of at most 244 characters."""
    score: Score
    """How near the passage is to the question; higher is nearer."""


class Guardrail(TypedDict):
    """Whether the guardrail stepped in."""

    intervened: bool
    reasons: list[str]
    """Such as `topic:Legal advice`; never the text that it matched."""


class Escalation(TypedDict):
    """That a person takes over."""

    ticket_id: str
    reason: HandOverReason


class Usage(TypedDict):
    """What an answer consumed."""

    input_tokens: Count
    output_tokens: Count
    cost_usd: float | None
    """Null where the model's price is not known."""


class Contact(TypedDict):
    """How a customer can be reached."""

    email: str | None
    phone: str | None
    name: str | None


class ChatAnswer(TypedDict):
    """The answer to a customer's message."""

    response: str
    """Markdown; `[1]` in it refers to the citation with `index` 1."""
    session_id: str
    """Goes with the next message of this conversation. Who holds it can read the conversation."""
    message_id: str
    """Names this message and its answer, as in the history and for feedback."""
    timestamp: Time
    citations: list[Citation]
    guardrail: Guardrail
    escalation: Escalation | None
    """The conversation's ticket once a person takes over."""
    model: str | None
    """Null where no model was needed."""
    usage: Usage
    handled_by: HandledBy
    """`agent` from an agent's first reply until the ticket is closed: the message was passed on to them."""
    offered_contact: NotRequired[Contact]
    """What the answer asks the customer to confirm: by saying yes, or with PUT /chat/{session_id}/contact."""
    degraded: list[OutOfReach]
    """What could not be reached; the rest of the answer is good."""


class PendingAnswer(TypedDict):
    """What is there of an answer while it is written."""

    text: str
    """Markdown, as the answer will begin; it may be replaced where a guardrail or another model steps in."""
    done: bool
    """Whether the text is that of the whole answer; its sources come with the answer of POST /chat."""


class AnswerFeedback(TypedDict):
    """What the customer thought of an answer."""

    rating: Rating
    comment: str | None


class TranscriptMessage(TypedDict):
    """One message of a conversation, as an agent reads it."""

    timestamp: Time
    role: Literal["user", "assistant", "agent"]
    content: str
    """The customer's text as it was written, or the answer in Markdown."""
    author: NotRequired[str]
    """The agent's name, of what an agent wrote."""
    citations: NotRequired[list[Citation]]
    """Of an answer, where it has any."""
    escalation: NotRequired[Escalation]
    """Of an answer, once a person takes over."""
    feedback: NotRequired[AnswerFeedback]
    """Of an answer, or of what an agent wrote, that was rated."""
    offered_contact: NotRequired[Contact]
    """Of an answer that asks whether an address was understood."""


class Message(TranscriptMessage):
    """One message of a conversation."""

    message_id: str
    """The same for a question and its answer."""


class OpenedLink(TypedDict):
    """The conversation that a mail's link leads to."""

    session_id: str
    """Who holds it can read the conversation."""


class ConversationTicket(TypedDict):
    """The ticket of a conversation that went to a person."""

    ticket_id: str
    status: TicketStatus


class History(TypedDict):
    """A page of a conversation."""

    session_id: str
    handled_by: HandledBy
    """Who answers now: an agent from their first reply until the ticket is closed."""
    ticket: ConversationTicket | None
    """The last one that the conversation had."""
    contact: NotRequired[Contact]
    """How agents can reach the customer of an open ticket, where they can."""
    messages: list[Message]
    """Oldest first."""
    next: str | None
    """Send it as `before` for what is older; null at the beginning."""
    newest: str
    """Send it as `after` for what is new since, also where there was nothing."""
