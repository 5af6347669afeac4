"""What the holder of a session may do with its conversation: read it, rate answers, erase it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.chat.hand_over import ERASED
from chalicelib.chat.limits import Limits
from chalicelib.chat.sessions import Sessions, Visitor
from chalicelib.chat.source_links import SourceLinks
from chalicelib.domain.conversation import ExchangePage, Feedback
from chalicelib.domain.customer import RATED_ANSWER, Interaction
from chalicelib.domain.protocols import ConversationStore, ErasureMarks, InteractionStore, TicketStore
from chalicelib.errors import NotYourConversation, Unavailable
from chalicelib.masking import mask

if TYPE_CHECKING:
    from chalicelib.logs import DegradedLogger


@dataclass(frozen=True)
class Transcripts:
    """Opens conversations to those who hold a session id that we issued.

    Once a customer was proven in a conversation, the customer's proof is asked for as well. Where that were
    several customers, each may read what was said to them or to nobody known, and erase the whole.
    """

    sessions: Sessions
    limits: Limits
    conversations: ConversationStore
    interactions: InteractionStore
    tickets: TicketStore
    marks: ErasureMarks
    links: SourceLinks
    clock: Callable[[], datetime]
    log: "DegradedLogger"

    def read(
        self, session_id: str, visitor: Visitor, limit: int, older_than: datetime | None
    ) -> ExchangePage:
        """Return exchanges of a session, oldest first, the newest of those before `older_than`, or of all.

        Raises NotYourSession, WrongCustomerHash, TooManyRequests, Unavailable.
        """
        customer_id = self._open(session_id, visitor)
        page = self.conversations.page(session_id, limit, older_than)
        own = [e for e in page.exchanges if e.customer_id in (None, customer_id)]
        return replace(page, exchanges=self.links.linked_exchanges(own, self.log.degraded))

    def _open(self, session_id: str, visitor: Visitor) -> str | None:
        """Let the holder of a session in, and return the customer that is proven, if any.

        Who is over the limit is refused before anything is read.
        Raises NotYourSession, WrongCustomerHash, TooManyRequests, Unavailable.
        """
        self.sessions.require_issued(session_id)
        customer_id = self.sessions.verified_customer(visitor.proof, self.clock())
        self.limits.admit_visit(self.sessions.counted_as(customer_id, visitor.address))
        customers = self.conversations.customers_of(session_id)
        if customers and customer_id not in customers:
            raise NotYourConversation
        return customer_id

    def rate(self, session_id: str, visitor: Visitor, message_id: str, feedback: Feedback) -> None:
        """Keep feedback on an answer.

        Raises NotYourSession, WrongCustomerHash, TooManyRequests, UnknownMessage, ErasedMeanwhile,
        Unavailable.
        """
        self._open(session_id, visitor)
        comment = mask(feedback.comment) if feedback.comment else None
        rated = self.conversations.rate(session_id, message_id, replace(feedback, comment=comment))
        if rated.customer_id:
            # At the answer's time: rated again, it is the same entry.
            interaction = Interaction(rated.customer_id, rated.timestamp, RATED_ANSWER, None, session_id)
            self._log_feedback(interaction, began_at=feedback.timestamp)

    def _log_feedback(self, interaction: Interaction, began_at: datetime) -> None:
        try:
            self.interactions.add(interaction, began_at)
        except Unavailable as error:
            # The feedback is kept by now.
            self.log.degraded("interactions", error)

    def erase(self, session_id: str, visitor: Visitor) -> None:
        """Erase a conversation: its exchanges with their feedback, its interactions, its words in tickets.

        A ticket itself stays, since somebody may be working on it. An answer that is under way is not kept.
        Safe to repeat after a failure.
        Raises NotYourSession, WrongCustomerHash, TooManyRequests, Unavailable.
        """
        self._open(session_id, visitor)
        with self.marks.session(session_id):
            self._erase(session_id)

    def _erase(self, session_id: str) -> None:
        exchanges = self.conversations.everything(session_id)
        for customer_id in {e.customer_id for e in exchanges if e.customer_id}:
            logged = self.interactions.everything(customer_id)
            self.interactions.erase([i for i in logged if i.session_id == session_id])
        opened = {e.handed_over.ticket_id for e in exchanges if e.handed_over}
        for ticket_id in opened | {e.unconfirmed_ticket_id for e in exchanges if e.unconfirmed_ticket_id}:
            self.tickets.erase_text(ticket_id, ERASED)
        # Last, because the exchanges are what leads to the rest.
        self.conversations.erase(exchanges)
