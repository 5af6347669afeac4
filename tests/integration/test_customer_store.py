"""The customers, in a real Postgres that breaks in every way it can."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.database import DatabaseAddress, FixedAddress
from chalicelib.errors import Unavailable
from chalicelib.stores.caching import NoCustomers
from chalicelib.stores.customers import WITH_RECENT_ORDERS, Customers
from chalicelib.stores.database import CONNECTIONS, Database, TimeLimits
from chalicelib.stores.migrate import MIGRATIONS, apply_migrations
from devstack.provision import load_sample_customers
from tests.integration.databases import Server, execute, session
from tests.product import PostgresControl

SOON = TimeLimits(connect_seconds=0.5, statement_seconds=0.2, answer_seconds=0.5)
ADD_CUSTOMER = "INSERT INTO customers (external_id, name, email, lifetime_value) VALUES (%s, '', '', %s)"
ADD_ORDER = (
    "INSERT INTO orders (customer_id, order_number, order_date, status, total_amount)"
    " SELECT customer_id, %s, %s, 'shipped', %s FROM customers WHERE external_id = %s"
)


@pytest.fixture(scope="module")
def address(server: Server) -> DatabaseAddress:
    """Where the sample customers are, for their owner."""
    apply_migrations(server.address, server.reader)
    load_sample_customers(server.address)
    return server.address


@pytest.fixture
def reader(server: Server, address: DatabaseAddress) -> DatabaseAddress:
    """Where they are for the app."""
    return server.reader


@pytest.fixture
def postgres(server: Server) -> Iterator[PostgresControl]:
    """What breaks Postgres; at the end it is whole again."""
    yield server.control
    server.control.recover()


@pytest.fixture
def customers(reader: DatabaseAddress) -> Customers:
    return Customers(FixedAddress(reader))


def break_connections(address: DatabaseAddress) -> None:
    execute(
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )


def outage_seconds(customers: Customers) -> float:
    """Insist on an outage and return how long it took to find out."""
    started = time.monotonic()
    with pytest.raises(Unavailable) as outage:
        customers.by_external_id("CUST-1001")
    assert outage.value.dependency == "customers"
    return time.monotonic() - started


def test_a_customer_comes_with_the_newest_orders_and_how_many_there_are(customers: Customers) -> None:
    customer = customers.by_external_id("CUST-1004")
    assert customer
    assert customer.external_id == "CUST-1004"
    assert customer.total_orders == 7
    dates = [order.order_date for order in customer.recent_orders]
    assert len(dates) == 5
    assert dates == sorted(dates, reverse=True)
    assert all(date.tzinfo for date in dates)
    assert isinstance(customer.lifetime_value, Decimal)


def test_of_orders_of_the_same_moment_the_last_one_taken_is_the_newest(
    customers: Customers, address: DatabaseAddress
) -> None:
    execute(address, ADD_CUSTOMER, "same-moment", "0")
    for n in range(1, 8):
        execute(address, ADD_ORDER, f"same-{n}", "2026-01-01Z", "1", "same-moment")
    customer = customers.by_external_id("same-moment")
    assert customer
    assert [order.order_number for order in customer.recent_orders] == [f"same-{n}" for n in (7, 6, 5, 4, 3)]


def test_a_customer_without_orders_is_a_customer(customers: Customers) -> None:
    customer = customers.by_external_id("CUST-1002")
    assert customer
    assert (customer.total_orders, customer.recent_orders) == (0, ())


@pytest.fixture(
    params=[
        ("NaN", "1", "now"),
        ("1", "NaN", "now"),
        ("1", "1", "12026-03-01Z"),
        ("1", "1", "0044-03-15 BC"),
    ]
)
def odd_customer(address: DatabaseAddress, request: pytest.FixtureRequest) -> Iterator[str]:
    """A customer with a lifetime value, an amount or an order's date from before such ones were refused."""
    lifetime_value, amount, order_date = request.param
    checks = MIGRATIONS / "0003.values-that-can-be-read.sql"
    execute(address, checks.with_suffix(".rollback.sql").read_text("utf-8"))
    execute(address, ADD_CUSTOMER, "odd", lifetime_value)
    execute(address, ADD_ORDER, "odd", order_date, amount, "odd")
    execute(address, checks.read_text("utf-8"))
    yield "odd"
    execute(address, "DELETE FROM customers WHERE external_id = 'odd'")


def test_a_row_that_cannot_be_read_is_an_outage_of_this_customer_alone(
    customers: Customers, odd_customer: str
) -> None:
    assert customers.by_external_id("CUST-1001")
    with pytest.raises(Unavailable) as outage:
        customers.by_external_id(odd_customer)
    assert outage.value.dependency == "customers"
    assert customers.by_external_id("CUST-1001")


@pytest.mark.parametrize(
    "external_id",
    ["CUST-9999", "", "' OR 1=1 --", "'; DROP TABLE orders; --", "%s", "%", "a\0b", "\ud800", "🛒"],
)
def test_an_unknown_customer_is_none(customers: Customers, external_id: str) -> None:
    assert customers.by_external_id(external_id) is None


def test_without_a_database_nobody_is_known() -> None:
    assert NoCustomers().by_external_id("CUST-1001") is None


def test_orders_are_found_and_counted_by_an_index_and_once(address: DatabaseAddress) -> None:
    # A table this small would rather be read from end to end; bench/customers.py has a large one.
    settings = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
    plan = execute(address, f"{settings} EXPLAIN (ANALYZE, COSTS OFF) {WITH_RECENT_ORDERS}", "CUST-1005")
    by_index = [line for (line,) in plan if "using orders_newest_first" in line]
    assert len(by_index) == 2
    assert all("loops=1)" in line for line in by_index)


