"""Carries conversations between the assistant and a ticketing system, with nothing but Python.

What is the same for every system is here; what one of them needs is an adapter, such as zammad.py beside
this file. It keeps nothing on disk: what was carried over already is read from the two systems themselves.
"""

import base64
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import takewhile
from typing import Any, Protocol

CALL_SECONDS = 5
OLDEST_SECONDS = 300
MAX_BODY_BYTES = 5 * 1024 * 1024
CATCH_UP_SECONDS = 300
SPEAKERS = {"user": "Customer", "assistant": "Assistant", "agent": "Agent"}


class OutOfReach(Exception):
    """Something did not answer, or not as it should; the same again later may do."""


class Refused(Exception):
    """Something answered that it will not do this; the text says why, for a person."""


@dataclass(frozen=True)
class Written:
    """What agents wrote to a ticket over there: each reply with an id of theirs, and whether it is closed."""

    ticket_id: str
    their_id: str
    replies: tuple[tuple[str, str], ...]
    is_closed: bool


class TicketingSystem(Protocol):
    """What an adapter does. Each of these can be called again with the same, and changes nothing then.

    Each raises OutOfReach or Refused.
    """

    name: str

    def find(self, ticket_id: str) -> str | None:
        """Return their id of one of our tickets, None if it is not there yet."""

    def open(self, ticket: Mapping[str, Any], email: str | None, text: str) -> str:
        """Make one of our tickets there; return their id. `email` is the customer's, where it is known."""

    def add(self, their_id: str, key: str, text: str, *, by_customer: bool) -> None:
        """Add what the customer, or an agent of ours, said; `key` names it."""

    def note(self, their_id: str, key: str, text: str) -> None:
        """Add a note that no customer sees."""

    def change(self, their_id: str, changes: Mapping[str, str]) -> None:
        """Set the `status` (open, pending, closed) or the `priority` (low to urgent) of a ticket, or both."""

    def read(self, headers: Mapping[str, str], body: bytes) -> Iterable[Written] | None:
        """Return what a webhook of theirs tells, None if they did not sign it.

        Without what we wrote there ourselves, and without what is internal to them.
        """

    def recent(self) -> Iterable[Written]:
        """Return the same of all our tickets that changed there within a day."""


def call(method: str, url: str, headers: Mapping[str, str], body: object = None) -> tuple[int, Any]:
    """Send JSON; return the status and the JSON of the answer. Raises OutOfReach."""
    data = None if body is None else json.dumps(body).encode()
    what = f"{method} {urllib.parse.urlsplit(url).path}"
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        status, text = _send(request)
        if status in (401, 403, 429) or status >= 500:
            raise OutOfReach(f"{what} answered {status}")
        return status, json.loads(text or b"null")
    except (OSError, HTTPException, ValueError) as error:
        raise OutOfReach(f"{what}: {type(error).__name__}") from error


