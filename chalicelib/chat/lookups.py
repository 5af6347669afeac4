"""What a chat and a ticket both look up, each as one of several calls side by side."""

from dataclasses import dataclass

from chalicelib.domain.conversation import Passage, Sentiment
from chalicelib.domain.customer import Customer
from chalicelib.domain.protocols import CustomerStore, PassageSearch, SentimentDetector, TicketStore
from chalicelib.domain.ticket import TicketSummary
from chalicelib.parallel import Call, Parallel


@dataclass(frozen=True)
class Lookups:
    """Starts lookups, each under the name by which `degraded` calls it."""

    knowledge_base: PassageSearch
    sentiment: SentimentDetector
    customers: CustomerStore
    tickets: TicketStore

    def find_passages(self, calls: Parallel, query: str, limit: int) -> Call[tuple[Passage, ...]]:
        """Look up at most `limit` passages, nearest first."""
        return calls.start("knowledge_base", self.knowledge_base.retrieve, query, limit)

    def detect_sentiment(self, calls: Parallel, text: str) -> Call[Sentiment]:
        """Look up how a text sounds."""
        return calls.start("sentiment", self.sentiment.detect, text)

    def find_customer(self, calls: Parallel, customer_id: str | None) -> Call[Customer | None]:
        """Look a customer up by external id."""
        return calls.start("customer", self._customer, customer_id)

    def find_open_tickets(self, calls: Parallel, customer_id: str | None) -> Call[tuple[TicketSummary, ...]]:
        """Look up a customer's tickets that are not closed, newest first."""
        return calls.start("storage", self._open_tickets, customer_id)

    def _customer(self, customer_id: str | None) -> Customer | None:
        return self.customers.by_external_id(customer_id) if customer_id else None

    def _open_tickets(self, customer_id: str | None) -> tuple[TicketSummary, ...]:
        return self.tickets.open_of(customer_id) if customer_id else ()
