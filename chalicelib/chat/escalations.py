"""Opens the ticket that a conversation becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.chat.sessions import Sessions
from chalicelib.domain.conversation import Escalation, Exchange, HandOver
from chalicelib.domain.protocols import TicketStore
from chalicelib.domain.ticket import Ticket

SUBJECT_CHARS = 120
ERASED = "(erased by the customer)"
"""What stands in a ticket instead of words that the customer erased."""
STILL_THE_SAME_CASE = timedelta(hours=1)
"""Retries and twins come within seconds; what comes later to the same point is a new case."""


@dataclass(frozen=True)
class Escalations:
    """Turns hand-overs into tickets, one for one point of a conversation."""

    sessions: Sessions
    tickets: TicketStore

    def ticket_id(self, exchange: Exchange, earlier: Sequence[Exchange]) -> str:
        """Return the id of the ticket that a hand-over at this point of the conversation opens.

        It follows from where the conversation stands, so a retry, a twin request and another try after a
        failure all come to the same one.
        """
        before = earlier[-1] if earlier else None
        if before and before.ticket_wanted:
            return before.ticket_wanted
        previous_message_id = before.message_id if before else ""
        return self.sessions.ticket_id(exchange.session_id, exchange.customer_id or "", previous_message_id)

    def open(self, hand_over: HandOver, exchange: Exchange, ticket_id: str) -> Escalation:
        """Open the ticket of an exchange, or find what a retry or a twin opened. Raises Unavailable."""
        ticket = Ticket(
            ticket_id=ticket_id,
            created_at=exchange.timestamp,
            status="open",
            channel="chat",
            priority="high" if hand_over.reason == "negative_sentiment" else "medium",
            subject=_clip(hand_over.summary or exchange.question),
            description=exchange.question,
            reason=hand_over.reason,
            customer_id=exchange.customer_id,
            session_id=exchange.session_id,
        )
        if not _is_same_case(self.tickets.add(ticket), ticket):
            ticket = replace(ticket, ticket_id=self.sessions.ticket_id(ticket_id, exchange.message_id))
            self.tickets.add(ticket)
        return Escalation(ticket.ticket_id, hand_over.reason)


def _is_same_case(kept: Ticket, ticket: Ticket) -> bool:
    """Tell whether the ticket that is kept under an id may serve for another that would have it."""
    recent = abs(ticket.created_at - kept.created_at) < STILL_THE_SAME_CASE
    return recent and kept.status == "open" and kept.description != ERASED


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_CHARS else line[: SUBJECT_CHARS - 1].rstrip() + "…"
