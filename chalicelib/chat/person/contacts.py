"""How a customer can be reached who has left the page: what they say of it, and where it is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.chat.reading.person_request import plain_words
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import Contact, Exchange, last_ticket_id
from chalicelib.domain.customer import Customer
from chalicelib.domain.protocols import ConversationStore, TicketStore
from chalicelib.domain.ticket import TicketChange
from chalicelib.email_address import EMAIL_ADDRESS
from chalicelib.errors import UnknownTicket

EMAIL = re.compile(rf"(?<![\w.%+'-]){EMAIL_ADDRESS}\b")
PHONE = re.compile(r"(?<![\w+])\+?\d(?:[ ()/.-]{0,2}\d){5,14}(?!\w)")
NAMES_EMAIL = re.compile(
    r"\b(?:my|our|meine?|unsere?|mi|mon|ma|mio|meu|mijn)\b[^.?!\n]{0,20}"
    r"\b(?:e-?mail|mail|courriel|correo|adresse?|address|indirizzo|endereço)\b"
    r"|\b(?:reach|contact|write(?: to)?|e?-?mail|answer|notify) me\b|^\W*e?-?mail\b",
    re.IGNORECASE,
)
NAMES_PHONE = re.compile(
    r"\b(?:my|our|meine?|unsere?|mi|mon|mio|meu|mijn)\b[^.?!\n]{0,20}"
    r"\b(?:phone|mobile|cell|telefon\w*|handy\w*|teléfono|téléphone|portable|móvil|cellulare)\b"
    r"|\b(?:call|phone|ring|reach|text) me\b|^\W*(?:tel|phone)\b",
    re.IGNORECASE,
)
MOST_WORDS_AROUND = 10
"""How many words may stand around an address in a message that says nothing else."""
FEW_WORDS = 2
REFUSALS = frozenset(
    ["no", "nope", "nein", "non", "nao", "nee", "nie", "нет", "ні", "hayır", "いいえ", "아니요", "لا"]
)


def contact_in(message: str) -> Contact | None:
    """Return the address or number that a customer says they can be reached at.

    An address alone is one, too; one in a question ("I can't sign in as …") is not.
    """
    email, phone = EMAIL.search(message), PHONE.search(message)
    around = EMAIL.sub(" ", message)
    if email and (NAMES_EMAIL.search(around) or len(plain_words(around)) <= FEW_WORDS):
        return Contact(email=email[0])
    if phone and NAMES_PHONE.search(message):
        return Contact(phone=phone[0])
    return None


def on_record(customer: Customer) -> Contact | None:
    """Return how a customer can be reached as the team's own records have it, unless they say otherwise."""
    return Contact(email=customer.email) if EMAIL.fullmatch(customer.email) else None


def says_only(message: str, contact: Contact) -> bool:
    """Tell whether a message says how the customer can be reached, and asks nothing else."""
    around = message.replace(_address(contact), " ")
    return "?" not in around and len(plain_words(around)) <= MOST_WORDS_AROUND


def offer(contact: Contact, voice: Voice) -> str:
    """Return what asks the customer whether an address was understood."""
    return voice.say("offer_address", address=_address(contact))


def offered(exchange: Exchange, contact: Contact, voice: Voice) -> Exchange:
    """Return an answered exchange that also asks whether an address in the question was understood."""
    return replace(exchange, answer=f"{exchange.answer}\n\n{offer(contact, voice)}", offered_contact=contact)


def thanks(contact: Contact, voice: Voice) -> str:
    """Return what confirms an address."""
    return voice.say("kept_address", address=_address(contact))


def confirmed_by(message: str, earlier: Sequence[Exchange]) -> Contact | None:
    """Return what was offered right before, if the customer agrees to it."""
    offered = earlier[-1].offered_contact if earlier else None
    said = small_talk(message)
    agrees = said is not None and said.kind == "agreement" and not REFUSALS & set(plain_words(message))
    return offered if agrees else None


def _address(contact: Contact) -> str:
    return contact.email or contact.phone or ""


@dataclass(frozen=True)
class Contacts:
    """Keeps how customers can be reached, with their conversation and with its open ticket."""

    conversations: ConversationStore
    tickets: TicketStore

    def keep(self, session_id: str, customer_id: str | None, contact: Contact, began_at: datetime) -> None:
        """Keep how a customer can be reached, in place of what was known.

        The ticket comes last and is looked for last: one that is opened at the same time finds the contact.
        Raises ErasedMeanwhile, Unavailable.
        """
        self.conversations.keep_contact(session_id, customer_id, contact, began_at)
        if ticket_id := last_ticket_id(self.conversations.holdings(session_id), customer_id):
            self._note(ticket_id, contact, began_at)

    def attach(self, ticket_id: str, session_id: str, customer_id: str | None, began_at: datetime) -> None:
        """Give a ticket what is known of how its customer can be reached, once the conversation names it.

        Raises ErasedMeanwhile, Unavailable.
        """
        if contact := self.conversations.contact_of(session_id, customer_id):
            self._note(ticket_id, contact, began_at)

    def _note(self, ticket_id: str, contact: Contact, began_at: datetime) -> None:
        try:
            if self.tickets.get(ticket_id).state != "closed":
                self.tickets.change(ticket_id, TicketChange(contact=contact), began_at)
        except UnknownTicket:
            return  # it was erased, or is long gone
