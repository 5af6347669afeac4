"""Tickets: cases for a person, and what agents say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from chalicelib.branding import LANGUAGES
from chalicelib.domain.conversation import Contact, Feedback, HandledBy, HandOverReason

TicketChannel = Literal["email", "chat", "phone", "web"]
TicketPriority = Literal["low", "medium", "high", "urgent"]
TicketStatus = Literal["open", "pending", "closed"]
TicketState = Literal["waiting", "agent", "closed"]
"""Where a conversation with a person stands: nobody has replied yet, an agent has it, or it is over."""
ERASED = "(erased by the customer)"
"""What stands in a ticket instead of words that the customer erased."""
CUSTOMER = "customer"
"""The source of what the customer says, in a ticket's feedback."""
MAX_FEEDBACK = 20
"""How many a ticket keeps, the newest: an item must stay below DynamoDB's 400 KB."""


@dataclass(frozen=True)
class TicketFeedback:
    """Whether an agent found what came with a ticket helpful; `source` says what of it."""

    helpful: bool
    source: str | None
    comment: str | None
    timestamp: datetime

    def added_to(self, given: tuple["TicketFeedback", ...]) -> tuple["TicketFeedback", ...]:
        """Return a ticket's feedback with this, in the order it came.

        The last word on a source counts: it takes the place of the one before, and of its comment only with
        the same one. Other comments stay beside it: several agents may have written them.
        """
        if self in given:
            return given
        before = next((each for each in reversed(given) if each.source == self.source), None)
        if before and not self.comment:
            return (*(each for each in given if each is not before), replace(self, comment=before.comment))
        kept = (e for e in given if e.source != self.source or e.comment not in (None, self.comment))
        return (*kept, self)[-MAX_FEEDBACK:]


@dataclass(frozen=True)
class Ticket:
    """A case for a person. `session_id` leads to the conversation that it came from.

    `customer_id` is the customer's external id; the `fingerprint` of a posted ticket is that of its body.
    `last_message_at` is when the customer, or the assistant, last wrote in a conversation that had this
    ticket, and `last_reply_at` when an agent did. Up to `last_read_at` the customer has read what agents
    replied. `draft` is what an agent was given to reply since. `customer_feedback` is what the customer
    thought of what agents wrote. `newest_event` numbers the newest of its events; `is_enriched` says that one
    of them told what was found. `language` is that of the page that the customer asked on.
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
    assignee: str | None = None
    contact: Contact | None = None
    external_ticket_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    feedback: tuple[TicketFeedback, ...] = ()
    last_message_at: datetime | None = None
    last_reply_at: datetime | None = None
    last_read_at: datetime | None = None
    draft: str | None = None
    customer_feedback: Feedback | None = None
    newest_event: int = field(default=0, compare=False)
    is_enriched: bool = False
    language: str = LANGUAGES[0]

    @property
    def is_erased(self) -> bool:
        """Whether the customer erased the words of this ticket."""
        return self.description == ERASED

    @property
    def all_feedback(self) -> tuple[TicketFeedback, ...]:
        """What agents said of it, and at the end what the customer did."""
        given = self.customer_feedback
        if given is None:
            return self.feedback
        own = TicketFeedback(given.rating == "up", CUSTOMER, given.comment, given.timestamp)
        return (*self.feedback, own)

    @property
    def state(self) -> TicketState:
        """Whom the conversation of this ticket is with."""
        if self.status == "closed":
            return "closed"
        return "agent" if self.last_reply_at else "waiting"

    @property
    def handled_by(self) -> HandledBy:
        """Who answers in the conversation of this ticket."""
        return "agent" if self.state == "agent" else "assistant"

    def newly_read(self, seen_until: datetime | None) -> datetime | None:
        """Return up to when replies are read by who saw all until a time; None if that is known."""
        if not self.last_reply_at or not seen_until:
            return None
        until = min(seen_until, self.last_reply_at)
        return until if self.last_read_at is None or until > self.last_read_at else None

    @property
    def conversation_id(self) -> str:
        """The session that replies go to; one of the ticket's own where it came from no chat."""
        return self.session_id or f"ticket#{self.ticket_id}"


@dataclass(frozen=True)
class TicketChange:
    """What is to be different about a ticket; None leaves it as it is, and an assignee of "" is nobody."""

    status: TicketStatus | None = None
    assignee: str | None = None
    priority: TicketPriority | None = None
    contact: Contact | None = None
    customer_feedback: Feedback | None = None

    def made_to(self, ticket: Ticket) -> Ticket:
        """Return a ticket as it is then."""
        changes: dict[str, Any] = {name: value for name, value in vars(self).items() if value is not None}
        changes |= {"assignee": None} if self.assignee == "" else {}
        return replace(ticket, **changes)


@dataclass(frozen=True)
class TicketFilter:
    """Which tickets are asked for: None does not matter."""

    status: TicketStatus | None = None
    customer_id: str | None = None
    assignee: str | None = None


@dataclass(frozen=True)
class ConversationTicket:
    """The ticket that a conversation has, as it is now; `ticket` is None where it cannot be read."""

    ticket_id: str
    ticket: Ticket | None = None

    @property
    def state(self) -> TicketState | None:
        """Whom the conversation is with; None where that is not known."""
        return self.ticket.state if self.ticket else None

    @property
    def is_open(self) -> bool:
        """Whether the ticket is not known to be closed."""
        return self.state != "closed"


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
