"""Whatever happens in whatever order: what is remembered is never too old, nor from before a change."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chalicelib.domain.access import NOBODY_KNOWN, Reader
from chalicelib.domain.conversation import Passage
from chalicelib.domain.customer import Customer
from chalicelib.stores.caching import CachedCustomers, CachedPassages
from tests.fakes import START, FakeClock

ADA = Customer(7, "CUST-1001", "Ada", "ada@example.com", None, "premium", Decimal(1), 0, ())
customer_ids = st.sampled_from(["CUST-1", "CUST-2"])
queries = st.sampled_from(["refund", "delivery"])
pauses = st.sampled_from([0, 1, 4, 20, 40])


class Memory(RuleBasedStateMachine):
    """A container's memory against a world in which time passes, also while something is read.

    What is read carries the moment it was read at, so that its age can be told from the outside.
    """

    @initialize(seconds=st.sampled_from([0, 1, 30, 300]))
    def start(self, seconds: int) -> None:
        self.seconds = seconds
        self.clock = FakeClock()
        self.takes = 0
        self.forget_meanwhile: str | None = None
        self.forgotten_at: dict[str, datetime] = {}
        self.settled: datetime | None = START - timedelta(days=1)
        self.synced_at = START - timedelta(days=1)
        self.clock_differs = timedelta(0)
        timer = lambda: self.clock.now.timestamp()  # noqa: E731
        self.customers = CachedCustomers(self, seconds, timer)
        self.passages = CachedPassages(self, seconds, self.settled_since, self.clock, timer)

    def by_external_id(self, external_id: str) -> Customer | None:
        """Read a customer; somebody may forget them before the answer arrives."""
        read = replace(ADA, external_id=external_id, name=self.clock.now.isoformat())
        self.clock.advance(seconds=self.takes)
        if self.forget_meanwhile:
            self.forget(self.forget_meanwhile)
        self.clock.advance(milliseconds=1)
        return read

    def retrieve(self, query: str, limit: int, _reader: Reader) -> tuple[Passage, ...]:
        """Look a query up."""
        read = (Passage(self.clock.now.isoformat(), query, None, 0.5),)
        self.clock.advance(seconds=self.takes, milliseconds=1)
        return read

    def settled_since(self) -> datetime | None:
        """Say since when the documents are settled, by the other function's clock."""
        return self.settled + self.clock_differs if self.settled else None

    @rule(seconds=pauses)
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule(external_id=customer_ids)
    def forget(self, external_id: str) -> None:
        self.clock.advance(milliseconds=1)
        self.customers.forget(external_id)
        self.forgotten_at[external_id] = self.clock.now
        self.clock.advance(milliseconds=1)

    @rule()
    def documents_change(self) -> None:
        self.settled = None

    @rule(clock_differs=st.sampled_from([-5, 0, 5]))
    def documents_settle(self, clock_differs: int) -> None:
        self.clock.advance(milliseconds=1)
        self.settled = self.synced_at = self.clock.now
        self.clock_differs = timedelta(seconds=clock_differs)
        self.clock.advance(milliseconds=1)

    @rule(external_id=customer_ids, takes=pauses, forget_meanwhile=st.none() | customer_ids)
    def ask_for_a_customer(self, external_id: str, takes: int, forget_meanwhile: str | None) -> None:
        asked_at, forgotten_at = self.clock.now, self.forgotten_at.get(external_id, START)
        self.takes, self.forget_meanwhile = takes, forget_meanwhile
        customer = self.customers.by_external_id(external_id)
        assert customer
        assert customer.external_id == external_id
        read_at = datetime.fromisoformat(customer.name)
        assert read_at >= forgotten_at
        assert read_at == asked_at or asked_at - read_at < timedelta(seconds=self.seconds)

    @rule(query=queries, takes=pauses)
    def ask_for_passages(self, query: str, takes: int) -> None:
        asked_at, self.takes = self.clock.now, takes
        (passage,) = self.passages.retrieve(query, 5, NOBODY_KNOWN)
        assert passage.title == query
        read_at = datetime.fromisoformat(passage.text)
        if self.settled is None:
            assert read_at == asked_at
        assert read_at >= self.synced_at
        assert read_at == asked_at or asked_at - read_at < timedelta(seconds=self.seconds)


TestMemory = Memory.TestCase
TestMemory.settings = settings(max_examples=2 * settings().max_examples, stateful_step_count=30)
