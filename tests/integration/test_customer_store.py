"""The customers, in the real Postgres of the local stack."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import psycopg2
import pytest

from chalicelib.errors import Unavailable
from chalicelib.migrate import apply_migrations
from chalicelib.models import DatabaseAddress
from chalicelib.stores.customers import CONNECTIONS, Customers
from tests.integration.conftest import Api


@pytest.fixture
def address(api: Api) -> DatabaseAddress:
    """Where the product's Postgres is."""
    secret = api.aws("secretsmanager").get_secret_value(SecretId="customer-support/local/database")
    values = json.loads(secret["SecretString"])
    return DatabaseAddress(
        values["host"], int(values["port"]), values["username"], values["password"], values["dbname"]
    )


@pytest.fixture
def customers(address: DatabaseAddress) -> Iterator[Customers]:
    yield Customers(lambda: address)


def test_a_customer_comes_with_the_five_newest_orders(customers: Customers) -> None:
    customer = customers.by_external_id("CUST-1004")
    assert customer
    assert customer.external_id == "CUST-1004"
    assert customer.total_orders == 7
    dates = [order.order_date for order in customer.recent_orders]
    assert len(dates) == 5
    assert dates == sorted(dates, reverse=True)
    assert all(date.tzinfo for date in dates)
    assert isinstance(customer.lifetime_value, Decimal)


def test_a_customer_without_orders_is_a_customer(customers: Customers) -> None:
    customer = customers.by_external_id("CUST-1002")
    assert customer
    assert (customer.total_orders, customer.recent_orders) == (0, ())


@pytest.mark.parametrize("external_id", ["CUST-9999", "' OR 1=1 --", "%"])
def test_an_unknown_customer_is_none(customers: Customers, external_id: str) -> None:
    assert customers.by_external_id(external_id) is None


def test_a_connection_that_broke_is_replaced(customers: Customers, address: DatabaseAddress) -> None:
    customers.ping()
    end_all_others = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    """
    connection = psycopg2.connect(
        host=address.host,
        port=address.port,
        user=address.username,
        password=address.password,
        dbname=address.dbname,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(end_all_others)
    connection.close()
    assert customers.by_external_id("CUST-1001")


def test_a_database_that_is_not_there_is_an_outage(address: DatabaseAddress) -> None:
    nowhere = replace(address, host="127.0.0.1", port=1)
    with pytest.raises(Unavailable):
        Customers(lambda: nowhere).by_external_id("CUST-1001")


def test_a_query_that_takes_too_long_is_an_outage_and_is_not_tried_twice(customers: Customers) -> None:
    with pytest.raises(Unavailable):
        customers._fetch("SELECT pg_sleep(10)", ())


def test_migrating_again_changes_nothing(address: DatabaseAddress) -> None:
    assert apply_migrations(address) == []


def test_more_lookups_at_once_than_there_are_connections_are_all_answered(customers: Customers) -> None:
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(customers.by_external_id, ["CUST-1001"] * 48))
    assert all(found)
    assert customers._idle.qsize() <= CONNECTIONS
