"""The links in mails, which open a conversation to whoever reads the mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.chat.sessions import Sessions
from chalicelib.domain.ticket import Ticket


@dataclass(frozen=True)
class ConversationLinks:
    """Makes links to the chat page.

    The token goes behind the `#`, which no browser sends to a server or tells another page; it holds no
    session id, and `Transcripts.open_link` gives that out for it.
    """

    sessions: Sessions
    page: str
    clock: Callable[[], datetime]

    def link(self, ticket: Ticket) -> str | None:
        """Return the link to a ticket's conversation; None if nobody can read it. Raises Unavailable."""
        if not ticket.session_id or not self.sessions.is_issued(ticket.session_id):
            return None
        return f"{self.page}#conversation={self.sessions.link_token(ticket.ticket_id, self.clock())}"
