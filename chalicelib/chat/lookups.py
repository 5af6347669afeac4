"""What a chat and a ticket both look up, each as one of several calls side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import Passage, Sentiment
from chalicelib.domain.customer import Customer
from chalicelib.domain.protocols import CustomerStore, PassageSearch, SentimentDetector, TicketStore
from chalicelib.domain.ticket import ConversationTicket, TicketSummary
from chalicelib.errors import UnknownTicket
from chalicelib.parallel import Call, Deadline, Parallel

LEAST_PASSAGES = 3
"""What each of several questions gets, unless one alone gets less."""


@dataclass(frozen=True)
class Searches:
    """The searches under way for the questions of one message, and what was asked for."""

    calls: tuple[Call[tuple[Passage, ...]], ...]
    queries: tuple[str, ...] = ()
    limit: int = 0

    def settle(self, calls: Parallel, deadline: Deadline) -> tuple[Passage, ...]:
        """Return what was found: the nearest passage to each question, then the next to each, each once."""
        found: list[tuple[Passage, ...]] = [calls.settle(call, (), deadline) for call in self.calls]
        return interleaved(found)


@dataclass(frozen=True)
class Lookups:
    """Starts lookups, each under the name by which `degraded` calls it."""

    knowledge_base: PassageSearch
    sentiment: SentimentDetector
    customers: CustomerStore
    tickets: TicketStore

    def find_passages(self, calls: Parallel, queries: Sequence[str], limit: int, reader: Reader) -> Searches:
        """Look up at most `limit` passages for one query; several queries have fewer each."""
        each = passages_each(limit, len(queries))
        retrieve = self.knowledge_base.retrieve
        started = [calls.start("knowledge_base", retrieve, query, each, reader) for query in queries]
        return Searches(tuple(started), tuple(queries), limit)

    def settle_for(
        self, searches: Searches, reader: Reader, calls: Parallel, deadline: Deadline
    ) -> tuple[Passage, ...]:
        """Return what was found for a reader of whom more is known now than when the searches began.

        Only where passages for others took the places is there another search.
        """
        found = searches.settle(calls, deadline)
        readable = tuple(passage for passage in found if reader.may_read(passage.access))
        if len(readable) == len(found):
            return readable
        again = self.find_passages(calls, searches.queries, searches.limit, reader)
        return again.settle(calls, deadline) or readable

    def detect_sentiment(self, calls: Parallel, text: str | None) -> Call[Sentiment | None]:
        """Look up how a text sounds, if there is one."""
        return calls.start("sentiment", self._sentiment, text)

    def find_customer(self, calls: Parallel, customer_id: str | None) -> Call[Customer | None]:
        """Look a customer up by external id."""
        return calls.start("customer", self._customer, customer_id)

    def find_open_tickets(self, calls: Parallel, customer_id: str | None) -> Call[tuple[TicketSummary, ...]]:
        """Look up a customer's tickets that are not closed, newest first."""
        return calls.start("storage", self._open_tickets, customer_id)

    def find_ticket(self, calls: Parallel, ticket_id: str | None) -> Call[ConversationTicket | None]:
        """Look up how the ticket of a conversation stands; None when there is none, or none any more."""
        return calls.start("storage", self._ticket, ticket_id)

    def _ticket(self, ticket_id: str | None) -> ConversationTicket | None:
        try:
            return ConversationTicket(ticket_id, self.tickets.get(ticket_id)) if ticket_id else None
        except UnknownTicket:
            return None

    def _sentiment(self, text: str | None) -> Sentiment | None:
        return self.sentiment.detect(text) if text is not None else None

    def _customer(self, customer_id: str | None) -> Customer | None:
        return self.customers.by_external_id(customer_id) if customer_id else None

    def _open_tickets(self, customer_id: str | None) -> tuple[TicketSummary, ...]:
        return self.tickets.open_of(customer_id) if customer_id else ()


def passages_each(limit: int, queries: int) -> int:
    """Return how many passages each of several queries gets where one alone gets `limit`."""
    return limit if queries == 1 else min(limit, max(LEAST_PASSAGES, limit // queries + 1))


def interleaved(found: Sequence[Sequence[Passage]]) -> tuple[Passage, ...]:
    """Return the first passage of each list, then the second of each, and so on, each passage once."""
    if len(found) == 1:
        return tuple(found[0])
    in_turns = (passage for passage in chain.from_iterable(zip_longest(*found)) if passage)
    return tuple({(passage.document, passage.url, passage.text): passage for passage in in_turns}.values())
