"""One local endpoint for all of AWS: the Bedrock stand-in for what is signed for it, moto for the rest."""

import re
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from devstack.aws.dynamodb.install import install
from devstack.ports import HOST, MOST_WAITING_CONNECTIONS, allow_many_connections, is_local_name

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

STAND_IN_SERVICES = frozenset({"bedrock", "comprehend", "ses"})
STAND_IN_PATH = "/_devstack/"
# moto takes no lock between reading and writing: two conditional writes at once could both succeed, and a
# message that S3 sends while another one is deleted could be lost.
ONE_AT_A_TIME = frozenset({"dynamodb", "s3", "sqs"})
# It waits for messages, so it must not hold the lock that sending one needs; it removes none.
WAITING_ACTION = b"ReceiveMessage"
STOP_POLL_SECONDS = 0.05
CHANGING_METHODS = frozenset({"PUT", "POST", "DELETE"})
CREDENTIAL_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/([^/,\s]+)/aws4_request")


class AwsDispatcher:
    """Sends each request to the service that answers it, and reports when objects may have changed."""

    def __init__(
        self, stand_in: WsgiApp, moto: WsgiApp, lock: threading.RLock, objects_changed: Callable[[], None]
    ) -> None:
        self._stand_in = stand_in
        self._moto = moto
        self._lock = lock
        self._objects_changed = objects_changed

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not _is_local(environ):
            return _refuse(start_response)
        service = _service(environ)
        if service in STAND_IN_SERVICES or str(environ.get("PATH_INFO", "")).startswith(STAND_IN_PATH):
            return self._stand_in(environ, start_response)
        if service not in ONE_AT_A_TIME:
            return self._moto(environ, start_response)
        body_sent = _read_whole_body(environ)
        if service == "sqs" and _names_waiting_action(environ, body_sent):
            return self._moto(environ, start_response)
        answer = _Answer(start_response)
        with self._lock:
            body = list(self._moto(environ, answer))
            if service == "s3" and environ["REQUEST_METHOD"] in CHANGING_METHODS and answer.succeeded:
                self._objects_changed()
        return body


class _Answer:
    """Passes `start_response` on and remembers how the request went."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.succeeded = False

    def __call__(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        self.succeeded = status.startswith("2")
        return self._start_response(status, headers, exc_info)


class AwsServer:
    """Serves the endpoint on a thread of its own until it is closed."""

    def __init__(
        self, port: int, stand_in: WsgiApp, lock: threading.RLock, objects_changed: Callable[[], None]
    ) -> None:
        """Listen on the port; 0 takes any that is free."""
        allow_many_connections()
        install()
        moto = DomainDispatcherApplication(create_backend_app)
        app = AwsDispatcher(stand_in, moto, lock, objects_changed)
        self._server = _Server(HOST, port, app, _QuietRequestHandler)
        self._thread = threading.Thread(target=self._serve, name="aws", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the endpoint for `AWS_ENDPOINT_URL`."""
        return f"http://{HOST}:{self._server.server_port}"

    def is_running(self) -> bool:
        """Say whether the endpoint still answers."""
        return self._thread.is_alive()

    def _serve(self) -> None:
        self._server.serve_forever(STOP_POLL_SECONDS)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadedWSGIServer):
    request_queue_size = MOST_WAITING_CONNECTIONS


class _QuietRequestHandler(MotoRequestHandler):
    # Else the second packet of an answer can wait 40 ms for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no line for each request."""


def _service(environ: Environ) -> str:
    """Return the service that a request is signed for; one that is not signed can only be for S3."""
    signed = CREDENTIAL_SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed[1].lower() if signed else "s3"


def _is_local(environ: Environ) -> bool:
    """Say whether a request comes from this machine, not from a web page in the user's browser."""
    origin = environ.get("HTTP_ORIGIN")
    return is_local_name(f"//{environ.get('HTTP_HOST', '')}") and (origin is None or is_local_name(origin))


def _refuse(start_response: StartResponse) -> Iterable[bytes]:
    body = b'{"message": "This endpoint answers 127.0.0.1 and localhost only."}'
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("403 Forbidden", headers)
    return [body]


def _names_waiting_action(environ: Environ, body: bytes) -> bool:
    """Look where the JSON protocol names its action, and where the older one does."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", "")).encode()
    return target.endswith(b"." + WAITING_ACTION) or b"Action=" + WAITING_ACTION in body.split(b"&")


def _read_whole_body(environ: Environ) -> bytes:
    """Read the body before the lock is taken, so that a slow client blocks nobody."""
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return body
