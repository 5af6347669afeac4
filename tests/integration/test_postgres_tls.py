"""The connection to Postgres outside of stage `local`: encrypted, to the very server that was meant."""

import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from select import select

import psycopg2
import pytest

from chalicelib.domain.database import DatabaseAddress, FixedAddress
from chalicelib.errors import Unavailable
from chalicelib.stores.customers import Customers
from chalicelib.stores.database import AMAZON_ROOTS
from chalicelib.stores.migrate import apply_migrations
from devstack.ports import HOST
from tests.certificates import Authority

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Unix sockets here")

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client sends first to ask for TLS; the answer is one byte, S or N."""


class TlsEnd:
    """Stands before a Postgres that was built without TLS, and speaks it for it."""

    def __init__(self, postgres: DatabaseAddress, tls: ssl.SSLContext | None) -> None:
        self._postgres = f"{postgres.host}/.s.PGSQL.{postgres.port}"
        self._tls = tls
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        """Accept nobody any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client]).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            assert client.recv(len(SSL_REQUEST)) == SSL_REQUEST
            client.sendall(b"S" if self._tls else b"N")
            if self._tls is None:
                return
            with self._tls.wrap_socket(client, server_side=True) as encrypted:
                server.connect(self._postgres)
                _relay(encrypted, server)


def _relay(encrypted: ssl.SSLSocket, server: socket.socket) -> None:
    others: dict[socket.socket, socket.socket] = {encrypted: server, server: encrypted}
    while True:
        for source in [encrypted] if encrypted.pending() else select(others, [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            others[source].sendall(data)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def address(empty: DatabaseAddress, authority: Authority) -> Iterator[DatabaseAddress]:
    """A server that shows the authority's certificate for `localhost`."""
    with closing(TlsEnd(empty, authority.server("localhost"))) as end:
        yield replace(empty, host="localhost", port=end.port, tls_roots=str(authority.roots))


def ping(address: DatabaseAddress) -> None:
    Customers(FixedAddress(address)).ping()


def test_a_server_that_the_roots_vouch_for_is_trusted(address: DatabaseAddress) -> None:
    ping(address)


def test_the_migrations_take_the_same_way(address: DatabaseAddress) -> None:
    assert apply_migrations(address)
    with pytest.raises(psycopg2.OperationalError, match="certificate"):
        apply_migrations(replace(address, tls_roots=AMAZON_ROOTS))


def test_a_server_that_others_vouch_for_is_not(address: DatabaseAddress) -> None:
    with pytest.raises(Unavailable) as outage:
        ping(replace(address, tls_roots=AMAZON_ROOTS))
    assert "certificate verify failed" in str(outage.value.__cause__)


def test_a_server_of_another_name_is_not(address: DatabaseAddress) -> None:
    with pytest.raises(Unavailable) as outage:
        ping(replace(address, host=HOST))
    assert "does not match host name" in str(outage.value.__cause__)


def test_a_server_without_tls_gets_no_password(empty: DatabaseAddress, authority: Authority) -> None:
    with closing(TlsEnd(empty, None)) as end, pytest.raises(Unavailable) as outage:
        ping(replace(empty, host="localhost", port=end.port, tls_roots=str(authority.roots)))
    assert "does not support SSL" in str(outage.value.__cause__)


def test_roots_that_are_not_there_are_an_outage_and_no_reason_to_trust(address: DatabaseAddress) -> None:
    with pytest.raises(Unavailable):
        ping(replace(address, tls_roots="no-such-file.pem"))
