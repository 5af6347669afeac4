"""A real Postgres from a wheel, in a folder of its own, not reachable from other machines."""

import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

from chalicelib.domain.database import DatabaseAddress
from devstack.ports import HOST, free_port
from devstack.postgres.liveness import remove_lock_of_zombie, takes_connections
from devstack.postgres.programs import PostgresPrograms, choose_account
from devstack.private_files import write_private
from tooling.errors import CommandError

DATABASE = "support"
USER = "support"
READER = "support_reader"
"""The user of the app, as in infra/rds_kb.yaml."""
SOCKET_PORT = 5432
# 104 bytes on macOS, 108 on Linux, for the folder and "/.s.PGSQL.5432.lock".
LONGEST_SOCKET_FOLDER = 80
PLAIN_PATH = re.compile(r"[\w./@+:~ -]+", re.ASCII)
START_TIMEOUT_SECONDS = 60
RESTART_TIMEOUT_SECONDS = 10
STOP_TIMEOUT_SECONDS = 20
STOP_POLL_SECONDS = 0.02
CONNECT_TIMEOUT_SECONDS = 10


class LocalPostgres:
    """A running server; `address` is how to reach its database as the owner, `reader` as the app.

    The reader is for migrations to make; it has another password at each start.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """Start the server of a folder, which is made when missing; stop one that an earlier run left.

        Raises CommandError.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._process_file = self._data / "postmaster.pid"
        self._account = choose_account(folder)
        self._account.own(folder)
        self._programs = PostgresPrograms(self._account, folder, say)
        self._require_path_without_shell_characters()
        version = self._version_of_data()
        if version is None:
            self._create_cluster()
        else:
            self._require_same_version(version)
        self._stop_leftover()
        self._socket_folder = self._choose_socket_folder()
        self.address = self._choose_address()
        self.reader = replace(self.address, username=READER, password=secrets.token_hex(24))
        self._start(START_TIMEOUT_SECONDS)
        _create_database(self.address)

    def is_running(self) -> bool:
        """Say whether the server still runs."""
        return takes_connections(self.address)

    def start_again(self) -> None:
        """Start a server that has stopped, at the same address; one that takes long starts by itself.

        Raises CommandError when it isn't there in some seconds.
        """
        self._start(RESTART_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Stop the server; open connections are cut, nothing that was committed is lost."""
        if self.is_running():
            self._stop()
        if self._socket_folder is not None and self._socket_folder != self._folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _require_path_without_shell_characters(self) -> None:
        """Refuse the few characters that `pg_ctl` hands to a shell as they are."""
        if sys.platform != "win32" and set('"$`\\') & set(str(self._data)):
            raise CommandError(f"Postgres cannot use {self._data}; choose another folder with --data-dir.")

    def _create_cluster(self) -> None:
        """Make the data folder under another name first: an interrupted start leaves no half of it."""
        unfinished = self._folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self._folder / "password"
        write_private(password, secrets.token_hex(24).encode())
        self._account.own(password)
        who = ["-U", USER, "--auth=scram-sha-256", f"--pwfile={password}"]
        text = ["--encoding=UTF8", "--no-locale"]
        made = self._programs.run("initdb", "-D", unfinished, *who, *text, "--no-instructions")
        if made.returncode != 0:
            raise CommandError(f"Postgres could not create {self._data}:\n{made.stderr.strip()}")
        unfinished.rename(self._data)

    def _version_of_data(self) -> str | None:
        try:
            return (self._data / "PG_VERSION").read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        except PermissionError:
            raise CommandError(
                f"{self._data} belongs to another account; choose another folder with --data-dir."
            ) from None

    def _require_same_version(self, version: str) -> None:
        shipped = self._programs.major_version()
        if version != shipped:
            raise CommandError(
                f"{self._data} is of Postgres {version}, this is Postgres {shipped}: delete {self._folder}."
            )

    def _stop_leftover(self) -> None:
        """Stop the server that a killed run left behind, if it is the one of this folder."""
        try:
            lines = self._process_file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        host = (lines[4].strip() or HOST) if len(lines) > 5 else HOST
        port = int(lines[3]) if len(lines) > 3 else SOCKET_PORT
        try:
            _connect(self._address(host, port), "postgres").close()
        except psycopg2.OperationalError:
            # Not ours: another program has that process id now. Postgres copes with that by itself.
            return
        self._stop()

    def _choose_socket_folder(self) -> Path | None:
        """Return the folder of the Unix socket: beside the data or, if that path won't do, a private one."""
        if sys.platform == "win32":
            return None
        if len(bytes(self._folder)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(self._folder)):
            return self._folder
        short = Path(tempfile.mkdtemp(prefix="support-pg-"))
        self._account.own(short)
        return short

    def _choose_address(self) -> DatabaseAddress:
        if self._socket_folder is None:
            return self._address(HOST, free_port())
        return self._address(str(self._socket_folder), SOCKET_PORT)

    def _start(self, timeout_seconds: int) -> None:
        remove_lock_of_zombie(self._process_file)
        if self._socket_folder is None:
            where = f"-h {HOST} -p {self.address.port}"
        else:
            remove_lock_of_zombie(self._socket_folder / f".s.PGSQL.{SOCKET_PORT}.lock")
            where = f"-h '' -p {SOCKET_PORT} -k '{self._socket_folder}'"
        if self._log.exists():
            self._log.replace(self._log.with_name(f"{self._log.name}.1"))
        if self._pg_ctl("-w", "-t", str(timeout_seconds), "-l", self._log, "-o", where, "start") != 0:
            raise CommandError(f"Postgres did not start:\n{self._tail_of_log()}")

    def _stop(self) -> None:
        for mode in ("fast", "immediate"):
            self._pg_ctl("-m", mode, "-W", "stop")
            deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
            # pg_ctl would wait until the process is gone, which never happens where nobody reaps orphans, as
            # in many containers. The server removes this file when it ends.
            while time.monotonic() < deadline:
                if not self._process_file.exists():
                    return
                time.sleep(STOP_POLL_SECONDS)

    def _pg_ctl(self, *arguments: str | Path) -> int:
        return self._programs.run("pg_ctl", "-D", self._data, *arguments).returncode

    def _address(self, host: str, port: int) -> DatabaseAddress:
        password = (self._folder / "password").read_text("utf-8")
        return DatabaseAddress(host=host, port=port, username=USER, password=password, dbname=DATABASE)

    def _tail_of_log(self) -> str:
        if not self._log.exists():
            return "(it wrote no log)"
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-15:])


def _create_database(address: DatabaseAddress) -> None:
    server = _connect(address, "postgres")
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (address.dbname,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(address.dbname)))
    finally:
        server.close()


def _connect(address: DatabaseAddress, dbname: str) -> connection:
    return psycopg2.connect(
        host=address.host,
        port=address.port,
        user=address.username,
        password=address.password,
        dbname=dbname,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
    )
