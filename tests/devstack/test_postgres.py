"""The local Postgres: a real server that stops when asked and keeps what it was given."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection

from chalicelib.domain.database import DatabaseAddress
from devstack.ports import HOST
from devstack.postgres import programs
from devstack.postgres.server import LocalPostgres
from tests.product import PostgresControl
from tooling.errors import CommandError


def quiet(_line: str) -> None:
    """Say nothing."""


def connect(address: DatabaseAddress, password: str | None = None) -> connection:
    return psycopg2.connect(
        host=address.host,
        port=address.port,
        user=address.username,
        password=password or address.password,
        dbname=address.dbname,
    )


@contextmanager
def started(folder: Path) -> Iterator[LocalPostgres]:
    with closing(LocalPostgres(folder, quiet)) as server:
        yield server


def execute(address: DatabaseAddress, statement: str) -> object:
    with closing(connect(address)) as session, session, session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPostgres]:
    with tempfile.TemporaryDirectory(prefix="support-test-") as folder, started(Path(folder)) as running:
        yield running


def test_the_database_is_there_and_speaks_unicode(server: LocalPostgres) -> None:
    assert server.is_running()
    assert execute(server.address, "SELECT current_database(), 'Zoë 🛒'") == ("support", "Zoë 🛒")


def test_a_wrong_password_is_refused(server: LocalPostgres) -> None:
    with pytest.raises(psycopg2.OperationalError):
        connect(server.address, "wrong")


def test_other_machines_cannot_reach_it(server: LocalPostgres) -> None:
    # Windows has no Unix sockets here, so there it listens on the machine itself.
    where = HOST if sys.platform == "win32" else ""
    assert execute(server.address, "SHOW listen_addresses") == (where,)


def test_data_survives_a_restart_and_a_stopped_server_says_so(data_folder: Path) -> None:
    with started(data_folder / "postgres") as first:
        execute(first.address, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not first.is_running()
    with started(data_folder / "postgres") as second:
        assert execute(second.address, "SELECT answer FROM kept") == (42,)


def test_a_server_that_a_killed_run_left_behind_is_replaced(data_folder: Path) -> None:
    LocalPostgres(data_folder / "postgres", quiet)
    with started(data_folder / "postgres") as second:
        assert execute(second.address, "SELECT 1") == (1,)
    assert not second.is_running()


def test_a_killed_server_starts_again_where_it_was_and_has_its_data(data_folder: Path) -> None:
    with started(data_folder / "postgres") as server:
        execute(server.address, "CREATE TABLE kept AS SELECT 42 AS answer")
        PostgresControl(data_folder / "postgres").kill()
        assert not server.is_running()
        server.start_again()
        assert execute(server.address, "SELECT answer FROM kept") == (42,)
        PostgresControl(data_folder / "postgres").kill()
    assert not server.is_running()


def test_a_process_file_of_a_server_that_is_gone_does_no_harm(data_folder: Path) -> None:
    with started(data_folder / "postgres"):
        pass
    stale = data_folder / "postgres" / "data" / "postmaster.pid"
    stale.write_text(f"999999\n{stale.parent}\n1700000000\n5432\n{data_folder}\n\n  1 1\nready\n", "utf-8")
    with started(data_folder / "postgres") as server:
        assert server.is_running()


def test_open_connections_do_not_keep_it_from_stopping(data_folder: Path) -> None:
    with started(data_folder / "postgres") as server:
        open_one = connect(server.address)
    assert not server.is_running()
    open_one.close()


@pytest.mark.parametrize("name", ["x" * 150, "with spaces and (brackets)", "Zoë's, \u65e5\u672c\u8a9e"])
def test_any_folder_will_do(data_folder: Path, name: str) -> None:
    with started(data_folder / name) as server:
        assert execute(server.address, "SELECT 1") == (1,)
    if sys.platform != "win32":
        assert Path(server.address.host) == data_folder / name or not Path(server.address.host).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="only a POSIX shell reads these characters")
def test_a_folder_that_a_shell_would_misread_is_refused(data_folder: Path) -> None:
    with pytest.raises(CommandError, match="--data-dir"):
        LocalPostgres(data_folder / "a$(b)", quiet)


def test_an_interrupted_creation_is_redone(data_folder: Path) -> None:
    half = data_folder / "postgres" / "data.unfinished"
    half.mkdir(parents=True)
    (half / "junk").write_bytes(b"")
    with started(data_folder / "postgres") as server:
        assert server.is_running()


def test_data_of_another_version_is_named_with_what_helps(data_folder: Path) -> None:
    (data_folder / "postgres" / "data").mkdir(parents=True)
    (data_folder / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(CommandError, match=r"is of Postgres 9.*delete"):
        LocalPostgres(data_folder / "postgres", quiet)


def test_a_platform_without_the_wheel_is_told_so(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PACKAGE", "no_such_wheel")
    with pytest.raises(CommandError, match="not made for this platform"):
        LocalPostgres(data_folder / "postgres", quiet)
