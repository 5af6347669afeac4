"""Tickets: cases for a person, and what agents say of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from chalicelib.domain.conversation import HandOverReason

TicketChannel = Literal["email", "chat", "phone", "web"]
TicketPriority = Literal["low", "medium", "high", "urgent"]
TicketStatus = Literal["open", "pending", "closed"]
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
