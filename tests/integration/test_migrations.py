"""The schema and the sample customers: brought in once, whatever else runs or was cut off."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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


@pytest.fixture
def reader(migrated: DatabaseAddress) -> DatabaseAddress:
    """How the app reaches a database with one customer."""
    reader = replace(migrated, username='it\'s a "reader"', password="it's a 'secret' \\ %")
    apply_migrations(migrated, reader)
    execute(migrated, ADA.format("0"))
    return reader


def test_the_app_reads_the_tables_there_are_and_those_to_come(
    migrated: DatabaseAddress, reader: DatabaseAddress
) -> None:
    execute(migrated, "CREATE TABLE notes (text text)")
    assert [count(reader, table) for table in ("customers", "orders", "notes")] == [1, 0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        ADA.format("1").replace("CUST-1", "CUST-2"),
        ORDER.format("now()", "1"),
        "UPDATE customers SET tier = 'enterprise'",
        "DELETE FROM customers",
        "TRUNCATE customers CASCADE",
        "DROP TABLE orders",
        "ALTER TABLE customers ADD COLUMN note text",
        "CREATE TABLE mine (text text)",
        "CREATE ROLE another",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_the_app_has_no_right_but_to_read(
    migrated: DatabaseAddress, reader: DatabaseAddress, statement: str
) -> None:
    execute(migrated, sql.SQL("ALTER ROLE {} RESET ALL").format(sql.Identifier(reader.username)))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(reader, statement)


def test_a_right_to_write_that_slipped_in_is_of_no_use(
    migrated: DatabaseAddress, reader: DatabaseAddress
) -> None:
    execute(migrated, sql.SQL("GRANT ALL ON customers TO {}").format(sql.Identifier(reader.username)))
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        execute(reader, "DELETE FROM customers")


def test_migrating_again_gives_the_app_the_password_of_its_secret(
    migrated: DatabaseAddress, reader: DatabaseAddress
) -> None:
    rotated = replace(reader, password="rotated")
    assert apply_migrations(migrated, rotated) == []
    assert count(rotated, "customers") == 1
    with pytest.raises(psycopg2.OperationalError):
        count(reader, "customers")


def test_an_owner_who_reads_too_keeps_all_rights(empty: DatabaseAddress) -> None:
    apply_migrations(empty, empty)
    execute(empty, ADA.format("0"))
    assert count(empty, "customers") == 1


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
