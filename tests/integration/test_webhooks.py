"""Webhooks of the running product: what happens to tickets arrives once, in order and signed."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli.webhooks import is_signed
from devstack.ports import HOST
from devstack.stage import read_local_stage
from tests.integration.api import Api, new_id
from tests.product import within
from tooling.project import ROOT

KEY = b"the key of this endpoint"
SECRET_ID = read_local_stage().webhooks_secret_id
SAMPLE = ROOT / "samples" / "conversation_with_a_person.py"
NOTICED_SECONDS = 5
RETRIED_SECONDS = 30


@dataclass
class Receiver:
    """An endpoint that notes what arrives, and answers 500 to what was announced to fail, once each."""

    port: int = 0
    failing: set[str] = field(default_factory=set)
    arrived: list[dict[str, Any]] = field(default_factory=list)
    failed_at: dict[str, float] = field(default_factory=dict)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        event = json.loads(body)
        if event["type"] in self.failing:
            self.failing.remove(event["type"])
            self.failed_at[event["type"]] = time.monotonic()
            return 500
        signed = is_signed(KEY, headers, body)
        self.arrived.append({**event, "id": headers["webhook-id"], "signed": signed, "at": time.monotonic()})
        return 204

    def types_of(self, ticket_id: str) -> list[str]:
        return [each["type"] for each in self.arrived if each["data"].get("ticket_id") == ticket_id]


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    """Put an endpoint into the local stage's secret while the test runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            self.send_response(receiver.take(headers, body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    receiver.port = server.server_port
    endpoint = {
        "url": f"http://{HOST}:{server.server_port}/hooks",
        "secret": f"whsec_{base64.b64encode(KEY).decode()}",
        "events": ["*"],
    }
    secrets = api.aws("secretsmanager")
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString=json.dumps([endpoint]))
    yield receiver
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString="[]")
    server.shutdown()
    server.server_close()


@pytest.mark.local_only
def test_a_talk_with_a_person_is_told_once_in_order_and_signed(api: Api, receiver: Receiver) -> None:
    session = {"session_id": api.ask("Hello")["session_id"]}
    opened = api.ask("I want to talk to a human", **session)["escalation"]
    ticket_id = opened["ticket_id"]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == ["ticket.created"])
    route = f"/tickets/{ticket_id}"
    api.send_as_agent("PATCH", route, json={"assignee": "Jo"})
    api.send_as_agent("POST", f"{route}/replies", json={"message": "Hello?", "reply_id": "r-1"})
    api.ask("My parcel is late.", message_id=new_id(), **session)
    api.send_as_agent("POST", f"{route}/replies", json={"message": "It comes today.", "close": True})
    expected = [
        *("ticket.created", "ticket.updated", "ticket.replied", "ticket.message"),
        *("ticket.replied", "ticket.updated"),
    ]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == expected)
    told = [each for each in receiver.arrived if each["data"].get("ticket_id") == ticket_id]
    assert all(each["signed"] for each in told)
    assert len({each["id"] for each in told}) == len(told)
    assert [each["data"]["status"] for each in told] == ["open"] * 4 + ["closed"] * 2
    assert session["session_id"] not in str(told)
    assert (told[2]["data"]["message"], told[3]["data"]["message"]) == ("Hello?", "My parcel is late.")


@pytest.mark.local_only
def test_the_samples_conversation_closes_the_loop(api: Api, receiver: Receiver) -> None:
    options = ["--url", api.url, "--token", api.agent_token]
    ran = subprocess.run([sys.executable, SAMPLE, *options], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    said = [line.partition(":")[2].strip() for line in ran.stdout.splitlines()]
    ticket_id = said[0].rpartition(" ")[2]
    expected = [
        *("ticket.created", "ticket.updated", "ticket.replied", "ticket.message"),
        *("ticket.replied", "ticket.updated", "ticket.updated"),
    ]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == expected)
    assert said[-len(expected) :] == [f"are told {each}" for each in expected]
    assert said[-len(expected) - 1].startswith("gets a new ticket: T-")
    assert ticket_id not in said[-len(expected) - 1]
    rated = [each for each in receiver.arrived if each["data"].get("ticket_id") == ticket_id][-1]["data"]
    assert rated["customer_feedback"] == {"rating": "up", "comment": None}
    assert all(each["signed"] for each in receiver.arrived)


@pytest.mark.local_only
def test_what_an_endpoint_did_not_take_comes_again_soon(api: Api, receiver: Receiver) -> None:
    receiver.failing = {"ticket.created"}
    ticket_id = api.post_ticket(ticket_id=new_id())["ticket_id"]
    api.send_as_agent("PATCH", f"/tickets/{ticket_id}", json={"status": "closed"})
    both = ["ticket.created", "ticket.updated"]
    assert within(2 * RETRIED_SECONDS, lambda: receiver.types_of(ticket_id) == both)
    (again,) = [each for each in receiver.arrived if each["type"] == "ticket.created"]
    assert again["at"] - receiver.failed_at["ticket.created"] < RETRIED_SECONDS
    events = api.send_as_agent("GET", "/events?status=delivered").json()["events"]
    assert {each["type"] for each in events if each["data"].get("ticket_id") == ticket_id} == set(both)
