"""The schema and the sample customers: brought in once, whatever else runs or was cut off."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.migrate import MIGRATIONS, apply_migrations
from devstack.provision import SAMPLE_CUSTOMERS, load_sample_customers
from tests.integration.databases import execute

ALL = ["0001.customers-and-orders", "0002.orders-newest-first", "0003.values-that-can-be-read"]


@pytest.fixture
def migrated(empty: DatabaseAddress) -> DatabaseAddress:
    """A database with tables and no customers."""
    apply_migrations(empty)
    return empty


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
    ("order_date", "amount", "lifetime_value"),
    [
        ("now()", "1", "'NaN'"),
        ("now()", "'NaN'", "1"),
        ("'12026-03-01Z'", "1", "1"),
        ("'0044-03-15 BC'", "1", "1"),
        ("'infinity'", "1", "1"),
        ("'-infinity'", "1", "1"),
    ],
)
def test_what_could_not_be_read_is_not_taken_in(
    migrated: DatabaseAddress, order_date: str, amount: str, lifetime_value: str
) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        execute(migrated, f"{ADA.format(lifetime_value)}; {ORDER.format(order_date, amount)}")


def test_odd_rows_of_before_do_not_stop_a_migration(migrated: DatabaseAddress) -> None:
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


def test_samples_that_were_cut_off_are_brought_in_by_the_next_start(
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
