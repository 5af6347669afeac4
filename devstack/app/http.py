"""What Chalice's local server lacks of API Gateway's manners at the edge of HTTP.

It takes everybody for 127.0.0.1, reads no chunked body, breaks off on a bad Content-Length, when an
authorizer fails and on a token beyond ASCII, asks the authorizer about an empty token, takes a path in UTF-8
for Latin-1, sends a body with HEAD, compresses nothing, repeats a token on an unknown route, answers an
unknown method in HTML, answers to any host's name, lets only five new connections wait, and works on all
requests at once, so that in a crowd each of them takes too long.
"""

import gzip
import json
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from string import punctuation
from typing import Any
from urllib.parse import quote

from chalice import Chalice
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    ForbiddenError,
    LambdaEventConverter,
    LocalGateway,
    LocalGatewayException,
    RouteMatcher,
    ThreadedHTTPServer,
)

from chalicelib.api.http import PROTECTION
from chalicelib.errors import InvalidSettings, SupportError
from chalicelib.logs import cause_of
from devstack.ports import HOST, MOST_WAITING_CONNECTIONS, allow_many_connections, is_local_name

AT_ONCE = 16
"""How many requests the app works on: as many as it has threads for the model."""
LARGEST_BODY_BYTES = 10 * 1024 * 1024
"""What API Gateway takes."""
PEER = "X-Devstack-Peer"
"""The header between the handler of a connection and the gateway that all of them share."""


class EventConverter(LambdaEventConverter):
    """Tells the app the address that a request came from, as `EdgeRequestHandler` saw it."""

    def create_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        """Return the event of a request."""
        address = headers.pop(PEER)
        event: dict[str, Any] = super().create_lambda_event(method, path, headers, body)
        event["requestContext"]["identity"]["sourceIp"] = address
        return event


class QueueingGateway(LocalGateway):
    """Lets a few requests at a time into the app: those that wait outside use up none of its time limits."""

    def __init__(self, app: Chalice, config: Config) -> None:
        super().__init__(app, config)
        self.event_converter = EventConverter(RouteMatcher(list(app.routes)), app.api.binary_types)
        self.compressed_from_bytes = config.minimum_compression_size
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="request")

    def handle_request(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Answer a request when its turn has come."""
        return self._workers.submit(super().handle_request, *arguments, **named).result()

    def _generate_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> dict[str, Any]:
        try:
            event: dict[str, Any] = super()._generate_lambda_event(method, path, headers, body)
        except ValueError:
            # The base class would repeat the token that came with it.
            raise ForbiddenError({}, b'{"message": "Missing Authentication Token"}') from None
        return event

    def close(self) -> None:
        """Turn away those that wait. Their `handle_request` raises CancelledError."""
        self._workers.shutdown(wait=False, cancel_futures=True)


class PatientServer(ThreadedHTTPServer):
    """Serves an app on this machine; queues a burst of new connections instead of resetting them."""

    request_queue_size = MOST_WAITING_CONNECTIONS

    def __init__(self, app: Chalice, config: Config, port: int) -> None:
        allow_many_connections()
        self._gateway = QueueingGateway(app, config)
        super().__init__((HOST, port), partial(EdgeRequestHandler, gateway=self._gateway))

    def server_close(self) -> None:
        """Stop listening, and turn away those that wait."""
        super().server_close()
        self._gateway.close()


class EdgeRequestHandler(ChaliceRequestHandler):
    """Refuses what API Gateway would refuse, as JSON, before the app sees it."""

    path: str
    # Else the second packet of an answer waits 40 ms for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def __init__(
        self, request: Any, client_address: Any, server: PatientServer, gateway: QueueingGateway
    ) -> None:
        self.local_gateway = gateway
        self._compressed_from_bytes = gateway.compressed_from_bytes
        # Past the base class, which would make a gateway for each connection.
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def _generic_handle(self) -> None:
        if not is_local_name(f"//{self.headers.get('Host', '')}"):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        # Some clients send a path in plain UTF-8, which the base class has read as Latin-1.
        self.path = quote(self.path, safe=punctuation, encoding="latin-1")
        try:
            super()._generic_handle()
        except _BadBody as problem:
            self.send_error(problem.status)
        except (SupportError, InvalidSettings) as error:
            # A view's are answered by the app, so this is the authorizer's: nobody is let in.
            self.log_error("authorizer: %s", cause_of(error))
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
        except CancelledError:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)

    def parse_request(self) -> bool:
        """Read what is asked for, and let the app answer any method: also one that no address takes."""
        is_readable: bool = super().parse_request()
        setattr(self, f"do_{self.command}", self._generic_handle)
        return is_readable

    def _parse_payload(self) -> tuple[dict[str, str], bytes | None]:
        headers = {n: v for n, v in self.headers.items() if n.lower() != "authorization" or v.strip()}
        headers[PEER] = self.client_address[0]
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return headers, self._read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise _BadBody(HTTPStatus.BAD_REQUEST)
        if int(length) > LARGEST_BODY_BYTES:
            raise _BadBody(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return headers, self.rfile.read(int(length)) or None

    def _read_chunks(self) -> bytes:
        body = b""
        chunk: bytes
        while True:
            size_line = self.rfile.readline(64).split(b";")[0].strip()
            try:
                size = int(size_line, 16)
            except ValueError:
                raise _BadBody(HTTPStatus.BAD_REQUEST) from None
            if size < 0 or len(body) + size > LARGEST_BODY_BYTES:
                raise _BadBody(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            chunk = self.rfile.read(size)
            body += chunk
            self.rfile.readline(8)
            if size == 0:
                return body

    def _send_http_response_with_body(self, code: int, headers: dict[str, object], body: str | bytes) -> None:
        if self.command == "HEAD":
            self._send_http_response_no_body(code, headers)
            return
        content = body.encode() if isinstance(body, str) else body
        if self._is_compressed(len(content)):
            content = gzip.compress(content, mtime=0)
            headers["Content-Encoding"] = "gzip"
        super()._send_http_response_with_body(code, headers, content)

    def _is_compressed(self, size: int) -> bool:
        least = self._compressed_from_bytes
        accepted = self.headers.get("Accept-Encoding", "").replace(" ", "").split(",")
        return least is not None and size >= least and "gzip" in accepted

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no line: the app's own has the route, and the path would hold session ids."""

    def _send_error_response(self, error: LocalGatewayException) -> None:
        # What the gateway itself refuses; on AWS the deployment gives it the same.
        error.headers.update(PROTECTION)
        super()._send_error_response(error)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer in JSON what never gets to the app, and close: what follows may be anything."""
        body = json.dumps({"message": message or HTTPStatus(code).phrase}).encode()
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("Access-Control-Allow-Origin", "*")
        for name, value in PROTECTION.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _BadBody(Exception):
    """The body is not one that HTTP allows, or larger than is taken."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status
