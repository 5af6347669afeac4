"""Erases what we hold of one customer: chats, interactions, tickets and feedback."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.models import Exchange
from chalicelib.ports import ConversationStore, InteractionStore, TicketStore


@dataclass(frozen=True)
class Erased:
    """How many were erased; `chats` counts conversations, `feedback` what was said of answers and tickets."""

    chats: int
    exchanges: int
    interactions: int
    tickets: int
    feedback: int


@dataclass(frozen=True)
class Erasure:
    """Erases customers. `forget` drops what this container remembers of one.

    Customers and orders in Postgres are the team's own records and stay.
    """

    conversations: ConversationStore
    interactions: InteractionStore
    tickets: TicketStore
    forget: Callable[[str], None]

    def erase(self, external_id: str) -> Erased:
        """Erase a customer's data and count it.

        Each step can be repeated, and what leads to the rest goes last: after a failure half-way the next
        call finds what is left. Raises Unavailable.
        """
        self.forget(external_id)
        interactions = self.interactions.everything(external_id)
        sessions = self.conversations.sessions_of(external_id)
        sessions |= {i.session_id for i in interactions if i.session_id}
        chats = [exchanges for each in sorted(sessions) if (exchanges := self._exchanges(each, external_id))]
        ticket_ids = {t.ticket_id for t in self.tickets.everything(external_id)}
        ticket_ids |= {i.ticket_id for i in interactions if i.ticket_id}
        ticket_ids |= {ticket_id for exchanges in chats for ticket_id in _tickets_of(exchanges)}
        tickets = self.tickets.erase(sorted(ticket_ids))
        for exchanges in chats:
            self.conversations.erase([e for e in exchanges if not e.customer_id])
            # By these the session is found again.
            self.conversations.erase([e for e in exchanges if e.customer_id])
        self.interactions.erase(interactions)
        exchanges = [exchange for each in chats for exchange in each]
        return Erased(
            chats=len(chats),
            exchanges=len(exchanges),
            interactions=len(interactions),
            tickets=len(tickets),
            feedback=sum(bool(e.feedback) for e in exchanges) + sum(len(t.feedback) for t in tickets),
        )

    def _exchanges(self, session_id: str, external_id: str) -> list[Exchange]:
        """Return a session's exchanges, also those from before the customer was proven, but nobody else's."""
        return [e for e in self.conversations.everything(session_id) if e.customer_id in (None, external_id)]


def _tickets_of(exchanges: list[Exchange]) -> set[str]:
    opened = {e.escalation.ticket_id for e in exchanges if e.escalation}
    return opened | {e.ticket_wanted for e in exchanges if e.ticket_wanted}
