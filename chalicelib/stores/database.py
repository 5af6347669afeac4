"""Queries to Postgres over connections that outlive a request and are replaced when they break."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from threading import BoundedSemaphore
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2.extensions import POLL_OK, POLL_READ, parse_dsn
from psycopg2.extras import RealDictCursor

from chalicelib.domain.database import DatabaseAddress, DatabaseAddresses
from chalicelib.errors import InvalidSettings, Unavailable

AMAZON_ROOTS = str(Path(__file__).parent.parent / "certificates" / "amazon-rds.pem")
CONNECT_TIMEOUT_SECONDS = 3
URL_SCHEMES = ("postgresql://", "postgres://")
URL_FORM = "postgresql://user:password@host:port/name"
URL_PARTS = {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert"}
CONNECTIONS = 8
"""One request at a time needs one; a server that runs several at once shares these."""
WAIT_FOR_A_CONNECTION_SECONDS = 2


@dataclass(frozen=True)
class TimeLimits:
    """How long the steps of a query may take."""

    connect_seconds: float = CONNECT_TIMEOUT_SECONDS
    statement_seconds: float = 2.0
    answer_seconds: float = 2.5
    """A server that hangs ends no statement that takes too long; so we give up by ourselves."""


class Database:
    """Runs one query at a time on each connection; `name` is what its outages are called."""

    def __init__(self, name: str, addresses: DatabaseAddresses, limits: TimeLimits | None = None) -> None:
        self._name = name
        self._addresses = addresses
        self._limits = limits or TimeLimits()
        self._idle: LifoQueue[Any] = LifoQueue()
        self._free = BoundedSemaphore(CONNECTIONS)

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        """Return the rows of a query, as dictionaries. Raises Unavailable."""
        with self._slot():
            try:
                return self._fetch(sql, parameters)
            except TimeoutError as error:
                # A server that hangs, hangs for all: the next query must not wait on an old connection too.
                self._forget_connections()
                raise Unavailable(self._name) from error
            except psycopg2.Error as error:
                raise Unavailable(self._name) from error

    def _fetch(self, sql: str, parameters: tuple[object, ...]) -> list[Any]:
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

    def _run(self, connection: Any, sql: str, parameters: tuple[object, ...]) -> list[Any]:
        try:
            cursor = connection.cursor(cursor_factory=RealDictCursor)
            cursor.execute(sql, parameters)
            _wait(connection, time.monotonic() + self._limits.answer_seconds)
            rows = _read(cursor)
        except (psycopg2.Error, TimeoutError):
            connection.close()
            raise
        self._idle.put(connection)
        return rows

    def _connect(self) -> Any:
        address = self._addresses.known()
        try:
            return _open(address, self._limits)
        except psycopg2.OperationalError:
            renewed = self._addresses.renewed()
            if renewed == address:
                raise
            # The password was rotated, or the database moved, since we read the secret.
            return _open(renewed, self._limits)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._free.acquire(timeout=WAIT_FOR_A_CONNECTION_SECONDS):
            raise Unavailable(self._name)
        try:
            yield
        finally:
            self._free.release()

    def _kept_connection(self) -> Any:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _forget_connections(self) -> None:
        while (connection := self._kept_connection()) is not None:
            connection.close()


def address_from_url(url: str, tls_roots: str | None) -> DatabaseAddress:
    """Return the address that DATABASE_URL holds; `sslmode` and `sslrootcert` in it win over `tls_roots`.

    Raises InvalidSettings, which never repeats the URL: it holds a password.
    """
    parts = _parse(url)
    unknown = sorted(parts.keys() - URL_PARTS)
    if unknown:
        raise InvalidSettings(f"DATABASE_URL: {', '.join(unknown)} cannot be set there.")
    missing = sorted({"host", "user", "dbname"} - parts.keys())
    if missing:
        raise InvalidSettings(f"DATABASE_URL: {', '.join(missing)} is missing from {URL_FORM}.")
    return DatabaseAddress(
        host=parts["host"],
        port=_port(parts.get("port", "5432")),
        username=parts["user"],
        password=parts.get("password", ""),
        dbname=parts["dbname"],
        tls_roots=_tls_roots(parts, tls_roots),
    )


def connection_parameters(address: DatabaseAddress) -> dict[str, Any]:
    """Return what `psycopg2.connect` is told."""
    parameters = {
        "host": address.host,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": address.dbname,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if address.tls_roots is None:
        return {**parameters, "sslmode": "disable"}
    return {**parameters, "sslmode": "verify-full", "sslrootcert": address.tls_roots}


def _open(address: DatabaseAddress, limits: TimeLimits) -> Any:
    """Return a connection that commits each statement. Raises psycopg2.Error, TimeoutError."""
    deadline = time.monotonic() + limits.connect_seconds
    # Asynchronous only so that we can stop waiting; the driver's own time limits stop at an open connection.
    options = f"-c statement_timeout={round(limits.statement_seconds * 1000)}"
    connection = psycopg2.connect(**connection_parameters(address), options=options, async_=True)
    try:
        _wait(connection, deadline)
    except (psycopg2.Error, TimeoutError):
        connection.close()
        raise
    return connection


def _read(cursor: Any) -> list[Any]:
    """Return all rows of a result. Raises psycopg2.Error."""
    try:
        return list(cursor.fetchall())
    except ValueError as error:
        # Postgres has years and more that Python has no room for.
        raise psycopg2.DataError("a row holds a value that cannot be read") from error


def _wait(connection: Any, deadline: float) -> None:
    """Wait until a connection has done what it was asked for. Raises psycopg2.Error, TimeoutError."""
    while (state := connection.poll()) != POLL_OK:
        with DefaultSelector() as selector:
            # Asked each time: while it connects, it may go on to another address, over another socket.
            selector.register(connection.fileno(), EVENT_READ if state == POLL_READ else EVENT_WRITE)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError


def _parse(url: str) -> dict[str, str]:
    wrong = InvalidSettings(f"DATABASE_URL: must look like {URL_FORM}.")
    if not url.startswith(URL_SCHEMES):
        raise wrong
    try:
        return {name: str(value) for name, value in parse_dsn(url).items()}
    except (psycopg2.ProgrammingError, UnicodeError):
        # The driver's message quotes the URL.
        raise wrong from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise InvalidSettings("DATABASE_URL: the port must be one number between 1 and 65535.")
    return int(text)


def _tls_roots(parts: dict[str, str], otherwise: str | None) -> str | None:
    mode, roots = parts.get("sslmode"), parts.get("sslrootcert")
    if mode not in (None, "disable", "verify-full"):
        # What lies between encrypts without knowing who is at the other end.
        raise InvalidSettings("DATABASE_URL: sslmode must be verify-full or disable.")
    if mode == "disable":
        return None
    return roots or otherwise or (AMAZON_ROOTS if mode else None)
