"""Serve the agents' console over a desk that a test sets up, so that it can fail and change on purpose."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chalicelib.web.page import agent_page
from tests import contract
from tests.browser.sample_insights import insights_of
from tests.browser.scripted_server import Received, Reply, ScriptedHandler, ScriptedServer
from tests.local_server import LocalHandler

TOKEN = "token-of-jo"
AGENT = "Jo"
CORRELATION = {"correlation_id": "c-1"}
SUGGESTION: dict[str, Any] = {
    "title": "Late parcels",
    "url": "https://help.example.com/late",
    "snippet": "A parcel is late after five days.",
    "score": 0.8,
}
DRAFT = {
    "draft": "Your parcel is **late** [1]. We send another.",
    "citations": [{"index": 1, **SUGGESTION}],
    "missing": ["whether the address is right"],
    "usage": {"input_tokens": 900, "output_tokens": 40, "cost_usd": 0.001},
    "degraded": [],
}
JOB = {
    "job_id": "J1",
    "status": "COMPLETE",
    "started_at": "2026-11-20T09:00:00.000+00:00",
    "ended_at": "2026-11-20T09:00:20.000+00:00",
    "trigger": "change",
    "statistics": {"scanned": 3, "new": 1, "modified": 0, "deleted": 0, "failed": 1},
    "failures": [{"file": "guide.pdf", "reason": "The file is protected by a password."}],
}
Answer = dict[str, Any]


def at(minute: int) -> str:
    """Return a time on the morning of the tests."""
    return f"2026-11-20T10:{minute:02}:00.000+00:00"


def ticket(ticket_id: str = "T-1", **changes: Any) -> Answer:
    """Return an open ticket from a chat that waits for an agent."""
    return {
        "ticket_id": ticket_id,
        "external_ticket_id": None,
        "customer_external_id": "CUST-1",
        "status": "open",
        "channel": "chat",
        "priority": "medium",
        "assignee": None,
        "contact": None,
        "subject": f"Subject of {ticket_id}",
        "description": "Where is it?",
        "reason": "customer_request",
        "metadata": {},
        "created_at": at(0),
        "handled_by": "assistant",
        "last_message_at": at(0),
        "last_reply_at": None,
        **changes,
    }


def event(event_id: str = "evt_" + "a" * 32, **changes: Any) -> Answer:
    """Return an event that nobody took."""
    return {
        "event_id": event_id,
        "type": "ticket.created",
        "timestamp": at(0),
        "status": "failed",
        "attempts": 9,
        "next_attempt_at": None,
        "receivers": [{"name": "hooks.example.com-ab", "status": "failed", "reason": "500", "at": at(1)}],
        "data": {"ticket_id": "T-1"},
        **changes,
    }


def refusal(status: int, code: str, error: str = "No.") -> Reply:
    """Return an error of the API."""
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    return Reply({"error": error, "code": code}, status, headers)


@dataclass
class Desk:
    """What the server knows; a test may change any of it while the page is open."""

    tickets: dict[str, Answer] = field(default_factory=dict)
    transcripts: dict[str, list[Answer]] = field(default_factory=dict)
    around: Answer = field(
        default_factory=lambda: {"customer_context": None, "kb_suggestions": [SUGGESTION], "degraded": []}
    )
    draft: Answer = field(default_factory=lambda: dict(DRAFT))
    jobs: list[Answer] = field(default_factory=list)
    events: list[Answer] = field(default_factory=list)
    feedback: list[Answer] = field(default_factory=list)
    gaps: list[Answer] = field(default_factory=list)
    budget_reached: bool = False
    checks: dict[str, str] = field(default_factory=lambda: {"dynamodb": "ok", "postgres": "ok"})
    reply_ids: set[str] = field(default_factory=set)
    minute: int = 10

    def add(self, *tickets: Answer) -> None:
        """Put tickets on the desk, each with what its customer said."""
        for each in tickets:
            self.tickets[each["ticket_id"]] = each
            self.say(each["ticket_id"], "Where is it?", at(0))

    def say(self, ticket_id: str, content: str, time: str | None = None) -> None:
        """Let the customer write."""
        timestamp = time or self._now()
        self.tickets[ticket_id]["last_message_at"] = timestamp
        said = {"role": "user", "content": content, "timestamp": timestamp}
        self.transcripts.setdefault(ticket_id, []).append(said)

    def reply(self, ticket_id: str, message: str, author: str = AGENT, close: bool = False) -> str:
        """Let an agent reply."""
        timestamp = self._now()
        said = {"role": "agent", "author": author, "content": message, "timestamp": timestamp}
        self.transcripts.setdefault(ticket_id, []).append(said)
        self.tickets[ticket_id] |= {"last_reply_at": timestamp, "handled_by": "agent"}
        if close:
            self.tickets[ticket_id]["status"] = "closed"
        return timestamp

    def _now(self) -> str:
        self.minute += 1
        return at(self.minute)


class DeskServer(ScriptedServer):
    """The console below `prefix`, and the agents' API over a `Desk`; `next_replies` come first."""

    def __init__(self, prefix: str = "") -> None:
        self.desk = Desk()
        self.token = TOKEN
        self.next_replies: list[tuple[str, str, Reply]] = []
        self.lost: list[tuple[str, str]] = []
        self.faults: list[str] = []
        super().__init__(prefix)

    @property
    def page_url(self) -> str:
        """Return where the console is."""
        return f"{self.url}/agent"

    def answer_next(self, method: str, path: str, reply: Reply) -> None:
        """Give this answer to the next such request instead of doing it."""
        self.next_replies.append((method, path, reply))

    def lose_next(self, method: str, path: str) -> None:
        """Do what the next such request asks for, and lose the answer."""
        self.lost.append((method, path))

    def asked(self, method: str, path: str) -> list[Any]:
        """Return the bodies of the requests of a route."""
        return [each.body for each in self.received if (each.method, each.path) == (method, path)]

    def reply_to(self, request: Received) -> Reply:
        self.received.append(request)
        key = (request.method, urlsplit(request.path).path)
        for scripted in self.next_replies:
            if scripted[:2] == key:
                self.next_replies.remove(scripted)
                return _correlated(scripted[2])
        reply = _correlated(self._do(request))
        self._hold_to_the_contract(request, reply)
        if key in self.lost:
            self.lost.remove(key)
            return refusal(503, "unavailable", "The answer got lost.")
        return reply

    def _do(self, request: Received) -> Reply:
        path = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(path.query).items()}
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path.path)
            if found and method == request.method:
                names = [unquote(each) for each in found.groups()]
                return action(self.desk, *names, query if method == "GET" else request.body or {})
        return refusal(404, "not_found")

    def _hold_to_the_contract(self, request: Received, reply: Reply) -> None:
        sent = b"" if request.body is None else json.dumps(request.body).encode()
        try:
            contract.check(request.method, request.path, sent, reply.status, reply.headers, reply.encoded())
        except (AssertionError, ValueError) as fault:
            self.faults.append(f"{request.method} {request.path}: {fault}")

    def _handler(self) -> type[LocalHandler]:
        return _DeskHandler


