"""Brings the Postgres schema up to date from `migrations/`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
from yoyo import get_backend, read_migrations

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters

MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOCK = 7_361_002
"""Any number, as long as everything that migrates this database uses the same."""
LOCK_TIMEOUT = "60s"


def apply_migrations(database: DatabaseAddress) -> list[str]:
    """Apply what is not applied yet, each in its own transaction; return the ids of what was applied.

    Safe to run twice at once, and again after a run that was cut off. Raises psycopg2.Error.
    """
    with _alone(database):
        backend = get_backend(_uri(database))
        try:
            # Nobody else migrates while the lock above is held, so this row is left over.
            backend.break_lock()
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            applied = [migration.id for migration in pending]
            backend.apply_migrations(pending)
        finally:
            backend.connection.close()
    return applied


@contextmanager
def _alone(database: DatabaseAddress) -> Iterator[None]:
    """Keep others from migrating in the meantime.

    The lock ends with its connection; yoyo's own is a row that would outlive a run that was cut off.
    """
    with closing(psycopg2.connect(**connection_parameters(database))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield


def _uri(database: DatabaseAddress) -> str:
    # All as parameters, none in its usual place: yoyo decodes only these fully.
    return f"postgresql:///?{urlencode(connection_parameters(database))}"
