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

from chalicelib.migrate import apply_migrations
from chalicelib.models import DatabaseAddress
from chalicelib.stores.database_address import connection_parameters
from devstack.postgres import LocalPostgres
from devstack.sample_customers import SAMPLE_CUSTOMERS, load_sample_customers

ALL = ["0001.customers-and-orders", "0002.orders-newest-first"]
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
