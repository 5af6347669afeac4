"""The routes: statuses, shapes, headers and refusals, over fakes."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

import app as app_module
from chalicelib.chat.transcripts import Transcripts
from chalicelib.errors import ModelUnavailable, Unavailable
from chalicelib.insight.health import Health
from chalicelib.logs import TurnLogger, logger
from tests.unit.test_chat import Desk, open_desk

JSON = {"Content-Type": "application/json"}


@dataclass
class Web:
    """The app's HTTP side over a chat desk of fakes."""

    client: Client
    desk: Desk
    checks: dict[str, Any]

    def send(self, method: str, path: str, body: object = None, headers: Any = JSON) -> HTTPResponse:
        """Send a request; a body that is not bytes is sent as JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.http.request(method, path, headers=dict(headers), body=raw)

    def ask(self, query: str = "Hello", **fields: Any) -> dict[str, Any]:
        """Chat, and insist on an answer."""
        response = self.send("POST", "/chat", {"query": query, **fields})
        assert response.status_code == 200, response.body
        answer: dict[str, Any] = response.json_body
        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for desk in open_desk():
        checks: dict[str, Any] = {"dynamodb": lambda: None, "postgres": lambda: None}
        transcripts = Transcripts(
            desk.sessions,
            desk.conversations,
            desk.interactions,
            desk.tickets,
            desk.chat.links,
            desk.log,
        )
        with Client(app_module.app) as client:
            services = SimpleNamespace(
                chat=desk.chat,
                transcripts=transcripts,
                health=Health(checks),
                settings=SimpleNamespace(stage="test"),
            )
            monkeypatch.setattr(app_module, "services", lambda services=services: services)
            yield Web(client, desk, checks)


def error_of(response: HTTPResponse, status: int, code: str) -> dict[str, Any]:
    """Check the error shape of design.md §3 and return the body."""
    body: dict[str, Any] = response.json_body
    assert response.status_code == status, body
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["correlation_id"] == response.headers["X-Correlation-Id"]
    assert set(body) <= {"error", "code", "correlation_id", "fields"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    return body


def test_a_chat_answer_has_all_that_the_api_promises(web: Web) -> None:
    answer = web.ask("How do I reset my password?")
    assert list(answer) == [
        "response",
        "session_id",
        "message_id",
        "timestamp",
        "citations",
        "guardrail",
        "escalation",
        "model",
        "usage",
        "degraded",
        "correlation_id",
    ]
    assert answer["response"] == "Choose Forgot password. [1]"
    assert answer["timestamp"] == "2026-11-20T12:00:00.000+00:00"
    assert answer["citations"] == [
        {
            "index": 1,
            "title": "Reset your password",
            "url": "https://help.example.com/reset",
            "snippet": "Choose Forgot password.",
            "score": 0.9,
        }
    ]
    assert answer["guardrail"] == {"intervened": False, "reasons": []}
    assert answer["usage"] == {"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.001}
    assert answer["escalation"] is None
    assert answer["degraded"] == []


def test_an_escalation_names_its_ticket_and_reason(web: Web) -> None:
    escalation = web.ask("I want to talk to a human")["escalation"]
    assert escalation["reason"] == "customer_request"
    assert escalation["ticket_id"] in web.desk.tickets.kept


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"[1, 2]", "body"),
        (b'"text"', "body"),
        (b"null", "body"),
        (b"\xff\xfe{}", "body"),
        (b"[" * 30_000, "body"),
        (b"{}", "query"),
        (b'{"query": null}', "query"),
        (b'{"query": 7}', "query"),
        (b'{"query": ["a"]}', "query"),
        (b'{"query": ""}', "query"),
        (b'{"query": " \\n\\t\\u200b"}', "query"),
        (b'{"query": "a\\u0000b"}', "query"),
        (b'{"query": "\\u001b[31m"}', "query"),
        (b'{"query": "\\ud83d"}', "query"),
        (json.dumps({"query": "x" * 4001}).encode(), "query"),
        (b'{"query": "a", "session_id": ""}', "session_id"),
        (b'{"query": "a", "session_id": "a b"}', "session_id"),
        (b'{"query": "a", "session_id": "a\\n"}', "session_id"),
        (b'{"query": "a", "session_id": "../../x"}', "session_id"),
        (b'{"query": "a", "session_id": 5}', "session_id"),
        (json.dumps({"query": "a", "session_id": "x" * 129}).encode(), "session_id"),
        (b'{"query": "a", "message_id": "a#b"}', "message_id"),
        (b'{"query": "a", "customer_id": "CUST-1", "customer_hash": "xyz"}', "customer_hash"),
    ],
)
def test_bad_input_is_refused_by_field_and_nothing_is_stored(web: Web, body: bytes, field: str) -> None:
    refusal = error_of(web.send("POST", "/chat", body), 400, "invalid_request")
    assert field in [f["field"] for f in refusal["fields"]]
    assert all(f["problem"] for f in refusal["fields"])
    assert web.desk.conversations.kept == []
    assert web.desk.model.prompts == []


@pytest.mark.parametrize(
    "query",
    [
        "x" * 4000,
        "مرحبا، كيف أغير كلمة المرور؟",
        "😀😀",
        "a\tb\r\nc",
        "{{7*7}} <script>",
        "\u202eabc",
        "'; DROP TABLE",
    ],
)
def test_odd_but_valid_text_is_answered(web: Web, query: str) -> None:
    assert web.ask(query)["response"]
    assert web.desk.conversations.kept[0].question == query


def test_an_error_repeats_nothing_of_what_was_sent(web: Web) -> None:
    body = {"query": "my secret text\u0000", "session_id": "SECRET SESSION"}
    assert "secret" not in json.dumps(web.send("POST", "/chat", body).json_body).lower()


def test_a_body_over_64_kb_is_refused(web: Web) -> None:
    body = json.dumps({"query": "a", "padding": "x" * 65_536}).encode()
    error_of(web.send("POST", "/chat", body), 413, "body_too_large")
    assert web.desk.conversations.kept == []


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/jsonx", "multipart/form-data"]
)
def test_a_body_that_is_not_json_is_refused_by_its_type(web: Web, content_type: str) -> None:
    response = web.send("POST", "/chat", b'{"query": "a"}', {"Content-Type": content_type})
    error_of(response, 415, "unsupported_media_type")


def test_json_with_a_charset_is_json(web: Web) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert web.send("POST", "/chat", {"query": "a"}, headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/chat"),
        ("GET", "/chat"),
        ("PATCH", "/chat/abc"),
        ("POST", "/health"),
        ("DELETE", "/chat/a/feedback"),
    ],
)
def test_a_wrong_method_is_refused_in_our_shape(web: Web, method: str, path: str) -> None:
    error_of(web.send(method, path, {"query": "a"}), 405, "method_not_allowed")


def test_a_bug_is_told_without_its_details(web: Web) -> None:
    def fail() -> None:
        raise KeyError("psycopg2 secret detail arn:aws:iam")

    web.desk.sentiment.before = fail
    body = error_of(web.send("POST", "/chat", {"query": "a"}), 500, "internal_error")
    assert "detail" not in json.dumps(body)


def test_an_unreachable_model_is_503_with_the_time_to_wait(web: Web) -> None:
    web.desk.model.down = ModelUnavailable(retry_after_seconds=9)
    response = web.send("POST", "/chat", {"query": "a"})
    error_of(response, 503, "model_unavailable")
    assert response.headers["Retry-After"] == "9"


def test_too_many_requests_are_429_with_the_time_to_wait(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    for desk in open_desk(requests_per_minute=1):
        services = SimpleNamespace(chat=desk.chat)
        monkeypatch.setattr(app_module, "services", lambda services=services: services)
        assert web.send("POST", "/chat", {"query": "a"}).status_code == 200
        response = web.send("POST", "/chat", {"query": "a"})
        error_of(response, 429, "too_many_requests")
        assert response.headers["Retry-After"] == "60"


def test_a_wrong_customer_hash_is_403(web: Web) -> None:
    body = {"query": "a", "customer_id": "CUST-1001", "customer_hash": "0" * 64}
    error_of(web.send("POST", "/chat", body), 403, "wrong_customer_hash")


def test_a_reused_message_id_is_409(web: Web) -> None:
    web.ask("Hello", session_id="s", message_id="m")
    body = {"query": "Goodbye", "session_id": "s", "message_id": "m"}
    error_of(web.send("POST", "/chat", body), 409, "message_id_reused")


def test_history_is_the_messages_oldest_first(web: Web) -> None:
    first = web.ask("How do I reset my password?")
    web.desk.clock.advance(seconds=1)
    web.ask("And then?", session_id=first["session_id"])
    history = web.send("GET", f"/chat/{first['session_id']}").json_body
    assert history["session_id"] == first["session_id"]
    assert history["next"] is None
    assert [(m["role"], m["content"]) for m in history["messages"]] == [
        ("user", "How do I reset my password?"),
        ("assistant", "Choose Forgot password. [1]"),
        ("user", "And then?"),
        ("assistant", "Choose Forgot password. [1]"),
    ]
    question, answer = history["messages"][:2]
    assert question["message_id"] == answer["message_id"] == first["message_id"]
    assert answer["citations"] == first["citations"]
    assert question["timestamp"] == "2026-11-20T12:00:00.000+00:00"


def test_history_is_read_page_by_page(web: Web) -> None:
    session = web.ask("0")["session_id"]
    for n in (1, 2):
        web.desk.clock.advance(seconds=1)
        web.ask(str(n), session_id=session)
    newest = web.send("GET", f"/chat/{session}?limit=4").json_body
    oldest = web.send("GET", f"/chat/{session}?limit=4&before={newest['next']}").json_body
    assert [m["content"] for m in newest["messages"][::2]] == ["1", "2"]
    assert [m["content"] for m in oldest["messages"][::2]] == ["0"]
    assert oldest["next"] is None


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("before=soon", "before")]
)
def test_a_wrong_page_is_refused_by_field(web: Web, query: str, field: str) -> None:
    session = web.ask()["session_id"]
    refusal = error_of(web.send("GET", f"/chat/{session}?{query}"), 400, "invalid_request")
    assert [f["field"] for f in refusal["fields"]] == [field]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_session_that_was_not_issued_is_not_yours(web: Web, method: str) -> None:
    web.ask(session_id="made-up")
    error_of(web.send(method, "/chat/made-up"), 403, "not_your_session")
    assert len(web.desk.conversations.kept) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_malformed_session_in_the_path_is_400(web: Web, method: str) -> None:
    error_of(web.send(method, "/chat/a%20b"), 400, "invalid_request")


def test_erasing_answers_204_and_leaves_an_empty_history(web: Web) -> None:
    session = web.ask()["session_id"]
    gone = web.send("DELETE", f"/chat/{session}")
    assert (gone.status_code, gone.body) == (204, b"")
    assert web.send("GET", f"/chat/{session}").json_body["messages"] == []
    assert web.send("DELETE", f"/chat/{session}").status_code == 204


def test_feedback_is_accepted_and_shown_in_the_history(web: Web) -> None:
    answer = web.ask()
    path = f"/chat/{answer['session_id']}"
    body = {"message_id": answer["message_id"], "rating": "down", "comment": "wrong"}
    accepted = web.send("POST", f"{path}/feedback", body)
    assert accepted.json_body == {
        "status": "accepted",
        "correlation_id": accepted.headers["X-Correlation-Id"],
    }
    assert web.send("GET", path).json_body["messages"][1]["feedback"] == {
        "rating": "down",
        "comment": "wrong",
    }


def test_feedback_on_an_unknown_message_is_404(web: Web) -> None:
    session = web.ask()["session_id"]
    response = web.send("POST", f"/chat/{session}/feedback", {"message_id": "m", "rating": "up"})
    error_of(response, 404, "unknown_message")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rating": "up"}, "message_id"),
        ({"message_id": "m"}, "rating"),
        ({"message_id": "m", "rating": "great"}, "rating"),
        ({"message_id": "m", "rating": "up", "comment": "x" * 1001}, "comment"),
    ],
)
def test_wrong_feedback_is_refused_by_field(web: Web, body: object, field: str) -> None:
    session = web.ask()["session_id"]
    refusal = error_of(web.send("POST", f"/chat/{session}/feedback", body), 400, "invalid_request")
    assert [f["field"] for f in refusal["fields"]] == [field]


def test_storage_that_is_down_makes_reading_a_503(web: Web) -> None:
    session = web.ask()["session_id"]
    web.desk.conversations.down = Unavailable("conversations")
    response = web.send("GET", f"/chat/{session}")
    body = error_of(response, 503, "unavailable")
    assert "conversations" not in json.dumps(body)
    assert response.headers["Retry-After"] == "5"


def test_a_correlation_id_is_taken_over_or_made(web: Web) -> None:
    given = web.send("GET", "/health", headers={"X-Correlation-Id": "abc-123"})
    made = web.send("GET", "/health", headers={"X-Correlation-Id": "not valid\r\nX: y"})
    assert given.headers["X-Correlation-Id"] == given.json_body["correlation_id"] == "abc-123"
    assert len(made.json_body["correlation_id"]) == 36


def test_health_is_cheap_unless_asked_to_look_deep(web: Web) -> None:
    health = web.send("GET", "/health").json_body
    assert (health["status"], health["stage"], health["version"], health["checks"]) == (
        "ok",
        "test",
        "0.1.0",
        {},
    )
    assert web.send("GET", "/health?deep=1").json_body["checks"] == {"dynamodb": "ok", "postgres": "ok"}


def test_deep_health_names_what_is_out_of_reach_and_stays_200(web: Web) -> None:
    def fail() -> None:
        raise Unavailable("customers")

    web.checks["postgres"] = fail
    response = web.send("GET", "/health?deep=1")
    assert response.status_code == 200
    assert response.json_body["status"] == "degraded"
    assert response.json_body["checks"] == {"dynamodb": "ok", "postgres": "unreachable"}


def test_a_deep_look_is_taken_once_in_a_while_however_often_it_is_asked_for(web: Web) -> None:
    looks: list[int] = []
    web.checks["postgres"] = lambda: looks.append(1)
    for _ in range(3):
        assert web.send("GET", "/health?deep=1").json_body["status"] == "ok"
    assert len(looks) == 1


def test_libraries_do_not_log_what_customers_write_whatever_the_level() -> None:
    for library in ("botocore.endpoint", "pynamodb.connection.base", "urllib3.connectionpool"):
        assert logging.getLogger(library).getEffectiveLevel() >= logging.INFO


def test_the_page_is_html_with_its_security_headers(web: Web) -> None:
    response = web.send("GET", "/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert b"<!doctype html>" in response.body[:100].lower()


@pytest.fixture
def log_lines(request: pytest.FixtureRequest) -> io.StringIO:
    """What the app logs, as it would stand in CloudWatch."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("customer-support").removeHandler(handler))
    return lines


