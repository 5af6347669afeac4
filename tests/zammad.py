"""A stand-in of Zammad, as far as its documented routes are used here; it is not Zammad.

It has a user for the bridge and an agent, keeps tickets and articles, refuses what Zammad refuses, and calls
a webhook after each change, signed, again when that fails. What it does was read in Zammad's documentation
and source, and not tried on a Zammad.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.local_server import LocalHandler, LocalServer

TOKEN, SECRET, GROUP = "a token of Zammad", "what signs for Zammad", "Service Desk"
BRIDGE_ID, AGENT_ID = 5, 6
STATES = ("new", "open", "pending reminder", "closed")
PRIORITIES = ("1 low", "2 normal", "3 high")
RETRIES = 4
RETRY_SECONDS = 0.1
"""Zammad waits ten seconds longer each time."""

Json = dict[str, Any]


class Refusal(Exception):
    """An answer that is none of what was asked for."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Zammad:
    """What it keeps, and what its agents do in it."""

    def __init__(self) -> None:
        self.users = {BRIDGE_ID: "bridge@example.com", AGENT_ID: "emma@example.com"}
        self.tickets: dict[int, Json] = {}
        self.articles: dict[int, Json] = {}
        self.webhook_url = ""
        self.is_down = False
        self.delivered: list[tuple[bytes, dict[str, str]]] = []
        self._due: SimpleQueue[tuple[int, int | None] | None] = SimpleQueue()
        self._lock = threading.Lock()

    def agent_writes(self, ticket_id: int, body: str = "", state: str = "", **article: Any) -> None:
        """Let the agent write an article, set a state, or both at once."""
        fields = {
            "type": "note",
            "content_type": "text/html",
            "internal": False,
            "sender": "Agent",
            **article,
        }
        change = {
            **({"article": {"body": body, **fields}} if body else {}),
            **({"state": state} if state else {}),
        }
        self.change(ticket_id, change, AGENT_ID)

    def customer_writes_by_mail(self, title: str, body: str) -> int:
        """Let somebody open a ticket by mail, under any title."""
        article = {"body": body, "type": "email", "sender": "Customer", "internal": False}
        ticket = {"title": title, "group": GROUP, "customer_id": "guess:eve@example.com", "article": article}
        return int(self.create(ticket, AGENT_ID)["id"])

    def written(self, ticket_id: int) -> list[tuple[str, str, bool]]:
        """Return sender, text and whether it is internal, of each article of a ticket."""
        of_ticket = (each for each in self.articles.values() if each["ticket_id"] == ticket_id)
        return [(each["sender"], each["body"], each["internal"]) for each in of_ticket]

    def create(self, body: Json, user_id: int) -> Json:
        """Make a ticket with its first article."""
        for field in ("title", "group"):
            if not body.get(field):
                raise Refusal(422, f"Missing required value for field '{field}'!")
        if body["group"] != GROUP:
            raise Refusal(422, "No lookup value found for 'group'")
        ticket = {
            "id": len(self.tickets) + 1,
            "title": body["title"],
            "group": body["group"],
            "customer_id": self._customer(str(body.get("customer_id", ""))),
            "state": _one_of(STATES, body.get("state", "new")),
            "priority": _one_of(PRIORITIES, body.get("priority", "2 normal")),
            "created_by_id": user_id,
            "updated_at": time.time(),
        }
        article = self._article(ticket["id"], body.get("article") or {}, user_id)
        self.tickets[ticket["id"]] = ticket
        self._due.put((ticket["id"], article["id"]))
        return ticket

    def change(self, ticket_id: int, body: Json, user_id: int) -> Json:
        """Change a ticket, with an article if there is one; what changes nothing triggers nothing."""
        ticket = self._ticket(ticket_id)
        wanted: Json = {name: body[name] for name in ("state", "priority") if name in body}
        for name, values in (("state", STATES), ("priority", PRIORITIES)):
            _one_of(values, wanted.get(name, values[0]))
        article = self._article(ticket_id, body["article"], user_id) if "article" in body else None
        if article or any(ticket[name] != value for name, value in wanted.items()):
            ticket.update(wanted, updated_at=time.time())
            self._due.put((ticket_id, article["id"] if article else None))
        return ticket

    def admit(self, authorization: str | None) -> None:
        """Let the bridge's user in. Raises Refusal."""
        if self.is_down:
            raise Refusal(502, "Bad Gateway")
        if authorization != f"Token token={TOKEN}":
            raise Refusal(401, "Authentication required")

    def answer(self, method: str, path: str, query: Json, body: Json) -> tuple[int, Any]:
        """Answer a request of the bridge's user. Raises Refusal."""
        resource, _, rest = path.removeprefix("/api/v1/").partition("/")
        if (method, path) == ("GET", "/api/v1/users/me"):
            return 200, {"id": BRIDGE_ID, "email": self.users[BRIDGE_ID]}
        if (method, resource, rest) == ("POST", "tickets", "search"):
            assert query["expand"] == ["true"]
            return 200, self._search(body["condition"])
        if (method, resource, rest) == ("POST", "tickets", ""):
            return 201, self.create(body, BRIDGE_ID)
        if (method, resource) == ("GET", "tickets"):
            return 200, self._ticket(int(rest))
        if (method, resource) == ("PUT", "tickets"):
            return 200, self.change(int(rest), body, BRIDGE_ID)
        if (method, resource) == ("GET", "ticket_articles"):
            of_ticket = self._ticket(int(rest.removeprefix("by_ticket/")))["id"]
            return 200, [each for each in self.articles.values() if each["ticket_id"] == of_ticket]
        if (method, resource, rest) == ("POST", "ticket_articles", ""):
            change = self.change(body["ticket_id"], {"article": body}, BRIDGE_ID)
            return 201, {**body, "ticket_id": change["id"], "id": len(self.articles)}
        raise Refusal(404, "No route matches")

    def trigger(self) -> None:
        """Call the webhook for each change, until the stand-in is closed."""
        while (due := self._due.get()) is not None:
            ticket_id, article_id = due
            article = {**self.articles[article_id]} if article_id else None
            body = json.dumps({"ticket": self.tickets[ticket_id], "article": article}).encode()
            mac = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
            headers = {"Content-Type": "application/json; charset=utf-8", "X-Hub-Signature": f"sha1={mac}"}
            self.delivered.append((body, headers))
            for _ in range(RETRIES + 1 if self.webhook_url else 0):
                if requests.post(self.webhook_url, body, headers=headers, timeout=30).ok:
                    break
                time.sleep(RETRY_SECONDS)

    def close(self) -> None:
        """Let `trigger` end."""
        self._due.put(None)

    def _customer(self, customer_id: str) -> int:
        email = customer_id.removeprefix("guess:")
        if "@" not in email or ".." in email:
            raise Refusal(422, f"Invalid email '{email}' of customer")
        known = {address: user_id for user_id, address in self.users.items()}
        user_id = known.get(email, len(self.users) + 10)
        self.users[user_id] = email
        return user_id

    def _article(self, ticket_id: int, fields: Json, user_id: int) -> Json:
        if not fields.get("body"):
            raise Refusal(422, 'Need at least article: { body: "some text" }')
        with self._lock:
            article = {
                "id": len(self.articles) + 1,
                "ticket_id": ticket_id,
                "content_type": "text/plain",
                "type": "note",
                "sender": "Agent",
                "internal": False,
                "subject": None,
                **fields,
                "created_by_id": user_id,
            }
            self.articles[article["id"]] = article
        return article

    def _ticket(self, ticket_id: int) -> Json:
        if ticket_id not in self.tickets:
            raise Refusal(404, "Couldn't find Ticket")
        return self.tickets[ticket_id]

    def _search(self, condition: Json) -> list[Json]:
        ((field, asked),) = condition.items()
        if (field, asked["operator"]) == ("ticket.title", "contains"):
            return [each for each in self.tickets.values() if asked["value"] in each["title"]]
        assert (field, asked["operator"]) == ("ticket.updated_at", "within last (relative)")
        assert (asked["value"], asked["range"]) == ("1", "day")
        return [each for each in self.tickets.values() if each["updated_at"] > time.time() - 86_400]


def _one_of(values: tuple[str, ...], value: Any) -> Any:
    if value not in values:
        raise Refusal(422, f"No lookup value found for '{value}'")
    return value


@contextmanager
def serving_zammad() -> Iterator[tuple[Zammad, str]]:
    """Serve a stand-in; yield it and its address."""
    zammad = Zammad()

    class Handler(LocalHandler):
        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            where = urlsplit(self.path)
            try:
                zammad.admit(self.headers.get("Authorization"))
                status, answer = zammad.answer(self.command, where.path, parse_qs(where.query), body)
            except Refusal as refusal:
                status, answer = refusal.status, {"error": str(refusal)}
            self.answer(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        do_GET = do_POST = do_PUT = _answer

    server = LocalServer(Handler)
    triggers = threading.Thread(target=zammad.trigger, daemon=True)
    triggers.start()
    try:
        yield zammad, server.url
    finally:
        zammad.close()
        triggers.join(5)
        server.close()
