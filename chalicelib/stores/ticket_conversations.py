"""What is said in a conversation that has a ticket: the exchange and the ticket change in one transaction."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce
from operator import and_, or_

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.ticket import Ticket, TicketState
from chalicelib.domain.ticket_events import said
from chalicelib.errors import TicketStateChanged, Unavailable
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.dynamodb import reaching
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.stores.tickets import TicketItem, Tickets
from chalicelib.times import MILLISECOND, to_millis

STORE = "tickets"
TRIES = 20
IS_CLOSED = TicketItem.status == "closed"
HAS_REPLY = TicketItem.last_reply_at.exists()
IN_STATE: Mapping[TicketState, Condition] = {
    "waiting": ~IS_CLOSED & ~HAS_REPLY,
    "agent": ~IS_CLOSED & HAS_REPLY,
    "closed": IS_CLOSED,
}
"""`Ticket.state` as a condition."""
MOMENTS = (TicketItem.last_message_at, TicketItem.last_reply_at)


class TicketConversations:
    """Adds to conversations by way of their tickets; what is kept where is up to the stores of both."""

    def __init__(self, conversations: Conversations, tickets: Tickets, clock: Callable[[], datetime]) -> None:
        self._conversations = conversations
        self._tickets = tickets
        self._clock = clock

    def say(
        self,
        exchange: Exchange,
        states: Collection[TicketState],
        closes: bool = False,
        began_at: datetime | None = None,
    ) -> Exchange:
        """Add an exchange to the conversation of its ticket while that is in one of these states.

        Returns the exchange that has the id now: this one, or the one that came first. Raises UnknownTicket,
        TicketStateChanged, ErasedMeanwhile, Unavailable.
        """
        marks = marks_of(exchange.session_id, exchange.customer_id)
        # Others hear of what is said to or by an agent, and of the ticket with it.
        ticket = self._ticket(exchange) if exchange.handled_by == "agent" else None
        for _ in range(TRIES):
            # Who reads on has what was said while this was on its way, with or without the ticket.
            exchange = replace(exchange, timestamp=max(exchange.timestamp, self._clock()))
            fill = partial(self._fill, exchange, states, closes, ticket)
            with reaching(STORE):
                refused = write_unless_erased(marks, began_at or self._clock(), fill)
            if not refused:
                return exchange
            _, is_said, *_, is_ticket_refused = refused
            if is_said and (first := self._conversations.stored_first(exchange)):
                return first
            if is_ticket_refused:
                current = self._require_state(exchange, states)
                exchange, ticket = _behind(exchange, current), ticket and current
            else:
                exchange = replace(exchange, timestamp=exchange.timestamp + MILLISECOND)
        raise Unavailable(STORE)

    def _fill(
        self,
        exchange: Exchange,
        states: Collection[TicketState],
        closes: bool,
        ticket: Ticket | None,
        transaction: TransactWrite,
    ) -> None:
        self._conversations.put_once(exchange, transaction)
        said_at = to_millis(exchange.timestamp)
        noted = TicketItem.last_reply_at if exchange.author else TicketItem.last_message_at
        actions: list[Action] = [noted.set(said_at)]
        if exchange.author:
            actions.append(TicketItem.draft.remove())
        if closes:
            actions.append(TicketItem.status.set("closed"))
        is_newest = reduce(and_, [moment.does_not_exist() | (moment < said_at) for moment in MOMENTS])
        fits = reduce(or_, [IN_STATE[state] for state in states])
        condition = fits & is_newest & (self._tickets.unmoved(ticket) if ticket else self._tickets.alive())
        if ticket:
            actions += self._tickets.put_events(said(ticket, exchange, closes), transaction)
        transaction.update(TicketItem(exchange.ticket_id), actions, condition=condition)

    def _require_state(self, exchange: Exchange, states: Collection[TicketState]) -> Ticket:
        ticket = self._ticket(exchange)
        if ticket.state not in states:
            raise TicketStateChanged
        return ticket

    def _ticket(self, exchange: Exchange) -> Ticket:
        return self._tickets.get(exchange.ticket_id or "")


def _behind(exchange: Exchange, ticket: Ticket) -> Exchange:
    """Return the exchange with a time after all that was said to its ticket."""
    times = [moment for moment in (ticket.last_message_at, ticket.last_reply_at) if moment]
    latest = max([exchange.timestamp, *(moment + MILLISECOND for moment in times)])
    return replace(exchange, timestamp=latest)
