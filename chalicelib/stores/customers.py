"""The customers and their orders, in Postgres."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2.extras import RealDictCursor
from psycopg2.pool import PoolError, ThreadedConnectionPool

from chalicelib.errors import Unavailable
from chalicelib.models import Customer, DatabaseAddress, Order

STORE = "customers"
CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MILLIS = 3000
CONNECTIONS = 8
"""A container serves one request at a time; the local server serves several."""

WITH_RECENT_ORDERS = """
    SELECT c.customer_id, c.external_id, c.name, c.email, c.company, c.tier, c.lifetime_value,
           o.order_number, o.order_date, o.status, o.total_amount, o.currency, o.items,
           count(o.order_id) OVER () AS total_orders
    FROM customers c LEFT JOIN orders o USING (customer_id)
    WHERE c.external_id = %s
    ORDER BY o.order_date DESC
    LIMIT 5
"""


class Customers:
    """Reads customers over connections that outlive a request and are replaced when they break."""

    def __init__(self, address: Callable[[], DatabaseAddress]) -> None:
        self._address = address
        self._pool: ThreadedConnectionPool | None = None
        self._lock = Lock()

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer with the five newest orders, in one round trip. Raises Unavailable."""
        rows = self._fetch(WITH_RECENT_ORDERS, (external_id,))
        return _customer(rows) if rows else None

    def ping(self) -> None:
        """Raise Unavailable unless Postgres answers."""
        self._fetch("SELECT 1 AS one", ())

    def _fetch(self, sql: str, parameters: tuple[object, ...]) -> list[Any]:
        try:
            try:
                return self._fetch_once(sql, parameters)
            except psycopg2.errors.QueryCanceled:
                raise
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                # The database may have restarted or its password rotated since we connected.
                self._forget_connections()
                return self._fetch_once(sql, parameters)
        except (psycopg2.Error, PoolError) as error:
            raise Unavailable(STORE) from error

    def _fetch_once(self, sql: str, parameters: tuple[object, ...]) -> list[Any]:
        with self._connection() as connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        pool = self._connections()
        connection = pool.getconn()
        broken = True
        try:
            connection.autocommit = True
            yield connection
            broken = False
        finally:
            pool.putconn(connection, close=broken)

    def _connections(self) -> ThreadedConnectionPool:
        with self._lock:
            if self._pool is None:
                address = self._address()
                self._pool = ThreadedConnectionPool(
                    1,
                    CONNECTIONS,
                    host=address.host,
                    port=address.port,
                    user=address.username,
                    password=address.password,
                    dbname=address.dbname,
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    options=f"-c statement_timeout={STATEMENT_TIMEOUT_MILLIS}",
                    keepalives_idle=30,
                )
            return self._pool

    def _forget_connections(self) -> None:
        with self._lock:
            self._pool = None


def _customer(rows: list[Any]) -> Customer:
    first = rows[0]
    return Customer(
        customer_id=first["customer_id"],
        external_id=first["external_id"],
        name=first["name"],
        email=first["email"],
        company=first["company"],
        tier=first["tier"],
        lifetime_value=first["lifetime_value"],
        total_orders=first["total_orders"],
        recent_orders=tuple(
            Order(
                order_number=row["order_number"],
                order_date=row["order_date"],
                status=row["status"],
                total_amount=row["total_amount"],
                currency=row["currency"],
                items=row["items"],
            )
            for row in rows
            if row["order_number"] is not None
        ),
    )
