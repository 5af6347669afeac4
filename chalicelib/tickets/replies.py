"""What agents write to customers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from chalicelib.chat.citations import without_marks
from chalicelib.domain.conversation import Exchange
from chalicelib.domain.protocols import TicketConversationStore, TicketStore
from chalicelib.domain.ticket import Ticket
from chalicelib.errors import ConversationErased, ReplyIdReused, TicketClosed, TicketStateChanged
from chalicelib.masking import mask

if TYPE_CHECKING:
    from chalicelib.logs import TicketLogger


@dataclass(frozen=True)
class NewReply:
    """A reply as an agent sends it; `closes` says that the ticket is done with it."""

    author: str
    message: str
    reply_id: str | None = None
    closes: bool = False


@dataclass(frozen=True)
class Replies:
    """Takes replies into the conversations of their tickets."""

    tickets: TicketStore
    ticket_conversations: TicketConversationStore
    clock: Callable[[], datetime]
    log: "TicketLogger"

    def send(self, ticket_id: str, new: NewReply) -> Exchange:
        """Add a reply to a ticket's conversation, and close the ticket with it if it says so, all or nothing.

        The same reply id again is the same reply. Raises UnknownTicket, TicketClosed, ConversationErased,
        ReplyIdReused, ErasedMeanwhile, Unavailable.
        """
        began_at = self.clock()
        ticket = self.tickets.get(ticket_id)
        if ticket.is_erased:
            raise ConversationErased
        reply = self._reply(ticket, new, began_at)
        try:
            sent = self.ticket_conversations.say(reply, {"waiting", "agent"}, new.closes, began_at)
        except TicketStateChanged as error:
            raise TicketClosed from error
        if sent.answer != reply.answer:
            raise ReplyIdReused
        self.log.replied(ticket, sent, new.closes)
        return sent

    def _reply(self, ticket: Ticket, new: NewReply, began_at: datetime) -> Exchange:
        message = mask(new.message)
        return Exchange(
            session_id=ticket.conversation_id,
            message_id=new.reply_id or f"r_{uuid.uuid4().hex}",
            timestamp=began_at,
            question="",
            answer=message,
            model=None,
            customer_id=ticket.customer_id,
            ticket_id=ticket.ticket_id,
            author=new.author,
            draft_kept=share_kept(ticket.draft, message) if ticket.draft else None,
        )


def share_kept(draft: str, message: str) -> float:
    """Return which share of a draft's words is in a message, in their order: 1 if all, 0 if none."""
    words = without_marks(draft).split()
    matches = SequenceMatcher(None, words, message.split()).get_matching_blocks()
    return round(sum(match.size for match in matches) / len(words), 2) if words else 0.0
