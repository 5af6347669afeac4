"""The customers and their orders, in Postgres."""

from decimal import Decimal
from typing import Any

from chalicelib.answers import reading, require
from chalicelib.domain.customer import Customer, Order
from chalicelib.domain.database import DatabaseAddresses
from chalicelib.stores.database import Database, TimeLimits

STORE = "customers"
# The newest orders and their number come from one index, `orders_newest_first`: see bench/customers.py.
# MATERIALIZED, or Postgres counts again beside each of the five.
WITH_RECENT_ORDERS = """
    WITH customer AS MATERIALIZED (
        SELECT customer_id, external_id, name, email, company, tier, lifetime_value,
               (SELECT count(*) FROM orders WHERE orders.customer_id = customers.customer_id) AS total_orders
        FROM customers
        WHERE external_id = %s
    )
    SELECT customer.*, newest.*
    FROM customer LEFT JOIN LATERAL (
        SELECT order_id, order_number, order_date, status, total_amount, currency, items
        FROM orders
        WHERE orders.customer_id = customer.customer_id
        ORDER BY order_date DESC, order_id DESC
        LIMIT 5
    ) newest ON true
    ORDER BY newest.order_date DESC, newest.order_id DESC
"""


class Customers:
    """Reads customers."""

    def __init__(self, addresses: DatabaseAddresses, limits: TimeLimits | None = None) -> None:
        self._database = Database(STORE, addresses, limits)

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer with the five newest orders, in one round trip. Raises Unavailable."""
        if not _can_be_stored(external_id):
            return None
        rows = self._database.rows(WITH_RECENT_ORDERS, (external_id,))
        with reading(STORE):
            return _customer(rows) if rows else None

    def ping(self) -> None:
        """Raise Unavailable unless Postgres answers."""
        rows = self._database.rows("SELECT 1 AS one")
        with reading(STORE):
            require(rows[0]["one"], int)

    def warm_up(self) -> None:
        """Connect. Raises Unavailable."""
        self.ping()


def _can_be_stored(text: str) -> bool:
    """Say whether Postgres can hold a text; the driver refuses what it cannot."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _customer(rows: list[Any]) -> Customer:
    first = rows[0]
    return Customer(
        customer_id=first["customer_id"],
        external_id=first["external_id"],
        name=first["name"],
        email=first["email"],
        company=first["company"],
        tier=first["tier"],
        lifetime_value=_amount(first["lifetime_value"]),
        total_orders=first["total_orders"],
        recent_orders=tuple(_order(row) for row in rows if row["order_number"] is not None),
    )


def _order(row: Any) -> Order:
    return Order(
        order_number=row["order_number"],
        order_date=row["order_date"],
        status=row["status"],
        total_amount=_amount(row["total_amount"]),
        currency=row["currency"],
        items=row["items"],
    )


def _amount(value: Decimal) -> Decimal:
    """Return an amount. Raises ValueError for a NaN, which may be from before they were refused."""
    if value.is_nan():
        raise ValueError("an amount expected")
    return value
