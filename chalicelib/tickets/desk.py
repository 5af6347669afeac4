"""The agents' half: a ticket comes in, and the customer 360 and suggested passages go back in one answer."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.chat.limits import Limits
from chalicelib.chat.lookups import Lookups, Searches
from chalicelib.chat.search_query import ticket_queries
from chalicelib.chat.source_links import SourceLinks
from chalicelib.chat.spending import Spend, Spending
from chalicelib.domain.access import AN_AGENT
from chalicelib.domain.conversation import Exchange, Passage, Sentiment
from chalicelib.domain.customer import RATED_TICKET, Customer, CustomerContext, Interaction
from chalicelib.domain.protocols import ConversationStore, CountCost, InteractionStore, TicketStore
from chalicelib.domain.ticket import (
    Ticket,
    TicketChange,
    TicketChannel,
    TicketFeedback,
    TicketFilter,
    TicketPage,
    TicketPriority,
    TicketSummary,
)
from chalicelib.errors import BadInput, ErasedMeanwhile, FieldProblem, TicketIdReused, Unavailable
from chalicelib.masking import mask, mask_values
from chalicelib.parallel import Call, Deadline, Parallel
from chalicelib.tickets.customer_context import CustomerRules, describe, newest_of

if TYPE_CHECKING:
    from chalicelib.logs import TicketLogger

CLOCK_SKEW = timedelta(days=1)
"""How far ahead a ticketing system's clock or time zone may be."""
TRANSCRIPT_EXCHANGES = 100
READ_INTERACTIONS = 100
"""As many as one request reads; of them a few are looked at."""
POSTED = ("customer_id", "subject", "description", "external_ticket_id", "channel", "priority", "metadata")
"""What of a ticket comes from its body."""


@dataclass(frozen=True)
class NewTicket:
    """A ticket as the ticketing system posts it; the defaults of what it leaves out are ours."""

    customer_external_id: str
    subject: str
    description: str
    ticket_id: str | None = None
    external_ticket_id: str | None = None
    channel: TicketChannel | None = None
    priority: TicketPriority | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True)
class Received:
    """A ticket that is safely kept, and what is known around it; `seconds` is how long that took."""

    ticket: Ticket
    context: CustomerContext | None
    suggestions: tuple[Passage, ...]
    degraded: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class TicketView:
    """A ticket as an agent opens it.

    `transcript` is None where nothing was said, as the ticket came from no chat, or where it cannot be read.
    """

    ticket: Ticket
    context: CustomerContext | None
    suggestions: tuple[Passage, ...]
    transcript: tuple[Exchange, ...] | None
    degraded: tuple[str, ...]


@dataclass(frozen=True)
class ContextCalls:
    """The calls under way for what is known around a ticket; `sentiment` only of one that comes in."""

    customer: Call[Customer | None]
    interactions: Call[tuple[Interaction, ...]]
    open_tickets: Call[tuple[TicketSummary, ...]]
    passages: Searches
    sentiment: Call[Sentiment | None]
    costs: Call[None] | None = None


