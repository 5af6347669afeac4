"""Whether a Postgres lives, as far as one can tell without its programs."""

import errno
import socket
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with the wheel of Postgres

from chalicelib.domain.database import DatabaseAddress

PROBE_SECONDS = 1
NOBODY_THERE = frozenset({errno.ECONNREFUSED, errno.ENOENT})


def takes_connections(address: DatabaseAddress) -> bool:
    """Say whether a server listens at an address; one that hangs does."""
    is_path = address.host.startswith("/")
    where = f"{address.host}/.s.PGSQL.{address.port}" if is_path else (address.host, address.port)
    with socket.socket(socket.AF_UNIX if is_path else socket.AF_INET) as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex(where) not in NOBODY_THERE


def remove_lock_of_zombie(lock: Path) -> None:
    """Remove a file by which a Postgres keeps others out, when its process has ended.

    Postgres does that itself, unless nobody collects ended processes, as in many containers: it takes them
    for running ones. Should processes of the old server still use the data, the new one refuses to start.
    """
    try:
        process = psutil.Process(int(lock.read_text("utf-8").split()[0]))
        if process.status() == psutil.STATUS_ZOMBIE:
            lock.unlink(missing_ok=True)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
