"""When a conversation goes to a person, the ticket that this opens, and what the customer is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.chat.person.contacts import contact_in
from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.chat.sessions import Sessions
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import Contact, Exchange, HandOver, HandOverTicket
from chalicelib.domain.protocols import ErasureMarks, TicketStore
from chalicelib.domain.ticket import ConversationTicket, Ticket
from chalicelib.errors import UnknownTicket
from chalicelib.times import to_millis

STRONGLY_NEGATIVE = -0.8
"""A sentiment score that is anger; a plain complaint ("my parcel did not arrive") stays above it."""

SUBJECT_CHARS = 120
SAME_HAND_OVER = timedelta(hours=1)
"""A repeated request comes within seconds; what comes later to the same point is another hand-over."""


@dataclass(frozen=True)
class HandOvers:
    """Opens the tickets of hand-overs, one for each point of a conversation."""

    sessions: Sessions
    tickets: TicketStore
    marks: ErasureMarks

    def ticket_id(self, exchange: Exchange, earlier: Sequence[Exchange]) -> str:
        """Return the id of the ticket that a hand-over at this point of the conversation opens.

        It follows from where the conversation stands, so a retry, a duplicate at the same time and another
        attempt after a failure all come to the same one.
        """
        before = earlier[-1] if earlier else None
        if before and before.unconfirmed_ticket_id:
            return before.unconfirmed_ticket_id
        previous_message_id = before.message_id if before else ""
        return self.sessions.ticket_id(exchange.session_id, exchange.customer_id or "", previous_message_id)

    def open(
        self,
        hand_over: HandOver,
        exchange: Exchange,
        ticket_id: str,
        contact: Contact | None,
        began_at: datetime,
        language: str,
    ) -> HandOverTicket:
        """Open the ticket of an exchange, or find the one that a duplicate opened.

        Raises ErasedMeanwhile, Unavailable.
        """
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
            contact=contact,
            language=language,
        )
        kept = self.tickets.add(ticket, began_at)
        is_older = to_millis(kept.created_at) < to_millis(ticket.created_at)
        # One of before an erasure is taken back by the turn that opened it.
        if not _is_same_hand_over(kept, ticket) or (is_older and self._is_erased(kept)):
            ticket = replace(ticket, ticket_id=self.sessions.ticket_id(ticket_id, exchange.message_id))
            self.tickets.add(ticket, began_at)
        return HandOverTicket(ticket.ticket_id, hand_over.reason)

    def take_back(self, ticket_id: str, said: Exchange | None) -> None:
        """Delete a ticket that a turn opened before an erasure, and of which nobody was told yet.

        Under the same id there may be one that was opened after the erasure, or that a duplicate told of:
        to that more was said than by this turn. Raises Unavailable.
        """
        try:
            kept = self.tickets.get(ticket_id)
        except UnknownTicket:
            return
        moments = {to_millis(each) for each in (kept.last_message_at, kept.last_reply_at) if each}
        is_untold = moments <= ({to_millis(said.timestamp)} if said else set())
        if is_untold and self._is_erased(kept):
            self.tickets.take_back(kept)

    def _is_erased(self, ticket: Ticket) -> bool:
        return self.marks.has_erased(ticket.session_id, ticket.customer_id, ticket.created_at)


def by_rule(exchange: Exchange, earlier: Sequence[Exchange]) -> HandOver | None:
    """Return the hand-over that a rule calls for: asked for a person, anger or no answer twice in a row."""
    before = earlier[-1] if earlier else None
    if asks_for_a_person(exchange.question):
        return HandOver("customer_request", "The customer asked for a person.")
    if before and _is_angry(before) and _is_angry(exchange):
        return HandOver("negative_sentiment", "The customer is angry, twice in a row.")
    if before and before.unanswered and exchange.unanswered:
        return HandOver("missing_knowledge", "The knowledge base held no answer, twice in a row.")
    return None


def tickets_of(exchanges: Collection[Exchange]) -> set[str]:
    """Return every ticket that exchanges name, those that may have been written late too."""
    return {each for e in exchanges for each in (e.ticket_id, e.unconfirmed_ticket_id) if each}


def announce(
    exchange: Exchange,
    hand_over: HandOver,
    ticket: HandOverTicket | None,
    voice: Voice,
    contact: Contact | None = None,
) -> Exchange:
    """Return the exchange with its ticket, told to the customer; without one, say so and promise nothing.

    Somebody unknown is asked for an address, unless one is known or the question holds one.
    """
    if ticket is None:
        return replace(exchange, answer=_paragraphs(_answered(exchange, voice), voice.say("no_ticket")))
    message = hand_over.message or voice.say(hand_over.reason)
    said = "" if exchange.answer == message else _answered(exchange, voice)
    is_known = exchange.customer_id or contact or contact_in(exchange.question)
    number = voice.say("ticket", ticket_id=ticket.ticket_id)
    asked = "" if is_known else voice.say("ask_for_address")
    answer = _paragraphs(said, message, number, voice.support_hours, asked)
    return replace(exchange, answer=answer, handed_over=ticket, ticket_id=ticket.ticket_id)


def remind(exchange: Exchange, hand_over: HandOver, ticket: ConversationTicket, voice: Voice) -> Exchange:
    """Return the exchange with the ticket there already is, when the customer asks for a person again.

    Where the ticket cannot be read it may be closed, so nothing is promised.
    """
    if hand_over.reason != "customer_request":
        return exchange
    if ticket.ticket is None:
        return announce(exchange, hand_over, None, voice)
    reminder = voice.say("has_ticket", ticket_id=ticket.ticket_id)
    said = _answered(exchange, voice)
    added = "" if ticket.ticket_id in said else _paragraphs(reminder, voice.support_hours)
    told = HandOverTicket(ticket.ticket_id, ticket.ticket.reason or hand_over.reason)
    return replace(exchange, answer=_paragraphs(said, added), handed_over=told)


def _answered(exchange: Exchange, voice: Voice) -> str:
    """Return what was answered; "I could not find …, ask for a person" would contradict a hand-over."""
    return "" if exchange.unanswered or exchange.answer == voice.say("cannot_search") else exchange.answer


def _is_angry(exchange: Exchange) -> bool:
    # "It did not work" sounds negative and is an answer to an answer.
    is_negative = exchange.sentiment is not None and exchange.sentiment <= STRONGLY_NEGATIVE
    said = small_talk(exchange.question)
    return is_negative and (said is None or said.kind == "anger")


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _is_same_hand_over(kept: Ticket, ticket: Ticket) -> bool:
    """Tell whether the ticket that is kept under an id is of the same hand-over as a new one."""
    recent = abs(ticket.created_at - kept.created_at) < SAME_HAND_OVER
    return recent and kept.status == "open" and not kept.is_erased


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_CHARS else line[: SUBJECT_CHARS - 1].rstrip() + "…"
