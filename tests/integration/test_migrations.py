"""The schema and the sample customers: brought in once, whatever else runs or was cut off."""

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters
from chalicelib.stores.migrate import MIGRATIONS, apply_migrations
from devstack.postgres.server import LocalPostgres
from devstack.provision import SAMPLE_CUSTOMERS, load_sample_customers

ALL = ["0001.customers-and-orders", "0002.orders-newest-first", "0003.values-that-can-be-read"]
NAME = 'it\'s a "name" / with 100 % & é?'


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseAddress]:
    with (
        tempfile.TemporaryDirectory(prefix="support-test-") as folder,
        closing(LocalPostgres(Path(folder).resolve(), lambda _line: None)) as running,
    ):
        yield running.address


@pytest.fixture
def empty(server: DatabaseAddress) -> Iterator[DatabaseAddress]:
    """A new database."""
    name = sql.Identifier(NAME)
    execute(server, sql.SQL("CREATE DATABASE {}").format(name))
    yield replace(server, dbname=NAME)
    execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def migrated(empty: DatabaseAddress) -> DatabaseAddress:
    """A database with tables and no customers."""
    apply_migrations(empty)
    return empty


def execute(address: DatabaseAddress, statement: str | sql.Composable) -> list[Any]:
    with closing(psycopg2.connect(**connection_parameters(address))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def count(address: DatabaseAddress, table: str) -> int:
    ((number,),) = execute(address, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    return int(number)


def test_migrations_are_applied_in_their_order_and_once(empty: DatabaseAddress) -> None:
    assert apply_migrations(empty) == ALL
    assert apply_migrations(empty) == []


def test_of_many_runs_at_once_one_applies_each_migration(empty: DatabaseAddress) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(apply_migrations, [empty] * 4))
    assert sorted(runs) == [[], [], [], ALL]


def test_a_run_that_was_cut_off_does_not_lock_the_next_one_out(empty: DatabaseAddress) -> None:
    execute(empty, "CREATE TABLE yoyo_lock (locked int PRIMARY KEY, ctime timestamp, pid int NOT NULL)")
    execute(empty, "INSERT INTO yoyo_lock VALUES (1, now(), 1)")
    assert apply_migrations(empty) == ALL


ADA = "INSERT INTO customers (external_id, name, email, lifetime_value) VALUES ('CUST-1', '', '', {})"
ORDER = (
    "INSERT INTO orders (customer_id, order_number, order_date, status, total_amount)"
    " SELECT customer_id, 'O-1', {}, 'shipped', {} FROM customers"
)


@pytest.mark.parametrize(
    "statement",
    [
        ADA.format("'NaN'"),
        ORDER.format("now()", "'NaN'"),
        ORDER.format("'12026-03-01Z'", "1"),
        ORDER.format("'0044-03-15 BC'", "1"),
        ORDER.format("'infinity'", "1"),
        ORDER.format("'-infinity'", "1"),
    ],
)
def test_what_could_not_be_read_is_not_taken_in(migrated: DatabaseAddress, statement: str) -> None:
    if statement.startswith("INSERT INTO orders"):
        execute(migrated, ADA.format("0"))
    with pytest.raises(psycopg2.errors.CheckViolation):
        execute(migrated, statement)


def test_odd_rows_of_before_do_not_stop_a_migration_and_it_can_be_taken_back(
    migrated: DatabaseAddress,
) -> None:
    script = MIGRATIONS / f"{ALL[-1]}.sql"
    execute(migrated, script.with_name(f"{ALL[-1]}.rollback.sql").read_text("utf-8"))
    execute(migrated, ADA.format("'NaN'"))
    execute(migrated, ORDER.format("'12026-03-01Z'", "'NaN'"))
    execute(migrated, script.read_text("utf-8"))
    assert (count(migrated, "customers"), count(migrated, "orders")) == (1, 1)


def test_many_starts_at_once_bring_the_samples_in_once(migrated: DatabaseAddress) -> None:
    with ThreadPoolExecutor(4) as pool:
        inserted = list(pool.map(load_sample_customers, [migrated] * 4))
    assert sorted(inserted) == [0, 0, 0, 12]
    assert count(migrated, "customers") == 12
    assert count(migrated, "orders") == 40


def test_samples_that_were_cut_off_half_way_are_brought_in_by_the_next_start(
    migrated: DatabaseAddress, tmp_path: Path
) -> None:
    customers = json.loads(SAMPLE_CUSTOMERS.read_text("utf-8"))
    customers[7]["orders"][0]["status"] = "lost"
    broken = tmp_path / "customers.json"
    broken.write_text(json.dumps(customers), "utf-8")
    with pytest.raises(psycopg2.IntegrityError):
        load_sample_customers(migrated, broken)
    assert (count(migrated, "customers"), count(migrated, "orders")) == (0, 0)
    assert load_sample_customers(migrated) == 12
