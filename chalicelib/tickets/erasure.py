"""Erases what we hold of one customer: chats, interactions, tickets and feedback."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass

from chalicelib.chat.hand_over import tickets_of
from chalicelib.chat.sessions import Sessions
from chalicelib.domain.conversation import Exchange
from chalicelib.domain.protocols import (
    ConversationStore,
    ErasureMarks,
    InteractionStore,
    PendingStore,
    TicketStore,
)


@dataclass(frozen=True)
class Erased:
    """How many were erased; `chats` counts conversations, `feedback` what was said of answers and tickets."""

    chats: int = 0
    exchanges: int = 0
    interactions: int = 0
    tickets: int = 0
    feedback: int = 0


@dataclass(frozen=True)
class Erasure:
    """Erases customers. `forget` drops what this container remembers of one.

    Customers and orders in Postgres are the team's own records and stay.
    """

    sessions: Sessions
    conversations: ConversationStore
    pending: PendingStore
    interactions: InteractionStore
    tickets: TicketStore
    marks: ErasureMarks
    forget: Callable[[str], None]

    def erase(self, external_id: str) -> Erased:
        """Erase a customer's data and count it; what is under way is not kept.

        Each step can be repeated, and what leads to the rest goes last: after a failure half-way the next
        call finds what is left. Raises Unavailable.
        """
        self.forget(external_id)
        with self.marks.customer(external_id):
            return self._erase(external_id)

    def _erase(self, external_id: str) -> Erased:
        self.pending.erase(None, external_id)
        interactions = self.interactions.everything(external_id)
        sessions = self.conversations.sessions_of(external_id)
        counts: Counter[str] = Counter()
        for session_id in sorted(sessions | {i.session_id for i in interactions if i.session_id}):
            # Where a stranger may have made up the same id, what is under way may be theirs.
            is_own = self.sessions.is_issued(session_id)
            with self.marks.session(session_id) if is_own else nullcontext():
                counts += self._erase_chat(session_id, external_id)
        tickets = {t.ticket_id for t in self.tickets.everything(external_id)}
        counts += self._erase_tickets(tickets | {i.ticket_id for i in interactions if i.ticket_id})
        self.interactions.erase(interactions)
        counts["interactions"] = len(interactions)
        return Erased(**counts)

    def _erase_chat(self, session_id: str, external_id: str) -> Counter[str]:
        if self.sessions.is_issued(session_id):
            self.pending.erase(session_id)
        exchanges = self._exchanges(session_id, external_id)
        counts = self._erase_tickets(tickets_of(exchanges))
        self.conversations.erase_contact(session_id, external_id)
        self.conversations.erase([e for e in exchanges if not e.customer_id])
        # By these the session is found again.
        self.conversations.erase([e for e in exchanges if e.customer_id])
        feedback = sum(bool(e.feedback) for e in exchanges)
        return counts + Counter(chats=int(bool(exchanges)), exchanges=len(exchanges), feedback=feedback)

    def _exchanges(self, session_id: str, external_id: str) -> list[Exchange]:
        """Return a session's exchanges, also those from before the customer was proven, but nobody else's.

        A session id that somebody made up may be shared by strangers: there only what is proven counts.
        """
        whose = (None, external_id) if self.sessions.is_issued(session_id) else (external_id,)
        return [e for e in self.conversations.everything(session_id) if e.customer_id in whose]

    def _erase_tickets(self, ticket_ids: Iterable[str]) -> Counter[str]:
        erased = self.tickets.erase(sorted(ticket_ids))
        return Counter(tickets=len(erased), feedback=sum(len(t.feedback) for t in erased))
