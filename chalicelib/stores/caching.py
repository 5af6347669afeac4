"""Remembers for a short time, per container, what was read of customers and found in the knowledge base."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from cachetools import TLRUCache

from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import Passage
from chalicelib.domain.customer import Customer
from chalicelib.domain.protocols import CustomerStore, PassageSearch
from chalicelib.errors import Unavailable

MOST_CUSTOMERS = 1000
MOST_QUERIES = 500
SETTLING = timedelta(minutes=1)
"""A vector store may show what a job did with a delay, and the clocks of two functions may differ."""


class NoCustomers:
    """Stands in where no database is configured: nobody is known."""

    def by_external_id(self, _external_id: str) -> Customer | None:
        """Return None."""
        return None


class CachedCustomers:
    """Remembers customers; an unknown one is looked up each time, since they may have just signed up."""

    def __init__(
        self, customers: CustomerStore, seconds: float, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._customers = customers
        self._timer = timer
        # Kept from when it was asked for: an answer may be as old as its call took.
        self._kept: TLRUCache[str, tuple[Customer, float]] = TLRUCache(
            MOST_CUSTOMERS, lambda _, kept, __: kept[1] + seconds, timer
        )
        self._lock = Lock()
        self._forgotten = 0

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer as of at most so many seconds ago. Raises Unavailable."""
        with self._lock:
            kept = self._kept.get(external_id)
            forgotten = self._forgotten
        if kept is not None:
            return kept[0]
        asked_at = self._timer()
        customer = self._customers.by_external_id(external_id)
        with self._lock:
            # What was read before a `forget` must not come back after it.
            if customer is not None and forgotten == self._forgotten:
                self._kept[external_id] = (customer, asked_at)
        return customer

    def forget(self, external_id: str) -> None:
        """Read this customer from the database next time."""
        with self._lock:
            self._forgotten += 1
            self._kept.pop(external_id, None)


class CachedPassages:
    """Remembers the passages for a query, until the documents change.

    `settled_since` returns since when the knowledge base is up to date, None while changes are pending. It
    is called only for a remembered query, so a new one takes no longer.
    """

    def __init__(
        self,
        search: PassageSearch,
        seconds: float,
        settled_since: Callable[[], datetime | None],
        clock: Callable[[], datetime],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search = search
        self._settled_since = settled_since
        self._clock = clock
        self._timer = timer
        self._kept: TLRUCache[tuple[str, int, Reader], tuple[tuple[Passage, ...], datetime, float]] = (
            TLRUCache(MOST_QUERIES, lambda _, kept, __: kept[2] + seconds, timer)
        )
        self._lock = Lock()

    def retrieve(self, query: str, limit: int, reader: Reader) -> tuple[Passage, ...]:
        """Return the passages for a query that the reader may read, nearest first. Raises Unavailable."""
        with self._lock:
            kept = self._kept.get((query, limit, reader))
        if kept is not None and self._is_fresh(kept[1]):
            return kept[0]
        asked_at, asked_on_timer = self._clock(), self._timer()
        passages = self._search.retrieve(query, limit, reader)
        with self._lock:
            self._kept[query, limit, reader] = (passages, asked_at, asked_on_timer)
        return passages

    def _is_fresh(self, asked_at: datetime) -> bool:
        try:
            settled = self._settled_since()
        except Unavailable:
            return False
        return settled is not None and settled + SETTLING < asked_at
