"""`dev.py webhooks listen`: prints the webhooks that the local stage sends, and checks their signatures."""

import base64
import hmac
import json
import secrets
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.gateways.webhooks import signed
from chalicelib.times import from_millis
from cli.display import printable
from devstack.aws.clients import AwsClients
from devstack.ports import HOST, require_free_port
from devstack.stage import read_local_stage
from devstack.stop_request import StopRequest, StopRequested
from tooling import environment
from tooling.aws_errors import explained
from tooling.errors import CommandError

KEY_BYTES = 32
WATCH_SECONDS = 0.5
START_LOCAL = "Start it with `python3 dev.py run`, or name its port with --aws-port."
Endpoints = list[dict[str, Any]]


def listen(options: Namespace, stop: StopRequest) -> int:
    """Print what arrives until somebody asks to stop; return the exit code."""
    environment.forget_own_aws_settings()
    key, url = secrets.token_bytes(KEY_BYTES), f"http://{HOST}:{options.port}/"
    registry = Registry(AwsClients(f"http://{HOST}:{options.aws_port}", read_local_stage()))
    try:
        require_free_port(options.port, "--port")
        with _serving(options.port, key), registry.registered(url, key):
            print(f"Listening at {url} for the events of the local stage; Ctrl-C stops.", flush=True)
            while True:
                stop.pause(WATCH_SECONDS)
    except StopRequested:
        return 0
    except CommandError as problem:
        print(problem, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        unreachable = f"The local stack does not answer at {HOST}:{options.aws_port}. {START_LOCAL}"
        print(explained(error, unreachable), file=sys.stderr)
    return 1


class Registry:
    """The endpoints in the local stage's secret."""

    def __init__(self, aws: AwsClients) -> None:
        self._secrets = aws.secrets
        self._secret_id = read_local_stage().webhooks_secret_id

    @contextmanager
    def registered(self, url: str, key: bytes) -> Iterator[None]:
        """Have events sent to an address while the block runs. Raises BotoCoreError, ClientError."""
        own = {"url": url, "secret": f"whsec_{base64.b64encode(key).decode()}"}
        self._change(lambda others: [*others, own], url)
        try:
            yield
        finally:
            self._change(lambda others: others, url)

    def _change(self, change: Callable[[Endpoints], Endpoints], url: str) -> None:
        endpoints = json.loads(self._secrets.get_secret_value(SecretId=self._secret_id)["SecretString"])
        others = [each for each in endpoints if each["url"] != url]
        self._secrets.put_secret_value(SecretId=self._secret_id, SecretString=json.dumps(change(others)))


@contextmanager
def _serving(port: int, key: bytes) -> Iterator[None]:
    class Receiver(BaseHTTPRequestHandler):
        """Prints each request."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_genuine = is_signed(key, headers, body)
            print(described(headers, body, is_genuine), flush=True)
            self.send_response(204 if is_genuine else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing but what arrived."""

    server = HTTPServer((HOST, port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def is_signed(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a request is signed with a key."""
    seconds = headers.get("webhook-timestamp", "")
    if not seconds.isdecimal():
        return False
    expected = signed(key, headers.get("webhook-id", ""), from_millis(1000 * int(seconds)), body)
    given = headers.get("webhook-signature", "")
    return hmac.compare_digest(expected["webhook-signature"].encode(), given.encode())


def described(headers: Mapping[str, str], body: bytes, is_genuine: bool) -> str:
    """Return what to print of a request."""
    verdict = "signature right" if is_genuine else "SIGNATURE WRONG"
    moment = datetime.now().astimezone().strftime("%H:%M:%S")
    text = json.dumps(json.loads(body), indent=2, ensure_ascii=False) if is_genuine else ""
    first = f"{moment}  {headers.get('webhook-id', 'without webhook-id')}  {verdict}"
    return "\n".join(map(printable, [first, *text.splitlines()]))
