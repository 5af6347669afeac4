"""Answers Invoke as Lambda does, for the function `customers`: the others ask it for customers."""

import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread

FUNCTION = "customers"
FOUND = {
    "customer_id": 1,
    "external_id": "CUST-1001",
    "name": "Ada",
    "email": "ada@example.com",
    "company": None,
    "tier": "gold",
    "lifetime_value": "1200.00",
    "total_orders": 0,
    "recent_orders": [],
}


@contextmanager
def customers_function() -> Iterator[int]:
    """Serve on a free port of 127.0.0.1, which is yielded."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Invoke)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Invoke(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_waited_for = self.headers.get("X-Amz-Invocation-Type") != "Event"
        answer = json.dumps(FOUND if event else None).encode() if is_waited_for else b""
        self.send_response(HTTPStatus.OK if is_waited_for else HTTPStatus.ACCEPTED)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
