"""The customers and their orders, in Postgres."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2.extras import RealDictCursor

from chalicelib.errors import Unavailable
from chalicelib.models import Customer, DatabaseAddress, Order

STORE = "customers"
CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MILLIS = 3000
CONNECTIONS = 8
"""A container serves one request at a time and needs one; the local server serves several."""
WAIT_FOR_A_CONNECTION_SECONDS = 2

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
        self._idle: LifoQueue[Any] = LifoQueue()
        self._free = BoundedSemaphore(CONNECTIONS)

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer with the five newest orders, in one round trip. Raises Unavailable."""
        rows = self._fetch(WITH_RECENT_ORDERS, (external_id,))
        return _customer(rows) if rows else None

    def ping(self) -> None:
        """Raise Unavailable unless Postgres answers."""
        self._fetch("SELECT 1 AS one", ())

    def _fetch(self, sql: str, parameters: tuple[object, ...]) -> list[Any]:
        with self._turn():
            try:
                kept = self._kept_connection()
                if kept is not None:
                    try:
                        return self._run(kept, sql, parameters)
                    except psycopg2.errors.QueryCanceled:
                        raise
                    except (psycopg2.OperationalError, psycopg2.InterfaceError):
                        # The database restarted or failed over: then the others are broken too.
                        self._forget_connections()
                return self._run(self._connect(), sql, parameters)
            except psycopg2.Error as error:
                raise Unavailable(STORE) from error

    def _run(self, connection: Any, sql: str, parameters: tuple[object, ...]) -> list[Any]:
        try:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(sql, parameters)
                rows = list(cursor.fetchall())
        except psycopg2.Error:
            connection.close()
            raise
        self._idle.put(connection)
        return rows

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._free.acquire(timeout=WAIT_FOR_A_CONNECTION_SECONDS):
            raise Unavailable(STORE)
        try:
            yield
        finally:
            self._free.release()

    def _kept_connection(self) -> Any:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _connect(self) -> Any:
        address = self._address()
        connection = psycopg2.connect(
            host=address.host,
            port=address.port,
            user=address.username,
            password=address.password,
            dbname=address.dbname,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MILLIS}",
            # A host that vanished must not hold a query for the many minutes that TCP would wait.
            tcp_user_timeout=2 * STATEMENT_TIMEOUT_MILLIS,
            keepalives_idle=30,
            keepalives_interval=2,
            keepalives_count=2,
        )
        connection.autocommit = True
        return connection

    def _forget_connections(self) -> None:
        while (connection := self._kept_connection()) is not None:
            connection.close()


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
        recent_orders=tuple(_order(row) for row in rows if row["order_number"] is not None),
    )


def _order(row: Any) -> Order:
    return Order(
        order_number=row["order_number"],
        order_date=row["order_date"],
        status=row["status"],
        total_amount=row["total_amount"],
        currency=row["currency"],
        items=row["items"],
    )