@dataclass(frozen=True)
class TicketDesk:
    """Receives tickets, shows them and keeps what agents say of them.

    What is looked up for them counts against the stage's daily budget; once that is spent, they go without.
    Unless it `knows_customers`, the 360 is what tickets and interactions alone say.
    """

    tickets: TicketStore
    interactions: InteractionStore
    conversations: ConversationStore
    lookups: Lookups
    links: SourceLinks
    limits: Limits
    spending: Spending
    rules: CustomerRules
    knows_customers: bool
    suggestions: int
    count_cost: CountCost
    executor: Executor
    clock: Callable[[], datetime]
    log: "TicketLogger"
    answer_seconds: float = 4.5
    """The ticketing system waits five at most."""
    gather_seconds: float = 4.0
    sentiment_seconds: float = 2.0
    """Less than the rest, because the interaction is still to be logged with it."""
    log_seconds: float = 2.0
    count_seconds: float = 1.0

    def receive(self, new: NewTicket, began_at: datetime | None = None) -> Received:
        """Keep a ticket, and answer with what is known around it; the same ticket again answers the same.

        What was erased since `began_at`, or else since now, is not kept.
        Raises BadInput, TicketIdReused, ErasedMeanwhile, and Unavailable when the ticket cannot be kept.
        """
        started = time.perf_counter()
        calls, deadline = Parallel(self.executor, self.log.degraded), Deadline(self.answer_seconds)
        gathering, listening = deadline.within(self.gather_seconds), deadline.within(self.sentiment_seconds)
        began_at = began_at or self.clock()
        ticket = self._accept(new)
        keeping = calls.start("storage", self.tickets.add, ticket, began_at)
        looking_up = self._look_up(calls, ticket, deadline, is_new=True)
        ticket = _require_same_ticket(keeping.result(gathering.remaining_seconds()), ticket)
        sentiment: Sentiment | None = calls.settle(looking_up.sentiment, None, listening)
        interaction = _interaction(new.customer_external_id, ticket, sentiment)
        logging = calls.start("interactions", self.interactions.add, interaction, began_at)
        context, suggestions = self._settle(calls, looking_up, ticket, gathering)
        try:
            calls.settle(logging, None, deadline)
        except ErasedMeanwhile:
            # The erasure may have missed it: the index by customer follows a write within moments.
            self.tickets.erase([ticket.ticket_id])
            raise
        received = Received(ticket, context, suggestions, calls.degraded, time.perf_counter() - started)
        self.log.received(ticket, received.degraded, received.seconds)
        return received

    def tell_found(self, ticket: Ticket, found: Mapping[str, Any], began_at: datetime) -> None:
        """Have others told what is known around a ticket, once a ticket; `found` is what they are told.

        Raises UnknownTicket, ErasedMeanwhile, Unavailable.
        """
        self.tickets.tell_found(ticket.ticket_id, found, began_at)

    def page(self, wanted: TicketFilter, limit: int, before: str | None) -> TicketPage:
        """Return tickets, newest first; `before` is the `next` of an earlier page. Raises Unavailable."""
        return self.tickets.page(wanted, limit, before)

    def view(self, ticket_id: str) -> TicketView:
        """Return a ticket with what is known around it now. Raises UnknownTicket, Unavailable."""
        calls, deadline = Parallel(self.executor, self.log.degraded), Deadline(self.answer_seconds)
        ticket = calls.start("storage", self.tickets.get, ticket_id).result(deadline.remaining_seconds())
        looking_up = self._look_up(calls, ticket, deadline, is_new=False)
        reading = calls.start("history", self._transcript, ticket)
        context, suggestions = self._settle(calls, looking_up, ticket, deadline)
        transcript: tuple[Exchange, ...] | None = calls.settle(reading, None, deadline)
        if transcript is not None:
            transcript = self.links.linked_exchanges(transcript, AN_AGENT, calls.note)
        return TicketView(ticket, context, suggestions, transcript, calls.degraded)

    def rate(self, ticket_id: str, feedback: TicketFeedback) -> None:
        """Keep what an agent says of a ticket's context.

        Raises UnknownTicket, ErasedMeanwhile, Unavailable.
        """
        comment, source = (mask(text) if text else None for text in (feedback.comment, feedback.source))
        ticket = self.tickets.rate(ticket_id, replace(feedback, comment=comment, source=source))
        if ticket.customer_id:
            # At the ticket's time: rated again, it is the same entry.
            rated = Interaction(
                ticket.customer_id, ticket.created_at, RATED_TICKET, None, ticket_id=ticket_id
            )
            # The feedback is kept by now: an error would have it sent, and kept, again.
            calls = Parallel(self.executor, self.log.degraded)
            logging = calls.start("interactions", self.interactions.add, rated, feedback.timestamp)
            calls.settle(logging, None, Deadline(self.log_seconds))

    def change(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Note how a ticket stands by now. Raises UnknownTicket, ErasedMeanwhile, Unavailable."""
        return self.tickets.change(ticket_id, change, self.clock())

    def _accept(self, new: NewTicket) -> Ticket:
        now = self.clock()
        if new.created_at and new.created_at > now + CLOCK_SKEW:
            raise BadInput(FieldProblem("created_at", "lies in the future; send when the ticket was opened"))
        ticket = Ticket(
            ticket_id=new.ticket_id or f"T-{uuid.uuid4().hex[:16].upper()}",
            created_at=new.created_at or now,
            status="open",
            channel=new.channel or "web",
            priority=new.priority or "medium",
            subject=mask(new.subject),
            description=mask(new.description),
            customer_id=new.customer_external_id,
            external_ticket_id=mask_values(new.external_ticket_id, "external_ticket_id"),
            metadata=mask_values(new.metadata),
        )
        return replace(ticket, fingerprint=_fingerprint(ticket, new.created_at))

    def _look_up(self, calls: Parallel, ticket: Ticket, deadline: Deadline, *, is_new: bool) -> ContextCalls:
        customer_id, text = ticket.customer_id, f"{ticket.subject}\n{ticket.description}" if is_new else None
        without = ticket.ticket_id if is_new else None
        queries = ticket_queries(ticket)
        cost = self.spending.ticket(len(queries), text)
        counting = calls.start("storage", self.limits.admit_ticket, cost)
        customer = self.lookups.find_customer(calls, customer_id)
        interactions = calls.start("interactions", self._newest_interactions, customer_id, without)
        open_tickets = self.lookups.find_open_tickets(calls, customer_id)
        if self._is_affordable(counting, cost, deadline.within(self.count_seconds)):
            passages = self.lookups.find_passages(calls, queries, self.suggestions, AN_AGENT)
            sentiment = self.lookups.detect_sentiment(calls, text)
            costs = calls.start("storage", self.count_cost, cost.features)
        else:
            passages = Searches((calls.start("knowledge_base", _beyond_budget),))
            sentiment = calls.start("sentiment", _beyond_budget if text else lambda: None)
            costs = None
        return ContextCalls(customer, interactions, open_tickets, passages, sentiment, costs)

    def _is_affordable(self, counting: Call[bool], cost: Spend, deadline: Deadline) -> bool:
        try:
            return counting.result(deadline.remaining_seconds())
        except Unavailable as error:
            # With slow counters the container counts for itself, as without any.
            self.log.degraded(counting.name, error)
            return self.limits.admit_ticket(cost, error)

    def _settle(
        self, calls: Parallel, looking_up: ContextCalls, ticket: Ticket, deadline: Deadline
    ) -> tuple[CustomerContext | None, tuple[Passage, ...]]:
        customer: Customer | None = calls.settle(looking_up.customer, None, deadline)
        newest: tuple[Interaction, ...] | None = calls.settle(looking_up.interactions, None, deadline)
        others: tuple[TicketSummary, ...] | None = calls.settle(looking_up.open_tickets, None, deadline)
        passages = looking_up.passages.settle(calls, deadline)[: self.suggestions]
        suggestions = self.links.linked(passages, AN_AGENT, calls.note)
        if looking_up.costs:
            calls.finish(looking_up.costs, deadline.within(self.count_seconds))
        if ticket.customer_id is None or (customer is None and self.knows_customers):
            return None, suggestions
        open_tickets = None if others is None else _count_open(ticket, others)
        found = describe(ticket.customer_id, customer, newest, open_tickets, self.rules, self.clock())
        return found, suggestions

    def _newest_interactions(self, customer_id: str | None, without: str | None) -> tuple[Interaction, ...]:
        """Return when the customer was in touch last, without a ticket that is only being received.

        It may or may not be logged yet, and a ticket posted again is to be answered as the first time.
        """
        if customer_id is None:
            return ()
        newest = self.interactions.latest(customer_id, READ_INTERACTIONS)
        return newest_of([i for i in newest if without is None or i.ticket_id != without])

    def _transcript(self, ticket: Ticket) -> tuple[Exchange, ...] | None:
        if ticket.session_id is None and ticket.last_reply_at is None:
            return None
        exchanges = self.conversations.latest(ticket.conversation_id, TRANSCRIPT_EXCHANGES)
        # Somebody else may have gone on in that session; what they said elsewhere is not this ticket's.
        return tuple(
            e
            for e in exchanges
            if e.customer_id in (None, ticket.customer_id) or e.ticket_id == ticket.ticket_id
        )


def _require_same_ticket(kept: Ticket, ticket: Ticket) -> Ticket:
    """Return the ticket that is kept under the id. Raises TicketIdReused if it is another one."""
    if kept.fingerprint != ticket.fingerprint:
        raise TicketIdReused
    return kept


def _beyond_budget() -> Any:
    raise Unavailable("budget")


def _fingerprint(ticket: Ticket, created_at: datetime | None) -> str:
    """Return what is the same for the same body, whenever it comes."""
    content = {name: getattr(ticket, name) for name in POSTED} | {"created_at": created_at}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _interaction(customer_id: str, ticket: Ticket, sentiment: Sentiment | None) -> Interaction:
    # At the ticket's own time: posted again, it is the same interaction.
    score = sentiment.score if sentiment else None
    return Interaction(customer_id, ticket.created_at, ticket.channel, score, ticket_id=ticket.ticket_id)


def _count_open(ticket: Ticket, others: tuple[TicketSummary, ...]) -> int:
    """Count the open tickets with this one, which the index may not show yet."""
    this = {ticket.ticket_id} if ticket.status != "closed" else set()
    return len(this | {other.ticket_id for other in others if other.ticket_id != ticket.ticket_id})
