"""Serve the chat page with answers that a test scripts, so that it can fail, stall and lie on purpose."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.branding import NEUTRAL, Branding
from chalicelib.web import libraries
from chalicelib.web.languages import choose_language
from chalicelib.web.launcher import HEADERS, launcher_script
from chalicelib.web.page import chat_page
from tests.local_server import LocalHandler, LocalServer


@dataclass(frozen=True)
class Reply:
    """An answer of the server; `gate`, when there is one, holds it back until the test opens it."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None

    def encoded(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode("utf-8")


@dataclass(frozen=True)
class Received:
    """A request that reached the server, without the page's own."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)


def answer(
    response: str = "Open **Settings** and choose *Reset password* [1].", **extra: Any
) -> dict[str, Any]:
    """Return the body of a good `POST /chat` answer, with one citation."""
    citation = {
        "index": 1,
        "title": "Reset your password",
        "url": "https://help.example.com/reset",
        "snippet": "Open Settings, choose Reset password, and follow the link in the mail.",
        "score": 0.9,
    }
    return {
        "response": response,
        "session_id": "session-1",
        "message_id": "server-message-1",
        "timestamp": "2026-11-20T10:00:00+00:00",
        "citations": [citation],
        "guardrail": {"intervened": False, "reasons": []},
        "escalation": None,
        "degraded": [],
        **extra,
    }


class ScriptedServer(LocalServer):
    """An HTTP server on 127.0.0.1 that serves the page below `prefix` and replies as scripted, in order."""

    def __init__(
        self, prefix: str = "", branding: Branding = NEUTRAL, framed_by: tuple[str, ...] = ()
    ) -> None:
        self.prefix = prefix
        self.branding = branding
        self.framed_by = framed_by
        self.replies: deque[Reply] = deque()
        self.history = Reply({"error": "Unknown session."}, status=404)
        self.libraries: deque[Reply] = deque()
        """What becomes of the looks for the page's libraries; then they are there."""
        self.pending: deque[Reply] = deque()
        """What is there of an answer at each look; the last one stays."""
        self.looks: list[str] = []
        self.received: list[Received] = []
        super().__init__(self._handler(), script=self)
        self.url += prefix

    def questions(self) -> list[dict[str, Any]]:
        """Return the bodies of the questions that arrived."""
        return [
            request.body for request in self.received if request.path == "/chat" and request.method == "POST"
        ]

    def reply_to(self, request: Received) -> Reply:
        if request.path.startswith("/chat/pending/"):
            self.looks.append(request.path)
            return self._look()
        self.received.append(request)
        if request.method == "GET":
            return self.history
        return self.replies.popleft() if self.replies else Reply(answer())

    def _look(self) -> Reply:
        if not self.pending:
            return Reply({"error": "Nothing is there."}, status=404)
        return self.pending.popleft() if len(self.pending) > 1 else self.pending[0]

    def _handler(self) -> type[LocalHandler]:
        return ScriptedHandler


class ScriptedHandler(LocalHandler):
    script: ScriptedServer

    def do_GET(self) -> None:
        path = self._path()
        page_path, _, query = path.partition("?")
        if page_path in ("", "/"):
            asked = dict(parse_qsl(query))
            branding = self.script.branding
            language = choose_language(
                branding.languages, asked.get("language"), self.headers["Accept-Language"]
            )
            color = branding.chosen_color(asked.get("color"))
            page = chat_page(language, branding, self.script.framed_by, color)
            self._send(200, page.headers, page.html.encode("utf-8"))
        elif page_path == "/widget.js":
            self._send(200, HEADERS, launcher_script(self.script.branding).encode("utf-8"))
        elif page_path == "/libraries.js":
            self._send_libraries(dict(parse_qsl(query)).get("v"))
        else:
            self._reply(Received("GET", path, None, dict(self.headers)))

    def _send_libraries(self, version: str | None) -> None:
        script = libraries.libraries_script()
        reply = (
            self.script.libraries.popleft()
            if self.script.libraries
            else Reply(script, headers=libraries.headers(version))
        )
        self._send_reply(reply)

    def do_DELETE(self) -> None:
        self._reply(Received("DELETE", self._path(), None, dict(self.headers)))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(Received(self.command, self._path(), json.loads(raw), dict(self.headers)))

    do_PUT = do_POST

    def _path(self) -> str:
        inside = self.path.startswith(self.script.prefix)
        return self.path.removeprefix(self.script.prefix) if inside else f"outside {self.path}"

    def _reply(self, request: Received) -> None:
        self._send_reply(self.script.reply_to(request))

    def _send_reply(self, reply: Reply) -> None:
        if reply.gate is not None:
            reply.gate.wait(timeout=20)
        self._send(reply.status, {"Content-Type": "application/json", **reply.headers}, reply.encoded())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        try:
            self.answer(status, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page gave up waiting, as some tests make it do
