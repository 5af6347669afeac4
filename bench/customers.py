"""What the customer 360's query costs with few customers and with many, in a real Postgres of its own.

    python -m bench.customers [--customers 1000000 --orders 10000000]

It is measured with a thousand customers first. At its full size it takes about two minutes and 4 GB of the
temporary folder (`TMPDIR` chooses another). Each customer has ten orders, laid down as they come in: those of
one customer lie far apart. One more has a hundred thousand, another none. Printed are the plan with its
buffers, median milliseconds, and their ratio; a plan that scans a table, or anything twice, makes it fail.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection

from chalicelib.domain.database import DatabaseAddress, FixedAddress
from chalicelib.stores.customers import WITH_RECENT_ORDERS, Customers
from chalicelib.stores.database import connection_parameters
from chalicelib.stores.migrate import apply_migrations
from devstack.postgres.server import LocalPostgres

FEW_CUSTOMERS, FEW_ORDERS = 1_000, 10_000
MANY_ORDERS = 100_000
LOOKUPS = 500
ROUNDS = 5
SCAN = re.compile(r"\bScan\b")
WANTED_SCAN = re.compile(r"-> +(Index Scan|Index Only Scan|CTE Scan) ")
"""The last one is of the one row that the first found."""

ADD_CUSTOMERS = """
    INSERT INTO customers (external_id, name, email)
    SELECT 'C-' || n, 'Customer ' || n, n || '@example.com' FROM generate_series(%s, %s) n
"""
ADD_ORDERS = """
    INSERT INTO orders (customer_id, order_number, order_date, status, total_amount)
    SELECT customer_id, 'O-' || n, '2020-01-01'::timestamptz + n * interval '15 seconds', 'delivered', 9.99
    FROM generate_series(%s, %s) n JOIN customers ON external_id = 'C-' || (1 + (n - 1) %% %s)
"""
ADD_ORDERS_OF_ONE = """
    INSERT INTO orders (customer_id, order_number, order_date, status, total_amount)
    SELECT customer_id, 'M-' || n, '2020-01-01'::timestamptz + n * interval '25 minutes', 'delivered', 9.99
    FROM generate_series(1, %s) n JOIN customers ON external_id = 'many'
"""


def main() -> None:
    """Fill, measure and print, twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=10_000_000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="support-bench-") as folder,
        closing(LocalPostgres(Path(folder).resolve(), print)) as server,
    ):
        few = _measure(server.address, FEW_CUSTOMERS, FEW_ORDERS)
        many = _measure(server.address, options.customers, options.orders)
    print(f"\n{options.customers:,} customers to {FEW_CUSTOMERS:,}: {many / few:.2f} x the time")


def _measure(address: DatabaseAddress, customers: int, orders: int) -> float:
    """Print the plan and the timings at a size; return the median milliseconds of a usual customer."""
    started = time.perf_counter()
    _fill(address, customers, orders)
    print(f"\n{customers:,} customers, {orders:,} orders ({time.perf_counter() - started:.0f} s to fill)")
    usual = [f"C-{1 + n * 7919 % customers}" for n in range(LOOKUPS)]
    for line in _plan(address, usual[0]):
        print(f"  {line}")
    store = Customers(FixedAddress(address))
    laps = {"ten orders": usual, "100,000 orders": ["many"], "no order": ["none"], "unknown": ["nobody"]}
    medians = {name: _median_ms(store, ids) for name, ids in laps.items()}
    for name, median in medians.items():
        print(f"  {name:15} {median:7.3f} ms")
    return medians["ten orders"]


def _fill(address: DatabaseAddress, customers: int, orders: int) -> None:
    """Create the tables again, as large as asked for."""
    with closing(psycopg2.connect(**connection_parameters(address))) as database:
        database.autocommit = True
        _run(database, "DROP SCHEMA public CASCADE")
        _run(database, "CREATE SCHEMA public")
        apply_migrations(address)
        # Ten million look-ups of a foreign key that holds by construction.
        _run(database, "SET session_replication_role = replica")
        _run(database, "SET maintenance_work_mem = '512MB'")
        _run(database, ADD_CUSTOMERS, 1, customers)
        _run(
            database,
            "INSERT INTO customers (external_id, name, email) VALUES ('many', '', ''), ('none', '', '')",
        )
        _run(database, ADD_ORDERS, 1, orders, customers)
        _run(database, ADD_ORDERS_OF_ONE, MANY_ORDERS)
        _run(database, "VACUUM (ANALYZE) customers, orders")
        _run(database, "CHECKPOINT")


def _run(database: connection, sql: str, *parameters: int) -> None:
    with database.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def _plan(address: DatabaseAddress, external_id: str) -> list[str]:
    """Return the plan of the query; raise when it scans anything but an index, or that more than once."""
    with closing(psycopg2.connect(**connection_parameters(address))) as database, database.cursor() as cursor:
        for _ in range(2):  # the first one fills the caches
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {WITH_RECENT_ORDERS}", (external_id,))
            lines = [str(row[0]) for row in cursor.fetchall()]
    scans = [line for line in lines if SCAN.search(line)]
    wanted = [line for line in scans if WANTED_SCAN.search(line) and "loops=1)" in line]
    if not scans or scans != wanted:
        raise SystemExit("\n".join([*lines, "Not once and by an index:", *set(scans).difference(wanted)]))
    return lines


def _median_ms(store: Customers, external_ids: Sequence[str]) -> float:
    for external_id in external_ids:
        store.by_external_id(external_id)
    laps = []
    for external_id in [*external_ids] * (ROUNDS if len(external_ids) > 1 else 100):
        started = time.perf_counter()
        store.by_external_id(external_id)
        laps.append(time.perf_counter() - started)
    return statistics.median(laps) * 1000


if __name__ == "__main__":
    main()