class _DeskHandler(ScriptedHandler):
    script: DeskServer

    def do_GET(self) -> None:
        if self._path() in ("/agent", "/agent/"):
            page = agent_page()
            self._send(200, page.headers, page.html.encode("utf-8"))
        else:
            self._as_agent(None)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._as_agent(json.loads(raw) if raw else None)

    def do_PATCH(self) -> None:
        self.do_POST()

    def _as_agent(self, body: Any) -> None:
        if self.headers["Authorization"] == f"Bearer {self.script.token}":
            self._reply(Received(self.command, self._path(), body))
        else:
            refused = refusal(403, "forbidden", "This token does not open anything here.")
            self._send(403, {"Content-Type": "application/json"}, refused.encoded())


def _correlated(reply: Reply) -> Reply:
    body = {**reply.body, **CORRELATION} if isinstance(reply.body, dict) else reply.body
    return Reply(body, reply.status, {"X-Correlation-Id": "c-1", **reply.headers}, reply.gate)


def _listed(desk: Desk, query: Mapping[str, str]) -> Reply:
    names = {"status": "status", "assignee": "assignee", "customer": "customer_external_id"}
    found = [
        each
        for each in sorted(desk.tickets.values(), key=lambda each: each["created_at"], reverse=True)
        if all(each[names[name]] == query[name] for name in names if name in query)
    ]
    first, limit = int(query.get("before", "0.T").split(".")[0]), int(query["limit"])
    following = first + limit
    following_page = f"{following:014}.T-1" if following < len(found) else None
    return Reply({"tickets": found[first:following], "next": following_page})


