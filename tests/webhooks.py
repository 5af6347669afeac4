"""Receives what the running product tells others."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cli.webhooks import is_signed
from devstack.stage import read_local_stage
from tests.local_server import LocalHandler, LocalServer

KEY = b"the key of this endpoint"
SECRET_ID = read_local_stage().webhooks_secret_id


@dataclass
class Receiver:
    """An endpoint that notes what arrives, and answers 500 to the first event of each ticket in `failing`."""

    port: int = 0
    failing: set[str] = field(default_factory=set)
    arrived: list[dict[str, Any]] = field(default_factory=list)
    failed_at: dict[str, float] = field(default_factory=dict)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        event = json.loads(body)
        if (ticket_id := event["data"].get("ticket_id")) in self.failing:
            self.failing.remove(ticket_id)
            self.failed_at[ticket_id] = time.monotonic()
            return 500
        signed = is_signed(KEY, headers, body)
        self.arrived.append({**event, "id": headers["webhook-id"], "signed": signed, "at": time.monotonic()})
        return 204

    def types_of(self, ticket_id: str) -> list[str]:
        return [each["type"] for each in self.arrived if each["data"].get("ticket_id") == ticket_id]


@contextmanager
def receiving(secrets: Any) -> Iterator[Receiver]:
    """Put an endpoint into the local stage's secret while the block runs; `secrets` is a boto3 client."""
    receiver = Receiver()

    class Handler(LocalHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            self.answer(receiver.take(headers, body))

    server = LocalServer(Handler)
    receiver.port = server.port
    endpoint = {
        "url": f"{server.url}/hooks",
        "secret": f"whsec_{base64.b64encode(KEY).decode()}",
        "events": ["*"],
    }
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString=json.dumps([endpoint]))
    yield receiver
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString="[]")
    server.close()
