"""Brings the Postgres schema up to date from `migrations/`, and the rights of the user who reads it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, encrypt_password
from yoyo import get_backend, read_migrations

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters

MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOCK = 7_361_002
"""Any number, as long as everything that migrates this database uses the same."""
LOCK_TIMEOUT = "60s"


READ_ONLY = (
    "GRANT USAGE ON SCHEMA public TO {reader}",
    "GRANT SELECT ON customers, orders TO {reader}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {reader}",
    "ALTER ROLE {reader} SET default_transaction_read_only = on",
)


def apply_migrations(owner: DatabaseAddress, reader: DatabaseAddress | None = None) -> list[str]:
    """Apply what is not applied yet, each in its own transaction; return the ids of what was applied.

    A reader that is another user than the owner is made when missing, given its password, and may then read
    the tables and no more. Safe to run twice at once, and again after a run that was cut off.
    Raises psycopg2.Error.
    """
    with _alone(owner) as session:
        backend = get_backend(_uri(owner))
        try:
            # Nobody else migrates while the lock above is held, so this row is left over.
            backend.break_lock()
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            applied = [migration.id for migration in pending]
            backend.apply_migrations(pending)
        finally:
            backend.connection.close()
        if reader and reader.username != owner.username:
            _let_read(session, reader)
    return applied


def _let_read(session: connection, reader: DatabaseAddress) -> None:
    # Encrypted here, because the server may log the statement.
    password = encrypt_password(reader.password, reader.username, session, "scram-sha-256")
    name = sql.Identifier(reader.username)
    with session.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (reader.username,))
        verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
        cursor.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD %s").format(verb, name), (password,))
        for statement in READ_ONLY:
            cursor.execute(sql.SQL(statement).format(reader=name))


@contextmanager
def _alone(database: DatabaseAddress) -> Iterator[connection]:
    """Keep others from migrating in the meantime, and yield a connection that commits each statement.

    The lock ends with its connection; yoyo's own is a row that would outlive a run that was cut off.
    """
    with closing(psycopg2.connect(**connection_parameters(database))) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield session


def _uri(database: DatabaseAddress) -> str:
    # All as parameters, none in its usual place: yoyo decodes only these fully.
    return f"postgresql:///?{urlencode(connection_parameters(database))}"
