"""What can go wrong between the app and AWS: a server that takes the calls which a fault awaits."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devstack.ports import HOST

FAULT_HEADER = "X-Fault"
REFUSED = "refused"
LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """An answer of AWS; `length` is how long its body was to be, where less of it comes."""

    status: int
    kind: str
    body: bytes
    length: int | None = None


def throttled() -> Answer:
    """Refuse as AWS does over its limits, in both of its protocols."""
    return Answer(429, "ThrottlingException", json.dumps({"__type": "ThrottlingException"}).encode())


def broken() -> Answer:
    """Answer as a load balancer does that has nobody behind it."""
    return Answer(503, "", b"<html><body>Service Unavailable</body></html>")


def garbled(true: Answer) -> Answer:
    """Return what is not even text."""
    return Answer(true.status, true.kind, b"\x00\xff\xfe{" + true.body[::-1])


def misshapen(true: Answer) -> Answer:
    """Return JSON with the true names, none of whose values is what it should be."""
    values = json.loads(true.body or b"{}")
    return Answer(true.status, true.kind, json.dumps(dict.fromkeys(values, 5)).encode())


def truncated(true: Answer) -> Answer:
    """Return the first half, as if it were the whole."""
    return Answer(true.status, true.kind, true.body[: len(true.body) // 2])


def cut_off(true: Answer) -> Answer:
    """Return the first half, and hang up."""
    return Answer(true.status, true.kind, true.body[: len(true.body) // 2], len(true.body))


INSTEAD: Mapping[str, Callable[[], Answer]] = {"throttled": throttled, "5xx": broken}
"""Faults that keep a call from being made."""
SPOILT: Mapping[str, Callable[[Answer], Answer]] = {
    "garbage": garbled,
    "wrong shape": misshapen,
    "truncated": truncated,
    "dies mid-call": cut_off,
}
"""Faults of the answer: what was asked for has been done."""
SLOW = "slow"
FAULTS = (SLOW, REFUSED, *INSTEAD, *SPOILT)


class FaultServer:
    """Takes the calls of AWS that a fault awaits, and passes on those whose answer it spoils."""

    def __init__(self, aws_port: int) -> None:
        self._closing = threading.Event()

        class Handler(_FaultHandler):
            to_port = aws_port
            closing = self._closing

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop, and let go of the calls that are held."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _FaultHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    to_port: int
    closing: threading.Event

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.headers[FAULT_HEADER]
        if fault in INSTEAD:
            self._answer(INSTEAD[fault]())
            return
        true = self._pass_on(body)
        if fault == SLOW:
            self.closing.wait(LONGEST_SECONDS)
            self.close_connection = True
        else:
            self._answer(SPOILT[fault](true))

    do_GET = do_POST = do_PUT = _handle

    def _pass_on(self, body: bytes) -> Answer:
        connection = HTTPConnection(HOST, self.to_port, timeout=LONGEST_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers.get("x-amzn-ErrorType", ""), response.read())
        finally:
            connection.close()

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        if answer.kind:
            self.send_header("x-amzn-ErrorType", answer.kind)
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.length is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Write no line for each request."""
