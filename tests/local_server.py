"""A server on this machine, for as long as a test needs one."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from devstack.ports import HOST

POLL_SECONDS = 0.02


class LocalHandler(BaseHTTPRequestHandler):
    """Takes requests without a word in the tests' output."""

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer with its length."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class LocalServer:
    """Serves at a free port until it is closed; each of the handler's requests knows these values."""

    def __init__(self, handler: type[LocalHandler], **known: Any) -> None:
        self._httpd = ThreadingHTTPServer((HOST, 0), type(handler.__name__, (handler,), known))
        self.port = self._httpd.server_port
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more requests."""
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()
