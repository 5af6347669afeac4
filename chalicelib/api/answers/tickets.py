"""What agents and ticketing systems get back."""

from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema
from typing_extensions import NotRequired, TypedDict

from chalicelib.api.answers.chat import Citation, Contact, TranscriptMessage, Usage
from chalicelib.api.answers.common import Count, OutOfReach, Score, Time
from chalicelib.domain.conversation import HandledBy, HandOverReason
from chalicelib.domain.customer import ChurnRisk
from chalicelib.domain.ticket import TicketChannel, TicketPriority, TicketStatus

Tier = Annotated[str, WithJsonSchema({"type": "string", "enum": ["standard", "premium", "enterprise"]})]
"""The database takes no other."""


class Order(TypedDict):
    """One order of a customer."""

    order_number: str
    order_date: Time
    status: str
    total_amount: float
    """In `currency`."""
    currency: str
    items: str


class CustomerContext(TypedDict):
    """What is known of a customer.

    In a stage without a customer database, what only that knows is null, and `recent_orders` empty.
    """

    customer_id: int | None
    """The customer's key in the database; null without one."""
    external_id: str
    """How the team's own systems name the customer."""
    name: str | None
    email: str | None
    company: str | None
    tier: Tier | None
    lifetime_value: float | None
    """In US dollars."""
    total_orders: Count | None
    recent_orders: list[Order]
    """The newest five, newest first."""
    open_tickets: int | None
    """Null where they can't be counted right now."""
    avg_sentiment: float | None
    """Of the last 20 interactions, from −1 (bad) to 1 (good); null where none is known."""
    last_interaction: Time | None
    is_high_value: bool
    """By the tier or the lifetime value."""
    churn_risk: ChurnRisk
    """By sentiment, open tickets and time without an order."""


class Suggestion(TypedDict):
    """A passage of the knowledge base that may hold the solution."""

    title: str
    url: str | None
    """Where the document can be read; null where it is published nowhere."""
    snippet: str
    """What the ticket is about, as plain text of at most 244 characters."""
    score: Score
    """How near the passage is to the ticket; higher is nearer."""
    access: NotRequired[list[str]]
    """Who may read the document, such as `agent`, where that is not everybody: not to be pasted to others."""


class TicketReceived(TypedDict):
    """A ticket that was kept, with what is known around it."""

    ticket_id: str
    status: Literal["received"]
    customer_context: CustomerContext | None
    """Null for a customer whom the database doesn't know, or while it is out of reach."""
    kb_suggestions: list[Suggestion]
    """Nearest first."""
    processing_time_ms: Count
    degraded: list[OutOfReach]
    """What could not be reached; the ticket is kept."""


class Ticket(TypedDict):
    """A ticket."""

    ticket_id: str
    external_ticket_id: str | None
    """How the ticketing system calls it."""
    customer_external_id: str | None
    """Null where a chat's customer was not proven."""
    status: TicketStatus
    channel: TicketChannel
    priority: TicketPriority
    assignee: str | None
    """Whose it is; null for nobody."""
    contact: Contact | None
    """How the customer of a chat can be reached, where they said it."""
    subject: str
    description: str
    reason: HandOverReason | None
    """Why the chat handed over, where the ticket came from one."""
    metadata: dict[str, Any]
    """What was sent with the ticket."""
    created_at: Time
    handled_by: HandledBy
    """Who answers in its conversation: an agent from their first reply until the ticket is closed."""
    last_message_at: Time | None
    """When something was last said in its chat but by agents; null if never."""
    last_reply_at: Time | None
    """When an agent last replied; null if never."""


class Tickets(TypedDict):
    """A page of tickets."""

    tickets: list[Ticket]
    """Newest first."""
    next: str | None
    """Send it as `before` for what is older; null at the end."""


class Agent(TypedDict):
    """Whom a token belongs to."""

    name: str
    """The author of replies that are sent with it."""


class ReplySent(TypedDict):
    """A reply that was kept."""

    reply_id: str
    timestamp: Time


class Draft(TypedDict):
    """A reply to check, to change and to send."""

    draft: str
    """Markdown; `[1]` in it refers to the citation with `index` 1. Empty where the guardrail stopped it."""
    citations: list[Citation]
    missing: list[str]
    """What the agent has to find out or decide."""
    usage: Usage
    degraded: list[OutOfReach]
    """What could not be reached, and so is not in the draft."""


class SidecarAttributes(TypedDict):
    """What the knowledge base knows of a document besides its text."""

    title: str
    access: NotRequired[list[str]]
    """Who may read it: only agents, where the conversation rests on documents that not everybody may read."""


class Sidecar(TypedDict):
    """The file that lies beside a document in the bucket."""

    metadataAttributes: SidecarAttributes


class Article(TypedDict):
    """An article to check, to change and to put into the documents bucket."""

    title: str
    markdown: str
    """The whole file: the title as its first heading, and the text."""
    sidecar: Sidecar
    usage: Usage


class TicketFeedback(TypedDict):
    """Whether what came with a ticket helped an agent, or what agents wrote the customer."""

    helpful: bool
    source: str | None
    """What of the answer an agent means; `customer` of what the customer says, which comes last."""
    comment: str | None
    timestamp: Time


class TicketContext(TypedDict):
    """A ticket with what is known around it."""

    ticket: Ticket
    customer_context: CustomerContext | None
    """Null for a customer whom the database doesn't know, or while it is out of reach."""
    kb_suggestions: list[Suggestion]
    """Nearest first."""
    transcript: list[TranscriptMessage] | None
    """The conversation, oldest first, where the ticket came from a chat or was replied to."""
    feedback: list[TicketFeedback]
    """The newest 20 of agents, oldest first, and the customer's."""
    degraded: list[OutOfReach]
    """What could not be reached; the rest is good."""


class ErasedCounts(TypedDict):
    """How many were erased."""

    chats: Count
    exchanges: Count
    """Questions with their answers."""
    interactions: Count
    tickets: Count
    feedback: Count


class CustomerErased(TypedDict):
    """That a customer was erased."""

    external_id: str
    erased: ErasedCounts