def test_a_connection_is_opened_at_the_first_use_and_kept(address: DatabaseAddress) -> None:
    secret = RotatedSecret(remembered=address, current=address)
    customers = Customers(secret)
    assert (secret.reads, secret.renewals) == (0, 0)
    for _ in range(3):
        customers.ping()
    assert (secret.reads, secret.renewals) == (1, 0)


def test_more_lookups_at_once_than_connections_are_all_answered(address: DatabaseAddress) -> None:
    database = Database("customers", FixedAddress(address))
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda _: database.rows("SELECT pg_backend_pid()"), range(48)))
    assert len({row["pg_backend_pid"] for (row,) in found}) <= CONNECTIONS


def test_connections_that_broke_are_replaced(customers: Customers, address: DatabaseAddress) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(customers.by_external_id, ["CUST-1001"] * 8))
    break_connections(address)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(customers.by_external_id, ["CUST-1001"] * 8))


def test_a_restart_between_two_calls_is_not_noticed(customers: Customers, postgres: PostgresControl) -> None:
    assert customers.by_external_id("CUST-1001")
    postgres.stop()
    postgres.start()
    assert customers.by_external_id("CUST-1001")


def test_a_stopped_database_is_an_outage_until_it_is_back(
    customers: Customers, postgres: PostgresControl
) -> None:
    assert customers.by_external_id("CUST-1001")
    postgres.stop()
    assert outage_seconds(customers) < 1
    assert outage_seconds(customers) < 1
    postgres.start()
    assert customers.by_external_id("CUST-1001")


def test_a_database_that_hangs_is_given_up_and_whole_again_later(
    address: DatabaseAddress, postgres: PostgresControl
) -> None:
    customers = Customers(FixedAddress(address), SOON)
    assert customers.by_external_id("CUST-1001")
    postgres.hang()
    assert outage_seconds(customers) < 3
    assert outage_seconds(customers) < 3  # now while it connects
    postgres.recover()
    assert customers.by_external_id("CUST-1001")


def test_a_ticket_that_waits_four_seconds_hears_of_an_outage_in_time() -> None:
    limits = TimeLimits()
    assert limits.statement_seconds < limits.answer_seconds < 3.5
    assert limits.connect_seconds < 3.5


def test_when_one_connection_hangs_all_that_are_as_old_are_replaced(
    address: DatabaseAddress, postgres: PostgresControl
) -> None:
    database = Database("customers", FixedAddress(address), SOON)
    with ThreadPoolExecutor(3) as pool:
        at_once = pool.map(database.rows, ["SELECT pg_backend_pid() AS pid, pg_sleep(0.1)"] * 3)
        sessions = {row["pid"] for (row,) in at_once}
    assert len(sessions) == 3
    postgres.hang_sessions(sessions)
    with pytest.raises(Unavailable):
        database.rows("SELECT 1")
    assert database.rows("SELECT 1")


def test_a_query_that_takes_too_long_is_ended_and_not_tried_twice(address: DatabaseAddress) -> None:
    limits = TimeLimits(statement_seconds=0.5)
    customers = Customers(FixedAddress(address), limits)
    customers.ping()
    with session(address) as execute:
        execute("LOCK TABLE customers")
        assert 0.4 < outage_seconds(customers) < 2 * limits.statement_seconds
    assert customers.by_external_id("CUST-1001")


def test_a_database_that_was_never_there_is_an_outage(address: DatabaseAddress) -> None:
    nowhere = replace(address, host="127.0.0.1", port=1)
    assert outage_seconds(Customers(FixedAddress(nowhere))) < 1


class RotatedSecret:
    """The address as remembered, and as the secret has it now."""

    def __init__(self, remembered: DatabaseAddress, current: DatabaseAddress) -> None:
        self.remembered = remembered
        self.current = current
        self.reads = self.renewals = 0

    def known(self) -> DatabaseAddress:
        self.reads += 1
        return self.remembered

    def renewed(self) -> DatabaseAddress:
        self.renewals += 1
        self.remembered = self.current
        return self.remembered


@pytest.fixture
def rotated(address: DatabaseAddress, reader: DatabaseAddress) -> Iterator[DatabaseAddress]:
    """The app's address with a new password, which a deployment has given to the database."""
    renewed = replace(reader, password="rotated")
    try:
        assert apply_migrations(address, renewed) == []
        yield renewed
    finally:
        apply_migrations(address, reader)


def test_a_rotated_password_is_looked_up_when_the_old_one_is_refused(
    reader: DatabaseAddress, rotated: DatabaseAddress
) -> None:
    secret = RotatedSecret(remembered=reader, current=rotated)
    customers = Customers(secret)
    for _ in range(2):
        assert customers.by_external_id("CUST-1001")
    assert secret.renewals == 1


def test_a_refused_password_is_an_outage_until_the_secret_is_right(
    reader: DatabaseAddress, rotated: DatabaseAddress
) -> None:
    secret = RotatedSecret(remembered=reader, current=reader)
    customers = Customers(secret)
    assert outage_seconds(customers) < 1
    secret.current = rotated
    assert customers.by_external_id("CUST-1001")


def test_a_rotation_does_not_touch_the_connections_that_are_open(
    customers: Customers, address: DatabaseAddress, reader: DatabaseAddress
) -> None:
    assert customers.by_external_id("CUST-1001")
    try:
        apply_migrations(address, replace(reader, password="rotated"))
        assert customers.by_external_id("CUST-1001")
    finally:
        apply_migrations(address, reader)


def test_an_outage_says_nothing_of_the_password(address: DatabaseAddress) -> None:
    with pytest.raises(Unavailable) as outage:
        Customers(FixedAddress(replace(address, password="s3cret"))).ping()
    assert "s3cret" not in f"{outage.value!r} {outage.value.__cause__!r}"
