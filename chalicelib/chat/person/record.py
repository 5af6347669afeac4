"""What a turn leaves behind: its exchange, by way of a ticket where there is one, and what follows of it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.chat.hand_over import HandOvers
from chalicelib.chat.person.contacts import Contacts
from chalicelib.chat.turn_parts import Gathered, Turn
from chalicelib.domain.conversation import Exchange
from chalicelib.domain.customer import Interaction
from chalicelib.domain.protocols import ConversationStore, InteractionStore, TicketConversationStore
from chalicelib.domain.ticket import TicketState
from chalicelib.errors import ErasedMeanwhile, TicketStateChanged, Unavailable, UnknownTicket

ANY_STATE: Collection[TicketState] = {"waiting", "agent", "closed"}
WITH_ASSISTANT: Collection[TicketState] = {"waiting", "closed"}
WITH_AGENT: Collection[TicketState] = {"agent"}
CHANGES = 5
"""How often a ticket may pass between assistant and agent while one exchange is stored."""


@dataclass(frozen=True)
class Record:
    """Stores what the assistant answered, and what a customer writes to an agent."""

    conversations: ConversationStore
    ticket_conversations: TicketConversationStore
    interactions: InteractionStore
    contacts: Contacts
    hand_overs: HandOvers

    def store(self, turn: Turn, gathered: Gathered, exchange: Exchange) -> Exchange | None:
        """Keep an answered exchange; return what its message id stands for now, None if it could not be kept.

        A duplicate may have stored that. Raises ErasedMeanwhile, with nothing of the turn kept.
        """
        ticket_before = gathered.ticket.ticket_id if gathered.ticket else None
        # A ticket that this turn opened is announced, even if an agent was quick to reply.
        states = WITH_ASSISTANT if exchange.ticket_id == ticket_before else ANY_STATE
        exchange = replace(exchange, degraded=turn.calls.degraded)
        writing = turn.calls.start("storage", self._keep, exchange, states, turn.retry_safe, turn.began_at)
        stored: Exchange | None = None
        try:
            stored = turn.calls.settle(writing, None, turn.storing())
            if stored:
                self._log_interaction(turn, stored)
            if stored and stored.ticket_id and stored.ticket_id != ticket_before:
                self._attach_contact(turn, stored.ticket_id)
        except ErasedMeanwhile:
            self._take_back(turn, stored, _opened_by(exchange, ticket_before))
            raise
        return stored

    def pass_on(self, turn: Turn, message: Exchange) -> Exchange | None:
        """Keep a message for the agent who has the conversation; None if nobody has it any more.

        Raises ErasedMeanwhile, with nothing of the turn kept, and Unavailable.
        """
        writing = turn.calls.start("storage", self._pass_on, message, turn.began_at)
        try:
            passed_on = writing.result(turn.storing().remaining_seconds())
        except UnknownTicket:
            return None
        try:
            if passed_on:
                self._log_interaction(turn, passed_on)
        except ErasedMeanwhile:
            self._take_back(turn, passed_on, None)
            raise
        return passed_on

    def _keep(
        self, exchange: Exchange, states: Collection[TicketState], is_retry_safe: bool, began_at: datetime
    ) -> Exchange:
        """Store an answered exchange; return what its message id stands for now.

        Where the ticket is in none of the states any more, an agent has taken the conversation: then the
        question is theirs, and the answer is not given. Raises ErasedMeanwhile, Unavailable.
        """
        if exchange.ticket_id:
            try:
                return self._keep_with_ticket(exchange, states, began_at)
            except UnknownTicket:
                # Erased meanwhile, and the conversation not, or it has begun again.
                exchange = replace(exchange, ticket_id=None)
        add = self.conversations.add_once if is_retry_safe else self.conversations.add
        return add(exchange, began_at)

    def _keep_with_ticket(
        self, exchange: Exchange, states: Collection[TicketState], began_at: datetime
    ) -> Exchange:
        for _ in range(CHANGES):
            try:
                return self.ticket_conversations.say(exchange, states, closes=False, began_at=began_at)
            except TicketStateChanged:
                if passed_on := self._pass_on(_as_message(exchange), began_at):
                    return passed_on
        raise Unavailable("tickets")

    def _pass_on(self, message: Exchange, began_at: datetime) -> Exchange | None:
        try:
            return self.ticket_conversations.say(message, WITH_AGENT, closes=False, began_at=began_at)
        except TicketStateChanged:
            return None

    def _log_interaction(self, turn: Turn, stored: Exchange) -> None:
        """Note that a proven customer was in touch. Raises ErasedMeanwhile."""
        if stored.customer_id:
            # With the timestamp that the exchange was stored under, by which it is erased with it.
            interaction = _interaction(stored.customer_id, stored)
            logging = turn.calls.start("interactions", self.interactions.add, interaction, turn.began_at)
            turn.calls.settle(logging, None, turn.storing())

    def _attach_contact(self, turn: Turn, ticket_id: str) -> None:
        """Give a new ticket what is known of how to reach its customer. Raises ErasedMeanwhile."""
        whose = (turn.session_id, turn.customer_id)
        attaching = turn.calls.start("storage", self.contacts.attach, ticket_id, *whose, turn.began_at)
        turn.calls.settle(attaching, None, turn.storing())

    def _take_back(self, turn: Turn, stored: Exchange | None, ticket_id: str | None) -> None:
        """Delete what a turn wrote before its next write was refused.

        The erasure may have missed it: an index follows a write within moments, and what leads to a ticket is
        the exchange.
        """
        deleting = []
        if stored:
            deleting.append(turn.calls.start("storage", self.conversations.erase, [stored]))
        if ticket_id:
            deleting.append(turn.calls.start("storage", self.hand_overs.take_back, ticket_id, stored))
        for each in deleting:
            turn.calls.settle(each, None, turn.storing())


def _as_message(exchange: Exchange) -> Exchange:
    """Return the exchange without what the assistant would have answered."""
    return replace(exchange, answer="", model=None, citations=(), handed_over=None, unanswered=False)


def _opened_by(exchange: Exchange, ticket_before: str | None) -> str | None:
    """Return the id of the ticket that an exchange is the first to name, if any."""
    if exchange.ticket_id != ticket_before:
        return exchange.ticket_id
    return exchange.unconfirmed_ticket_id


def _interaction(customer_id: str, exchange: Exchange) -> Interaction:
    return Interaction(
        customer_id=customer_id,
        timestamp=exchange.timestamp,
        channel="chat",
        sentiment=exchange.sentiment,
        session_id=exchange.session_id,
    )