def test_logs_say_how_a_turn_went_and_hold_no_word_of_it(
    web: Web, monkeypatch: pytest.MonkeyPatch, log_lines: io.StringIO
) -> None:
    web.desk.knowledge_base.down = Unavailable("knowledge_base")
    chat = replace(web.desk.chat, log=TurnLogger())
    monkeypatch.setattr(app_module, "services", lambda: SimpleNamespace(chat=chat))
    web.desk.model.says("the wombat answer")
    web.ask("the platypus question")
    web.send("POST", "/chat", b'{"query": "the aardvark\\u0000"}')
    logged = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["message"] for line in logged] == ["degraded", "answered", "request", "request"]
    assert logged[0]["without"] == "knowledge_base"
    assert logged[1]["input_tokens"] == 100
    assert set(logged[1]["laps_ms"]) == {"history", "gather", "model", "store"}
    assert (logged[2]["route"], logged[2]["status"], logged[3]["status"]) == ("/chat", 200, 400)
    assert not any(word in log_lines.getvalue() for word in ("wombat", "platypus", "aardvark"))


def test_a_bug_is_logged_by_type_and_place_without_its_message(web: Web, log_lines: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError("the wombat question")

    web.desk.sentiment.before = fail
    web.send("POST", "/chat", {"query": "a"})
    fault = json.loads(log_lines.getvalue().splitlines()[0])
    assert fault["exception_type"] == "builtins.RuntimeError"
    assert any("test_http.py" in frame for frame in fault["frames"])
    assert "wombat" not in log_lines.getvalue()
