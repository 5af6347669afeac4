"""What a container remembers, and for how long; that it is never too old, the property says."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.access import AN_AGENT, NOBODY_KNOWN, Reader
from chalicelib.domain.conversation import Passage
from chalicelib.domain.customer import Customer
from chalicelib.errors import Unavailable
from chalicelib.stores.caching import MOST_CUSTOMERS, MOST_QUERIES, CachedCustomers, CachedPassages
from tests.fakes import START, FakeClock

ADA = Customer(7, "CUST-1001", "Ada", "ada@example.com", None, "premium", Decimal(1), 0, ())
SECONDS = 60


@dataclass
class Shop:
    """Knows every customer it is asked for, under the name of the day, and counts how often it is asked."""

    name: str = "Ada"
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def by_external_id(self, external_id: str) -> Customer | None:
        self.asked.append(external_id)
        if self.down:
            raise Unavailable("customers")
        return None if external_id == "nobody" else replace(ADA, external_id=external_id, name=self.name)


@dataclass
class Library:
    """Finds one passage, of today's edition."""

    edition: str = "first"
    asked: list[tuple[str, int]] = field(default_factory=list)

    def retrieve(self, query: str, limit: int, _reader: Reader) -> tuple[Passage, ...]:
        self.asked.append((query, limit))
        return (Passage(self.edition, "Title", None, 0.5),)


@dataclass
class Sync:
    """Since when the documents are settled."""

    settled: datetime = START - timedelta(days=1)
    down: bool = False
    asked: int = 0

    def __call__(self) -> datetime:
        self.asked += 1
        if self.down:
            raise Unavailable("state")
        return self.settled


@dataclass
class Shelf:
    """A cache of passages and what it stands on."""

    library: Library = field(default_factory=Library)
    sync: Sync = field(default_factory=Sync)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.cached = CachedPassages(
            self.library, SECONDS, self.sync, self.clock, lambda: self.clock.now.timestamp()
        )

    def edition(self, query: str = "q", limit: int = 5, reader: Reader = NOBODY_KNOWN) -> str:
        """Look something up and return the edition that it was found in."""
        (passage,) = self.cached.retrieve(query, limit, reader)
        return passage.text


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def customers(shop: Shop, clock: FakeClock) -> CachedCustomers:
    return CachedCustomers(shop, SECONDS, lambda: clock.now.timestamp())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_a_customer_is_read_once_in_a_while(shop: Shop, customers: CachedCustomers, clock: FakeClock) -> None:
    first = customers.by_external_id("CUST-1001")
    clock.advance(seconds=SECONDS - 1)
    assert customers.by_external_id("CUST-1001") == first
    assert shop.asked == ["CUST-1001"]
    clock.advance(seconds=1)
    shop.name = "Ada Byron"
    assert customers.by_external_id("CUST-1001") == replace(ADA, name="Ada Byron")


def test_who_is_not_known_is_asked_for_each_time(shop: Shop, customers: CachedCustomers) -> None:
    assert customers.by_external_id("nobody") is None
    assert customers.by_external_id("nobody") is None
    assert shop.asked == ["nobody", "nobody"]


def test_a_customer_who_is_forgotten_is_read_again(shop: Shop, customers: CachedCustomers) -> None:
    for external_id in ("CUST-1001", "CUST-1002"):
        customers.by_external_id(external_id)
    customers.forget("CUST-1001")
    for external_id in ("CUST-1001", "CUST-1002"):
        customers.by_external_id(external_id)
    assert shop.asked == ["CUST-1001", "CUST-1002", "CUST-1001"]


def test_an_outage_is_not_remembered(shop: Shop, customers: CachedCustomers) -> None:
    shop.down = True
    with pytest.raises(Unavailable):
        customers.by_external_id("CUST-1001")
    shop.down = False
    assert customers.by_external_id("CUST-1001")


def test_who_is_remembered_needs_no_database(shop: Shop, customers: CachedCustomers) -> None:
    customers.by_external_id("CUST-1001")
    shop.down = True
    assert customers.by_external_id("CUST-1001") == ADA


def test_zero_seconds_switch_remembering_off(shop: Shop, clock: FakeClock) -> None:
    customers = CachedCustomers(shop, 0, lambda: clock.now.timestamp())
    customers.by_external_id("CUST-1001"), customers.by_external_id("CUST-1001")
    assert len(shop.asked) == 2


def test_only_so_many_customers_are_remembered(shop: Shop, customers: CachedCustomers) -> None:
    for n in range(MOST_CUSTOMERS + 1):
        customers.by_external_id(f"CUST-{n}")
    shop.asked.clear()
    customers.by_external_id(f"CUST-{MOST_CUSTOMERS}"), customers.by_external_id("CUST-0")
    assert shop.asked == ["CUST-0"]


def test_a_query_is_looked_up_once_in_a_while(shelf: Shelf) -> None:
    assert [shelf.edition(), shelf.edition()] == ["first", "first"]
    assert shelf.library.asked == [("q", 5)]
    shelf.clock.advance(seconds=SECONDS)
    shelf.edition()
    assert len(shelf.library.asked) == 2


def test_a_new_query_does_not_wait_to_learn_whether_documents_changed(shelf: Shelf) -> None:
    shelf.edition()
    assert shelf.sync.asked == 0


@pytest.mark.parametrize(
    ("query", "limit", "reader"), [("another", 5, NOBODY_KNOWN), ("q", 3, NOBODY_KNOWN), ("q", 5, AN_AGENT)]
)
def test_another_query_limit_or_reader_is_looked_up_by_itself(
    shelf: Shelf, query: str, limit: int, reader: Reader
) -> None:
    shelf.edition()
    shelf.edition(query, limit, reader)
    assert shelf.library.asked == [("q", 5), (query, limit)]


def test_what_was_looked_up_right_after_a_sync_is_not_trusted(
    shelf: Shelf,
) -> None:
    shelf.sync.settled = START - timedelta(minutes=1)
    shelf.edition()
    shelf.edition()
    assert len(shelf.library.asked) == 2
    shelf.clock.advance(seconds=1)
    shelf.edition(), shelf.edition()
    assert len(shelf.library.asked) == 3


def test_where_the_state_is_out_of_reach_documents_are_looked_up(shelf: Shelf) -> None:
    shelf.edition()
    shelf.sync.down = True
    shelf.library.edition = "second"
    assert shelf.edition() == "second"


def test_only_so_many_queries_are_remembered(shelf: Shelf) -> None:
    for n in range(MOST_QUERIES + 1):
        shelf.edition(f"q{n}")
    shelf.library.asked.clear()
    shelf.edition(f"q{MOST_QUERIES}"), shelf.edition("q0")
    assert shelf.library.asked == [("q0", 5)]