def _send(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether the assistant signed a request (https://www.standardwebhooks.com), and not long ago."""
    event_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not moment.isdecimal() or abs(time.time() - int(moment)) > OLDEST_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{event_id}.{moment}.".encode() + body, "sha256")
    expected = "v1," + base64.b64encode(mac).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)


@dataclass(frozen=True)
class Support:
    """The assistant's API, as an agent."""

    url: str
    token: str

    def context(self, ticket_id: str) -> Mapping[str, Any] | None:
        """Return a ticket with what is known around it, None if it is gone. Raises OutOfReach, Refused."""
        status, answer = self._call("GET", f"/tickets/{ticket_id}/context")
        return None if status == 404 else _answered(status, answer)

    def reply(self, ticket_id: str, reply_id: str, message: str) -> None:
        """Send a reply to the customer, once. Raises OutOfReach, Refused."""
        body = {"message": message, "reply_id": reply_id}
        status, answer = self._call("POST", f"/tickets/{ticket_id}/replies", body)
        _answered(status, answer)

    def close(self, ticket_id: str) -> None:
        """Close a ticket, if it is there. Raises OutOfReach, Refused."""
        status, answer = self._call("PATCH", f"/tickets/{ticket_id}", {"status": "closed"})
        if status != 404:
            _answered(status, answer)

    def _call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        url = self.url.rstrip("/") + urllib.parse.quote(path)
        return call(method, url, {"Authorization": f"Bearer {self.token}"}, body)


def _answered(status: int, answer: Any) -> Any:
    if status >= 400:
        raise Refused(answer["error"] if isinstance(answer, dict) else f"it answered {status}")
    return answer


@dataclass(frozen=True)
class Bridge:
    """Carries what happens on one side over to the other.

    One event at a time: two at once could open the same ticket twice.
    """

    support: Support
    secret: str
    system: TicketingSystem

    def take_event(self, event: Mapping[str, Any]) -> None:
        """Carry over what the assistant tells. Raises OutOfReach, Refused."""
        kind, data = event["type"], event["data"]
        if kind not in ("ticket.created", "ticket.updated", "ticket.message", "ticket.replied"):
            return
        if kind == "ticket.replied" and data["reply_id"].startswith(f"{self.system.name}-"):
            return  # it came from over there
        their_id = self.system.find(data["ticket_id"])
        is_new = their_id is None
        if their_id is None:
            context = self.support.context(data["ticket_id"])
            if context is None or context["ticket"]["reason"] is None:
                return  # erased since then, or none of a chat: who posted it has it
            their_id = self.system.open(context["ticket"], email_of(context), opening(context, event))
        changes = {name: data[name] for name in ("status", "priority") if name in data.get("changed", ())}
        if changes:
            self.system.change(their_id, changes)
        elif kind == "ticket.message" and not is_new:
            self.system.add(their_id, f"Message {data['message_id']}", data["message"], by_customer=True)
        elif kind == "ticket.replied" and not is_new:
            text = f"{data['author']}: {data['message']}"
            self.system.add(their_id, f"Reply {data['reply_id']}", text, by_customer=False)

    def take_written(self, written: Written) -> None:
        """Carry over what agents wrote over there. Raises OutOfReach, Refused."""
        for reply_id, message in written.replies:
            try:
                self.support.reply(written.ticket_id, f"{self.system.name}-{reply_id}", message)
            except Refused as problem:
                text = f"The customer has not got this in the chat. {problem}"
                self.system.note(written.their_id, f"Not delivered: {reply_id}", text)
        if written.is_closed:
            self.support.close(written.ticket_id)

    def catch_up(self, seen: set[Written]) -> set[Written]:
        """Carry over what their webhooks did not bring; take and return what needs no second look."""
        done = set[Written]()
        try:
            for written in self.system.recent():
                if written in seen or self._is_taken(written):
                    done.add(written)
        except (OutOfReach, Refused) as problem:
            say(f"could not catch up: {problem}")
        return done

    def _is_taken(self, written: Written) -> bool:
        try:
            self.take_written(written)
        except (OutOfReach, Refused) as problem:
            say(f"could not catch up with {written.ticket_id}: {problem}")
            return False
        return True

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a request, and return the status of the answer: 503 has its sender send it again."""
        try:
            if path == "/from-assistant":
                if not is_genuine(self.secret, headers, body):
                    return 401
                self.take_event(json.loads(body))
                return 204
            if path == f"/from-{self.system.name}":
                told = self.system.read(headers, body)
                if told is None:
                    return 401
                for written in told:
                    self.take_written(written)
                return 204
        except (OutOfReach, Refused) as problem:
            say(f"{path}: {problem}")
            return 503
        return 404


def email_of(context: Mapping[str, Any]) -> str | None:
    """Return where the customer can be written to, where that is known."""
    addresses = (
        (known or {}).get("email") for known in (context["ticket"]["contact"], context["customer_context"])
    )
    return next((str(each) for each in addresses if each), None)


def opening(context: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Return what a ticket begins with: what it is about, and what was said that no later event brings."""
    ticket, transcript = context["ticket"], context["transcript"] or ()
    said: Iterator[Mapping[str, Any]]
    if event["type"] == "ticket.created":
        said = takewhile(lambda each: each["role"] != "agent", transcript)
    else:
        said = (each for each in transcript if each["timestamp"] <= event["timestamp"])
    lines = [f"{each.get('author') or SPEAKERS[each['role']]}: {each['content']}" for each in said]
    return "\n\n".join([ticket["description"], *lines])


def setting(name: str, otherwise: str = "") -> str:
    """Return a setting of the environment. Raises SystemExit naming one that is missing."""
    value = os.environ.get(name) or otherwise
    if not value:
        raise SystemExit(f"{name} is not set; README.md says what it is.")
    return value


def say(text: str) -> None:
    """Print a line that holds nothing of what anybody wrote."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, file=sys.stderr, flush=True)


def serve(bridge: Bridge, port: int) -> None:
    """Serve both sides on this machine until the program is ended; TLS is for the proxy before it."""

    class Handler(BaseHTTPRequestHandler):
        timeout = CALL_SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                status = 413
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = bridge.answer(self.path, headers, self.rfile.read(int(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    server = HTTPServer(("127.0.0.1", port), Handler)
    server.timeout, seen, due = 1, set[Written](), 0.0
    say(f"listening on 127.0.0.1:{server.server_port}")
    while True:
        if time.monotonic() >= due:
            seen = bridge.catch_up(seen)
            due = time.monotonic() + CATCH_UP_SECONDS
        server.handle_request()
