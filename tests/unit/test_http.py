"""The customers' routes: what goes in and comes out, over fakes; failures are in test_routes."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.local import LambdaEventConverter

from chalicelib.api.cors import PROOF_HEADERS
from chalicelib.branding import read_branding
from chalicelib.errors import ModelUnavailable, Unavailable
from chalicelib.insight.health import Health
from chalicelib.logs import TurnLogger, logger
from tests.builders import customer_proof
from tests.fakes import START
from tests.scene import SECRET, Scene, open_scene
from tests.web import JSON, Web, fields_of, refusal, serving


@dataclass(frozen=True)
class Shop(Web):
    """The customers' side of a scene."""

    scene: Scene
    checks: dict[str, Any]

    def ask(self, query: str = "Hello", **fields: Any) -> dict[str, Any]:
        """Chat, and insist on an answer."""
        response = self.send("POST", "/chat", {"query": query, **fields})
        assert response.status_code == 200, response.body
        answer: dict[str, Any] = response.json_body
        return answer


@pytest.fixture
def web() -> Iterator[Shop]:
    checks: dict[str, Any] = {"dynamodb": lambda: None, "postgres": lambda: None}
    with open_scene(requests_per_minute=100) as scene:
        services = {
            "chat": replace(scene.chat, log=TurnLogger()),
            "transcripts": scene.transcripts,
            "health": Health(checks, lambda _: None),
            "settings": SimpleNamespace(
                stage="test",
                branding=read_branding({"languages": ["fr", "de"]}),
                widget_hosts=("https://shop.example",),
            ),
        }
        with serving(JSON, **services) as web:
            yield Shop(web.client, web.headers, scene, checks)


def test_a_chat_answer_has_all_that_the_api_promises(web: Shop) -> None:
    answer = web.ask("How do I reset my password?")
    assert list(answer) == [
        *("response", "session_id", "message_id", "timestamp", "citations", "guardrail"),
        *("escalation", "model", "usage", "handled_by", "degraded", "correlation_id"),
    ]
    assert answer["response"] == "Choose Forgot password. [1]"
    assert [citation["title"] for citation in answer["citations"]] == ["Reset your password"]


def test_what_is_said_without_a_model_is_in_a_language_that_is_accepted(web: Shop) -> None:
    for accepted, ticket in (("de-AT, en;q=0.5", "Schreiben Sie mir"), ("en", "Écrivez-moi")):
        headers = {**JSON, "Accept-Language": accepted}
        response = web.send("POST", "/chat", {"query": "I want to talk to a human"}, headers)
        assert ticket in response.json_body["response"]


def test_what_is_refused_is_not_kept_and_not_repeated(web: Shop) -> None:
    body = {"query": "my secret text\u0000", "session_id": "SECRET SESSION", "customer_hash": "secret"}
    response = web.send("POST", "/chat", body)
    assert set(fields_of(response)) == {"query", "session_id", "customer_hash"}
    assert "secret" not in json.dumps(response.json_body).lower()
    assert (web.scene.conversations.kept, web.scene.model.prompts) == ([], [])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 415),
        ("application/jsonx", 415),
        ("multipart/form-data", 415),
    ],
)
def test_a_body_is_json_by_its_type(web: Shop, content_type: str, status: int) -> None:
    response = web.send("POST", "/chat", b'{"query": "a"}', {"Content-Type": content_type})
    assert response.status_code == status


def test_who_asks_is_known_by_address_or_by_proof(web: Shop) -> None:
    web.ask()
    assert {name for name, _ in web.scene.counters.counts} == {"requests#address#127.0.0.1"}
    body = {"query": "a", "customer_id": "CUST-1001", "customer_hash": "0" * 64}
    refusal(web.send("POST", "/chat", body), 403, "wrong_customer_hash")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_a_caller_is_known_by_the_address_that_the_gateway_saw(
    web: Shop, monkeypatch: pytest.MonkeyPatch, address: str, name: str
) -> None:
    monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", address)
    web.send("POST", "/chat", {"query": "a"}, {**JSON, "X-Forwarded-For": "198.51.100.1"})
    assert {name for name, _ in web.scene.counters.counts} == {f"requests#address#{name}"}


def test_a_customers_conversation_opens_with_the_proof_alone(web: Shop) -> None:
    signed = astuple(customer_proof("CUST-1001", SECRET, int(START.timestamp()) + 60))
    names = ("customer_id", "customer_hash", "customer_hash_expires")
    proof = dict(zip(names, signed, strict=True))
    headers = JSON | dict(zip(PROOF_HEADERS, map(str, signed), strict=True))
    answer = web.ask("Where is my order?", **proof)
    path = f"/chat/{answer['session_id']}"
    rating = {"message_id": answer["message_id"], "rating": "up"}
    for method, end, body in (("GET", "", None), ("POST", "/feedback", rating), ("DELETE", "", None)):
        refusal(web.send(method, path + end, body), 403, "not_your_session")
    assert len(web.send("GET", path, headers=headers).json_body["messages"]) == 2
    assert web.send("POST", f"{path}/feedback", rating | proof).status_code == 200
    assert web.send("POST", f"{path}/feedback", rating, headers).status_code == 200
    assert web.send("DELETE", path, headers=headers).status_code == 204


def test_history_is_read_page_by_page_oldest_first(web: Shop) -> None:
    session = web.ask("0")["session_id"]
    for n in (1, 2):
        web.scene.clock.advance(seconds=1)
        web.ask(str(n), session_id=session)
    newest = web.send("GET", f"/chat/{session}?limit=4").json_body
    oldest = web.send("GET", f"/chat/{session}?limit=4&before={newest['next']}").json_body
    assert newest["session_id"] == session
    assert [m["content"] for m in newest["messages"][::2]] == ["1", "2"]
    assert [m["content"] for m in oldest["messages"][::2]] == ["0"]
    assert [m["role"] for m in oldest["messages"]] == ["user", "assistant"]
    assert oldest["next"] is None


def test_erasing_answers_204_and_leaves_an_empty_history(web: Shop) -> None:
    session = web.ask()["session_id"]
    gone = web.send("DELETE", f"/chat/{session}")
    assert (gone.status_code, gone.body) == (204, b"")
    assert web.send("GET", f"/chat/{session}").json_body["messages"] == []
    assert web.send("DELETE", f"/chat/{session}").status_code == 204


def test_feedback_is_accepted_and_shown_in_the_history(web: Shop) -> None:
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


def test_no_answer_is_kept_or_guessed_at_or_asked_for_in_the_clear(web: Shop) -> None:
    headers = web.send("POST", "/chat", {"query": "Hello"}).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_correlation_id_is_taken_over_or_made(web: Shop) -> None:
    given = web.send("GET", "/health", headers={"X-Correlation-Id": "abc-123"})
    made = web.send("GET", "/health", headers={"X-Correlation-Id": "not valid\r\nX: y"})
    assert given.headers["X-Correlation-Id"] == given.json_body["correlation_id"] == "abc-123"
    assert len(made.json_body["correlation_id"]) == 36


def test_health_looks_deep_when_asked_and_stays_200(web: Shop) -> None:
    def fail() -> None:
        raise Unavailable("customers")

    web.checks["postgres"] = fail
    health = web.send("GET", "/health").json_body
    health.pop("correlation_id")
    assert health == {"status": "ok", "stage": "test", "version": "0.1.0", "checks": {}}
    response = web.send("GET", "/health?deep=1")
    assert (response.status_code, response.json_body["status"]) == (200, "degraded")
    assert response.json_body["checks"] == {"dynamodb": "ok", "postgres": "unreachable"}


def test_libraries_do_not_log_what_customers_write_whatever_the_level() -> None:
    for library in ("botocore.endpoint", "pynamodb.connection.base", "urllib3.connectionpool"):
        assert logging.getLogger(library).getEffectiveLevel() >= logging.INFO


def test_the_page_is_html_with_its_security_headers(web: Shop) -> None:
    response = web.send("GET", "/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://shop.example" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")
    assert b"<!doctype html>" in response.body[:100].lower()


@pytest.mark.parametrize("path", ["/", "/widget.js", "/libraries.js", "/agent", "/openapi.json"])
def test_a_file_that_a_client_has_is_not_sent_again(web: Shop, path: str) -> None:
    first = web.send("GET", path)
    tag = first.headers["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        again = web.send("GET", path, headers={"If-None-Match": known})
        assert (again.status_code, again.body, again.headers["ETag"]) == (304, b"", tag)
        assert len(str(again.headers)) < 2000
    assert web.send("GET", path, headers={"If-None-Match": '"other"'}).body == first.body


@pytest.mark.parametrize("path", ["/", "/widget.js", "/libraries.js", "/agent", "/openapi.json"])
def test_a_file_is_asked_about_without_being_sent(web: Shop, path: str) -> None:
    head, full = web.send("HEAD", path), web.send("GET", path)
    assert (head.status_code, head.body) == (200, b"")
    assert head.headers["ETag"] == full.headers["ETag"]
    assert head.headers["Content-Type"] == full.headers["Content-Type"]


def test_a_page_in_another_language_is_another_page(web: Shop) -> None:
    french = {"If-None-Match": web.send("GET", "/").headers["ETag"]}
    assert web.send("GET", "/", headers=french).status_code == 304
    assert web.send("GET", "/", headers={**french, "Accept-Language": "de"}).status_code == 200


def test_the_page_is_in_an_offered_language_that_is_asked_for_or_accepted(web: Shop) -> None:
    accepting = {"Accept-Language": "en, de;q=0.5"}
    assert web.send("GET", "/").headers["Content-Language"] == "fr"
    assert web.send("GET", "/", headers=accepting).headers["Content-Language"] == "de"
    assert web.send("GET", "/?language=fr", headers=accepting).headers["Content-Language"] == "fr"


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What the app logs, as it would stand in CloudWatch."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    yield lines
    logging.getLogger(logger.name).removeHandler(handler)


def test_logs_say_how_a_turn_went_and_hold_no_word_of_it(web: Shop, log_lines: io.StringIO) -> None:
    web.scene.knowledge_base.down = Unavailable("knowledge_base")
    web.scene.model.says("the wombat answer")
    web.ask("the platypus question")
    web.send("POST", "/chat", b'{"query": "the aardvark\\u0000"}')
    logged = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["message"] for line in logged] == ["degraded", "answered", "request", "request"]
    assert logged[0]["without"] == "knowledge_base"
    assert logged[1]["gen_ai.usage.input_tokens"] == 100
    assert set(logged[1]["laps_ms"]) == {"history", "gather", "model", "store"}
    assert all(0 <= milliseconds < 5000 for milliseconds in logged[1]["laps_ms"].values())
    assert (logged[2]["route"], logged[2]["status"], logged[3]["status"]) == ("/chat", 200, 400)
    assert not any(word in log_lines.getvalue() for word in ("wombat", "platypus", "aardvark"))


def test_a_bug_is_told_and_logged_by_type_and_place_without_its_message(
    web: Shop, log_lines: io.StringIO
) -> None:
    def fail() -> None:
        raise KeyError("the wombat question")

    web.scene.sentiment.before = fail
    body = refusal(web.send("POST", "/chat", {"query": "a"}), 500, "internal_error")
    fault = json.loads(log_lines.getvalue().splitlines()[0])
    assert fault["exception_type"] == "builtins.KeyError"
    assert any("test_http.py" in frame for frame in fault["frames"])
    assert "wombat" not in log_lines.getvalue() + json.dumps(body)


def test_what_we_owe_an_answer_is_counted_and_what_is_refused_is_not(
    web: Shop, log_lines: io.StringIO
) -> None:
    web.scene.model.down = ModelUnavailable()
    assert web.send("POST", "/chat", {"query": "a"}).status_code == 503
    assert web.send("POST", "/chat", {}).status_code == 400
    logged = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    failed, *_, answered, refused = [
        line for line in logged if line["message"] in ("not_answered", "request")
    ]
    assert (failed["outcome"], failed["Chats"]) == ("failed", 1)
    assert (answered["status"], answered["ServerErrors"]) == (503, 1)
    assert (refused["status"], "_aws" in refused) == (400, False)
