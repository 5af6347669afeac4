"""A Postgres of the tests' own, and what is done in it behind the app's back."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters
from tests.product import PostgresControl


@dataclass(frozen=True)
class Server:
    """Where a Postgres is, for the owner of the tables and for the app, and what breaks it."""

    address: DatabaseAddress
    reader: DatabaseAddress
    control: PostgresControl


@contextmanager
def session(address: DatabaseAddress) -> Iterator[Callable[..., None]]:
    """Yield what executes statements in one transaction, undone at the end unless they commit it."""
    with (
        closing(psycopg2.connect(**connection_parameters(address))) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor.execute


def execute(address: DatabaseAddress, statement: str | sql.Composable, *parameters: object) -> list[Any]:
    """Return the rows of a statement that stands for itself."""
    with closing(psycopg2.connect(**connection_parameters(address))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []
