"""Opens the ticket that a conversation becomes."""

from dataclasses import dataclass

from chalicelib.models import Escalation, Exchange, HandOver, Ticket
from chalicelib.ports import TicketStore
from chalicelib.sessions import Sessions

SUBJECT_CHARS = 120


@dataclass(frozen=True)
class Escalations:
    """Turns hand-overs into tickets, one for one point of a conversation."""

    sessions: Sessions
    tickets: TicketStore

    def open(self, hand_over: HandOver, exchange: Exchange, previous_message_id: str) -> Escalation:
        """Open the ticket of an exchange, or find the one that a retry or a twin request opened.

        The ticket's id follows from where the conversation stands, so both come to the same one.
        Raises Unavailable.
        """
        ticket_id = self.sessions.ticket_id(exchange.session_id, previous_message_id)
        self.tickets.add(
            Ticket(
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
        )
        return Escalation(ticket_id, hand_over.reason)


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_CHARS else line[: SUBJECT_CHARS - 1].rstrip() + "…"