def _context(desk: Desk, ticket_id: str, _query: Mapping[str, str]) -> Reply:
    if ticket_id not in desk.tickets:
        return refusal(404, "unknown_ticket")
    kept = desk.tickets[ticket_id]
    is_of_chat = kept["reason"] is not None or kept["last_reply_at"] is not None
    transcript = list(desk.transcripts[ticket_id]) if is_of_chat else None
    return Reply({"ticket": dict(kept), "transcript": transcript, "feedback": desk.feedback, **desk.around})


def _changed(desk: Desk, ticket_id: str, change: Answer) -> Reply:
    desk.tickets[ticket_id] |= change
    return Reply(dict(desk.tickets[ticket_id]))


def _replied(desk: Desk, ticket_id: str, reply: Answer) -> Reply:
    if reply["reply_id"] in desk.reply_ids:
        said = [each for each in desk.transcripts[ticket_id] if each["role"] == "agent"][-1]
        if said["content"] != reply["message"]:
            return refusal(409, "reply_id_reused")
        return Reply({"reply_id": reply["reply_id"], "timestamp": said["timestamp"]})
    if desk.tickets[ticket_id]["status"] == "closed":
        return refusal(409, "ticket_closed")
    desk.reply_ids.add(reply["reply_id"])
    timestamp = desk.reply(ticket_id, reply["message"], close=reply.get("close", False))
    return Reply({"reply_id": reply["reply_id"], "timestamp": timestamp})


def _resent(desk: Desk, event_id: str, _body: Answer) -> Reply:
    (found,) = [each for each in desk.events if each["event_id"] == event_id]
    found |= {"status": "pending", "attempts": 0, "next_attempt_at": at(30)}
    return Reply(dict(found))


def _events(desk: Desk, query: Mapping[str, str]) -> Reply:
    found = [each for each in desk.events if query.get("status") in (None, each["status"])]
    return Reply({"events": found, "next": None})


def _synced(desk: Desk, _query: Mapping[str, str]) -> Reply:
    return Reply(
        {
            "pending": False,
            "last_change_at": None,
            "last_error": None,
            "paused_until": None,
            "jobs": desk.jobs,
        }
    )


def _insights(desk: Desk, query: Mapping[str, str]) -> Reply:
    numbers = insights_of(int(query["days"]))
    return Reply({**numbers, "gaps": desk.gaps, "budget_reached": desk.budget_reached})


def _health(desk: Desk, _query: Mapping[str, str]) -> Reply:
    is_well = all(state == "ok" for state in desk.checks.values())
    status = "ok" if is_well else "degraded"
    return Reply({"status": status, "stage": "test", "version": "1", "checks": desk.checks})


ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", "/agents/me", lambda _desk, _query: Reply({"name": AGENT})),
    ("GET", "/tickets", _listed),
    ("GET", "/tickets/([^/]+)/context", _context),
    ("PATCH", "/tickets/([^/]+)", _changed),
    ("POST", "/tickets/([^/]+)/replies", _replied),
    ("POST", "/tickets/([^/]+)/draft", lambda desk, _ticket_id, _body: Reply(desk.draft)),
    ("POST", "/tickets/([^/]+)/feedback", lambda _desk, _ticket_id, _body: Reply({"status": "accepted"})),
    ("GET", "/insights", _insights),
    ("GET", "/health", _health),
    ("GET", "/kb/sync", _synced),
    ("POST", "/kb/sync", lambda _desk, _body: Reply({"status": "started", "job_id": "J2"}, status=202)),
    ("GET", "/events", _events),
    ("POST", "/events/([^/]+)/resend", _resent),
)


def gated(gate: threading.Event, reply: Reply) -> Reply:
    """Return an answer that waits for the gate to open."""
    return Reply(reply.body, reply.status, reply.headers, gate)
