"""Fills an empty database with the sample customers and their orders."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters
from tooling.project import ROOT

SAMPLE_CUSTOMERS = ROOT / "samples" / "customers.json"
CUSTOMER_COLUMNS = ("external_id", "name", "email", "company", "tier", "lifetime_value", "created_at")
ORDER_COLUMNS = ("order_number", "order_date", "status", "total_amount", "currency", "items")


def load_sample_customers(database: DatabaseAddress, path: Path = SAMPLE_CUSTOMERS) -> int:
    """Insert the samples unless there are customers already; return how many were inserted.

    All or none of them, and once only, also when two runs begin at the same moment.
    """
    customers: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    connection = psycopg2.connect(**connection_parameters(database))
    try:
        with connection, connection.cursor() as statements:
            # Readers go on; another run waits here until this one is through.
            statements.execute("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
            statements.execute("SELECT EXISTS (SELECT FROM customers)")
            if statements.fetchone() == (True,):
                return 0
            for customer in customers:
                _insert(statements, customer)
    finally:
        connection.close()
    return len(customers)


def _insert(statements: cursor, customer: Mapping[str, Any]) -> None:
    statements.execute(
        "INSERT INTO customers (external_id, name, email, company, tier, lifetime_value, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING customer_id",
        [customer[column] for column in CUSTOMER_COLUMNS],
    )
    (customer_id,) = statements.fetchone() or (None,)
    orders = [(customer_id, *(order[column] for column in ORDER_COLUMNS)) for order in customer["orders"]]
    execute_values(
        statements,
        "INSERT INTO orders (customer_id, order_number, order_date, status, total_amount, currency, items)"
        " VALUES %s",
        orders,
    )
