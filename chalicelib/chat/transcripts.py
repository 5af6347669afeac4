"""What the holder of a session may do with its conversation: read it, rate answers, erase it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.chat.hand_over import tickets_of
from chalicelib.chat.limits import Limits
from chalicelib.chat.person.contacts import Contacts
from chalicelib.chat.sessions import Sessions, Visitor
from chalicelib.chat.source_links import SourceLinks, has_restricted
from chalicelib.domain.access import NOBODY_KNOWN, Reader, customer_reader
from chalicelib.domain.conversation import Contact, Exchange, ExchangePage, Feedback, last_ticket_id
from chalicelib.domain.customer import RATED_ANSWER, Interaction
from chalicelib.domain.protocols import (
    ConversationStore,
    CustomerStore,
    ErasureMarks,
    InteractionStore,
    PendingStore,
    TicketStore,
)
from chalicelib.domain.ticket import ERASED, Ticket, TicketChange
from chalicelib.errors import LinkNotValid, NotYourConversation, Unavailable, UnknownTicket
from chalicelib.masking import mask

if TYPE_CHECKING:
    from chalicelib.logs import DegradedLogger


@dataclass(frozen=True)
class Opened:
    """A conversation that its holder may read: who that is proven to be, and the ticket that it had last."""

    customer_id: str | None
    ticket_id: str | None


@dataclass(frozen=True)
class Reading:
    """What of a conversation was asked for, and how its ticket stands, if it has or had one.

    `contact` is how agents can reach the customer of an open one.
    """

    page: ExchangePage
    ticket: Ticket | None
    contact: Contact | None = None


@dataclass(frozen=True)
class Transcripts:
    """Opens conversations to those who hold a session id that we issued.

    Once a customer was proven in a conversation, the customer's proof is asked for as well. Where that were
    several customers, each may read what was said to them or to nobody known, and erase the whole.
    """

    sessions: Sessions
    limits: Limits
    conversations: ConversationStore
    pending: PendingStore
    interactions: InteractionStore
    tickets: TicketStore
    contacts: Contacts
    marks: ErasureMarks
    customers: CustomerStore
    links: SourceLinks
    clock: Callable[[], datetime]
    log: "DegradedLogger"

    def read(
        self,
        session_id: str,
        visitor: Visitor,
        limit: int,
        older_than: datetime | None = None,
        newer_than: datetime | None = None,
    ) -> Reading:
        """Return exchanges of a session, oldest first: the newest of all, or of those before `older_than`.

        With `newer_than`, the first of those after it. Raises NotYourSession, WrongCustomerHash,
        TooManyRequests, Unavailable.
        """
        opened = self._open(session_id, visitor)
        # The ticket first: whoever is told that it is closed has the reply that closed it.
        ticket = self._ticket(opened.ticket_id)
        if newer_than is None:
            page = self.conversations.page(session_id, limit, older_than)
        else:
            page = self.conversations.news(session_id, limit, newer_than)
        self._note_read(ticket, page)
        own = [e for e in page.exchanges if e.customer_id in (None, opened.customer_id)]
        reader = self._reader(opened.customer_id, own)
        linked = self.links.linked_exchanges(own, reader, self.log.degraded)
        return Reading(replace(page, exchanges=linked), ticket, _contact(opened, ticket))

    def _reader(self, customer_id: str | None, exchanges: Sequence[Exchange]) -> Reader:
        """Return who reads exchanges; the customer is looked up only where that makes a difference."""
        if customer_id is None or not has_restricted(exchanges):
            return NOBODY_KNOWN
        try:
            customer = self.customers.by_external_id(customer_id)
        except Unavailable as error:
            self.log.degraded("customer", error)
            customer = None
        return customer_reader(customer_id, customer.tier if customer else None)

    def _ticket(self, ticket_id: str | None) -> Ticket | None:
        try:
            return self.tickets.get(ticket_id) if ticket_id else None
        except UnknownTicket:
            return None

    def _note_read(self, ticket: Ticket | None, page: ExchangePage) -> None:
        """Note that replies were read, which are then not mailed; a page read once more costs nothing."""
        if ticket and (until := ticket.newly_read(page.newer_than)):
            try:
                self.tickets.note_read(ticket.ticket_id, until)
            except Unavailable as error:
                self.log.degraded("storage", error)

    def open_link(self, token: str, visitor: Visitor) -> str:
        """Return the session that a mail's link leads to.

        Raises LinkNotValid, NotYourSession, WrongCustomerHash, TooManyRequests, Unavailable.
        """
        ticket = self._ticket(self.sessions.ticket_of_link(token, self.clock()))
        if ticket is None or ticket.session_id is None or ticket.is_erased:
            raise LinkNotValid
        self._open(ticket.session_id, visitor)
        return ticket.session_id

    def _open(self, session_id: str, visitor: Visitor) -> Opened:
        """Let the holder of a session in; who is over the limit is refused before anything is read.

        Raises NotYourSession, WrongCustomerHash, TooManyRequests, Unavailable.
        """
        self.sessions.require_issued(session_id)
        customer_id = self.sessions.verified_customer(visitor.proof, self.clock())
        caller = self.sessions.counted_as(customer_id, visitor.address)
        self.limits.admit_visit(caller)
        holdings = self.conversations.holdings(session_id)
        self.limits.count_length(caller, len(holdings))
        customers = {each.customer_id for each in holdings if each.customer_id}
        if customers and customer_id not in customers:
            raise NotYourConversation
        return Opened(customer_id, last_ticket_id(holdings, customer_id))

    def rate(self, session_id: str, visitor: Visitor, message_id: str, feedback: Feedback) -> None:
        """Keep feedback on an answer, or on an agent's message: with the ticket, too.

        Raises NotYourSession, WrongCustomerHash, TooManyRequests, UnknownMessage, ErasedMeanwhile,
        Unavailable.
        """
        self._open(session_id, visitor)
        comment = mask(feedback.comment) if feedback.comment else None
        rated = self.conversations.rate(session_id, message_id, replace(feedback, comment=comment))
        if rated.author and rated.ticket_id:
            self._tell_agents(rated.ticket_id, rated.feedback, feedback.timestamp)
        if rated.customer_id:
            # At the answer's time: rated again, it is the same entry.
            interaction = Interaction(rated.customer_id, rated.timestamp, RATED_ANSWER, None, session_id)
            self._log_feedback(interaction, began_at=feedback.timestamp)

    def _tell_agents(self, ticket_id: str, feedback: Feedback | None, began_at: datetime) -> None:
        try:
            self.tickets.change(ticket_id, TicketChange(customer_feedback=feedback), began_at)
        except UnknownTicket:
            return  # it was erased, or is long gone

    def set_contact(self, session_id: str, visitor: Visitor, contact: Contact) -> Contact:
        """Keep how the customer can be reached, in place of what was known, and return it as it is kept.

        Raises NotYourSession, WrongCustomerHash, TooManyRequests, ErasedMeanwhile, Unavailable.
        """
        began_at = self.clock()
        opened = self._open(session_id, visitor)
        kept = replace(contact, name=mask(contact.name) if contact.name else None)
        self.contacts.keep(session_id, opened.customer_id, kept, began_at)
        return kept

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
        self.pending.erase(session_id)
        exchanges = self.conversations.everything(session_id)
        for customer_id in {e.customer_id for e in exchanges if e.customer_id}:
            logged = self.interactions.everything(customer_id)
            self.interactions.erase([i for i in logged if i.session_id == session_id])
        for ticket_id in tickets_of(exchanges):
            self.tickets.erase_text(ticket_id, ERASED)
        self.conversations.erase_contact(session_id)
        # Last, because the exchanges are what leads to the rest.
        self.conversations.erase(exchanges)


def _contact(opened: Opened, ticket: Ticket | None) -> Contact | None:
    """Return how agents can reach whoever reads a conversation, while its ticket is open."""
    if ticket is None or ticket.state == "closed" or ticket.customer_id not in (None, opened.customer_id):
        return None
    return ticket.contact
