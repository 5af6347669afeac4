"""Who hears of events by mail: the team of a new ticket, a customer of a reply that they have not read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.chat.voice import Voice
from chalicelib.domain.event import Event
from chalicelib.domain.protocols import MailSender, TicketStore
from chalicelib.domain.ticket import Ticket
from chalicelib.errors import SendingFailed, Unavailable, UnknownTicket
from chalicelib.events.mail_texts import reply_mail, ticket_mail

HAS_READ = "the customer has read it in the chat"
IS_ERASED = "the customer's data was erased"
NO_ADDRESS = "no address of the customer is known any more"


@dataclass(frozen=True)
class TeamMail:
    """Somebody of the team who gets a mail for each new ticket."""

    address: str
    mails: MailSender

    @property
    def name(self) -> str:
        """Its address."""
        return f"mail to {self.address}"

    def wants(self, event: Event) -> bool:
        """Say whether an event is that of a new ticket."""
        return event.type == "ticket.created"

    def not_before(self, event: Event) -> datetime:
        """Return when it happened: the team is told at once."""
        return event.timestamp

    def send(self, event: Event) -> None:
        """Mail an event. Raises SendingFailed, SendingRefused."""
        self.mails.send(ticket_mail(self.address, event.data))


@dataclass(frozen=True)
class CustomerMail:
    """The customer of a ticket, who gets an agent's reply by mail unless they read it in the chat.

    Only of a conversation with us is an address known. What was said of the ticket since is asked when the
    mail is due; that it was closed does not matter.
    """

    tickets: TicketStore
    mails: MailSender
    after: timedelta
    link: Callable[[Ticket], str | None]
    name: str = "mail to the customer"

    def wants(self, event: Event) -> bool:
        """Say whether an event is a reply to somebody who can be reached by mail."""
        return event.type == "ticket.replied" and bool((event.data.get("contact") or {}).get("email"))

    def not_before(self, event: Event) -> datetime:
        """Return until when the customer has time to read it in the chat."""
        return event.timestamp + self.after

    def send(self, event: Event) -> str | None:
        """Mail a reply; return why not where that is not needed. Raises SendingFailed, SendingRefused."""
        try:
            ticket = self.tickets.get(event.data["ticket_id"])
            link = self.link(ticket)
        except UnknownTicket:
            return IS_ERASED
        except Unavailable as error:
            raise SendingFailed(f"{error.dependency} could not be reached") from error
        if ticket.is_erased:
            return IS_ERASED
        if ticket.last_read_at and ticket.last_read_at >= event.timestamp:
            return HAS_READ
        if not (ticket.contact and ticket.contact.email):
            return NO_ADDRESS
        self.mails.send(reply_mail(ticket.contact.email, event.data, link, Voice(ticket.language)))
        return None
