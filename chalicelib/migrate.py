"""Brings the Postgres schema up to date from `migrations/`."""

from pathlib import Path
from urllib.parse import quote, urlencode

from yoyo import get_backend, read_migrations

from chalicelib.models import DatabaseAddress

MIGRATIONS = Path(__file__).parent / "migrations"


def apply_migrations(database: DatabaseAddress) -> list[str]:
    """Apply what is not applied yet, each in its own transaction; return the ids of what was applied.

    Safe to run twice at once: yoyo holds a lock in the database.
    """
    backend = get_backend(_uri(database))
    try:
        with backend.lock():
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            applied = [migration.id for migration in pending]
            backend.apply_migrations(pending)
    finally:
        backend.connection.close()
    return applied


def _uri(database: DatabaseAddress) -> str:
    # The host travels as a parameter because the folder of a Unix socket is no valid URL host.
    login = f"{quote(database.username, safe='')}:{quote(database.password, safe='')}"
    where = urlencode({"host": database.host, "port": database.port})
    return f"postgresql://{login}@/{quote(database.dbname, safe='')}?{where}"
