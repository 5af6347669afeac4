"""What can go wrong between the app and Postgres: a way to it that a fault can lie on."""

import socket
import struct
import threading
from contextlib import suppress
from select import select

from devstack.ports import HOST
from tests.faults.fault_server import REFUSED, SLOW

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: what was not sent is dropped, and the other side gets a reset."""


class PostgresGate:
    """A way to Postgres that a fault can lie on; `asked` counts the queries that were sent over it."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._fault: str | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.asked = 0

    def put(self, fault: str | None) -> None:
        """Let a fault begin, or end with None. Connections outlive those that would not end them."""
        self._fault = fault
        if fault == REFUSED:
            self._stop_listening()
        elif self._listener.fileno() == -1:
            self._listener = self._listen(self.port)
        if fault in (REFUSED, "throttled"):
            self.cut()

    def close(self) -> None:
        """Take no more connections, and cut those there are."""
        self._stop_listening()
        self.cut()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            # On Linux, closing alone leaves a thread that accepts, and the port with it.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((HOST, port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def cut(self) -> None:
        """End the connections that there are."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        with client, _connect(*self._server) as server, suppress(OSError):
            with self._lock:
                self._open |= {client, server}
            if self._fault == "throttled":
                client.recv(4096)
                client.sendall(_error("FATAL", "53300", "sorry, too many clients already"))
                return
            while all(self._pass_on(each, client, server) for each in select([client, server], [], [])[0]):
                pass
        with self._lock:
            self._open -= {client, server}

    def _pass_on(self, source: socket.socket, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what came, as the fault has it; tell whether the connection goes on."""
        data = source.recv(65536)
        if not data:
            return False
        if source is server:
            return self._answer(client, data)
        is_query = data.startswith(b"Q")
        self.asked += is_query
        if is_query and self._fault == "5xx":
            client.sendall(_error("ERROR", "XX000", "internal error") + _message(b"Z", b"I"))
        elif is_query and self._fault == "wrong shape":
            server.sendall(_message(b"Q", b"SELECT 5 AS five\0"))
        else:
            server.sendall(data)
        return True

    def _answer(self, client: socket.socket, data: bytes) -> bool:
        if self._fault == SLOW:
            return True
        if self._fault == "garbage":
            client.sendall(b"\x00\xff" + data[::-1])
        elif self._fault in ("truncated", "dies mid-call"):
            client.sendall(data[: len(data) // 2])
            if self._fault == "dies mid-call":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            return False
        else:
            client.sendall(data)
        return True


def _connect(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def _error(severity: str, code: str, message: str) -> bytes:
    """Return an ErrorResponse of Postgres."""
    fields = "".join(f"{name}{value}\0" for name, value in (("S", severity), ("C", code), ("M", message)))
    return _message(b"E", fields.encode() + b"\0")


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content
