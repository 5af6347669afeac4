"""`chalice local` under a supervisor: the same code, any AWS port, and it dies with its parent.

At the edge of HTTP, Chalice's server does not behave as API Gateway does; this adds it. It reads no chunked
body, breaks off on a bad Content-Length, when an authorizer fails and on a token beyond ASCII, asks the
authorizer about an empty token, takes a path in UTF-8 for Latin-1, sends a body with HEAD, answers an unknown
method in HTML, and lets only five new connections wait.
"""

import argparse
import json
import logging
import sys
import threading
from http import HTTPStatus
from string import punctuation
from urllib.parse import quote

from chalice.deploy.validate import validate_routes
from chalice.local import ChaliceRequestHandler, LocalDevServer, ThreadedHTTPServer

from chalicelib.errors import InvalidSettings, SupportError
from chalicelib.logs import cause_of
from devstack.app.stage import load_app, stop_with_parent
from devstack.ports import HOST
from devstack.stop_request import StopRequest, StopRequested

LARGEST_BODY_BYTES = 10 * 1024 * 1024
"""What API Gateway takes."""
STOP_POLL_SECONDS = 0.05


class PatientServer(ThreadedHTTPServer):
    """Queues a burst of new connections instead of resetting them."""

    request_queue_size = 128


class EdgeRequestHandler(ChaliceRequestHandler):
    """Refuses what API Gateway would refuse, as JSON, before the app sees it."""

    path: str

    def _generic_handle(self) -> None:
        # Some clients send a path in plain UTF-8, which the base class has read as Latin-1.
        self.path = quote(self.path, safe=punctuation, encoding="latin-1")
        try:
            super()._generic_handle()
        except _BadBody as problem:
            self.send_error(problem.status)
        except (SupportError, InvalidSettings) as error:
            # A view's are answered by the app, so this is the authorizer's: nobody is let in.
            self.log_error("authorizer: %s", cause_of(error))
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
        except UnicodeEncodeError:
            # On an unknown route Chalice repeats the token, in ASCII.
            self.send_error(HTTPStatus.FORBIDDEN)

    # The base class binds its own method under these names, so ours must be bound again.
    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle  # noqa: N815

    def _parse_payload(self) -> tuple[dict[str, str], bytes | None]:
        headers = {n: v for n, v in self.headers.items() if n.lower() != "authorization" or v.strip()}
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
        else:
            super()._send_http_response_with_body(code, headers, body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no line: the app's own has the route, and the path would hold session ids."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer in JSON what never gets to the app, and close: what follows may be anything."""
        body = json.dumps({"message": message or HTTPStatus(code).phrase}).encode()
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _BadBody(Exception):
    """The body is not one that HTTP allows, or larger than is taken."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def main(arguments: list[str]) -> int:
    """Serve the app until the parent closes our standard input or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m devstack.app.server")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    options = parser.parse_args(arguments)
    # What the app logs itself comes as JSON; the rest is worth a line only when something is wrong.
    logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(message)s")
    logging.getLogger().handlers[0].setLevel(logging.WARNING)
    stop = StopRequest()
    stop.listen()
    _serve(_create_server(options.stage, options.port, options.aws_port), stop)
    return 0


def _create_server(stage: str, port: int, aws_port: int) -> LocalDevServer:
    """Do what `chalice local` does, under AWS settings that are the stage's alone."""
    app, config = load_app(stage, aws_port)
    validate_routes(app.routes)
    return LocalDevServer(app, config, HOST, port, EdgeRequestHandler, PatientServer)


def _serve(server: LocalDevServer, stop: StopRequest) -> None:
    """Serve beside the main thread, which waits: a signal then never interrupts one that holds a lock."""
    serving = threading.Thread(target=server.server.serve_forever, args=(STOP_POLL_SECONDS,), daemon=True)
    serving.start()
    threading.Thread(target=stop_with_parent, args=(stop,), daemon=True).start()
    try:
        while serving.is_alive():
            stop.pause(1)
    except StopRequested:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
