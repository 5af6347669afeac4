"""What clients get back, to the name."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from chalicelib.api.chat import chat_answer, history
from chalicelib.domain.conversation import (
    Citation,
    ExchangePage,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Usage,
)
from tests.fakes import START, exchange_at

CITATION = {
    "index": 1,
    "title": "Reset",
    "url": "https://help.example.com/reset",
    "snippet": "Choose…",
    "score": 0.5,
}
SIGNED = "https://bucket.example.com/returns.md?signed"
UNPUBLISHED = Citation(1, "Returns", SIGNED, "Thirty days…", 0.5, document="returns.md")


def test_an_answer_has_the_fields_that_the_api_promises() -> None:
    assert chat_answer(exchange_at(START)) == {
        "response": "Choose Forgot password. [1]",
        "session_id": "s",
        "message_id": "m",
        "timestamp": "2026-11-20T12:00:00.000+00:00",
        "citations": [CITATION],
        "guardrail": {"intervened": True, "reasons": ["pii:EMAIL"]},
        "escalation": {"ticket_id": "T-1", "reason": "customer_request"},
        "model": "fake-model",
        "usage": {"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.001},
        "degraded": ["sentiment"],
    }


def test_what_there_is_not_is_null_or_empty_and_never_left_out() -> None:
    bare = exchange_at(
        START,
        citations=(),
        usage=Usage(1, 1, None),
        guardrail=GuardrailVerdict(),
        handed_over=None,
        degraded=(),
        model=None,
    )
    answer = chat_answer(bare)
    assert answer.keys() == chat_answer(exchange_at(START)).keys()
    assert (answer["citations"], answer["degraded"], answer["escalation"]) == ([], [], None)
    assert (answer["model"], answer["usage"]["cost_usd"]) == (None, None)
    assert answer["guardrail"] == {"intervened": False, "reasons": []}


def test_a_citation_has_its_link_and_names_no_object_of_the_bucket() -> None:
    exchange = exchange_at(START, citations=(UNPUBLISHED,))
    (_, message) = history("s", ExchangePage((exchange,), None))["messages"]
    for citations in (chat_answer(exchange)["citations"], message["citations"]):
        assert citations == [
            {
                "index": 1,
                "title": "Returns",
                "url": SIGNED,
                "snippet": "Thirty days…",
                "score": 0.5,
            }
        ]


def test_a_citation_that_leads_nowhere_has_no_url() -> None:
    unlinked = replace(UNPUBLISHED, url=None)
    (citation,) = chat_answer(exchange_at(START, citations=(unlinked,)))["citations"]
    assert citation["url"] is None


def test_an_answer_is_json_and_says_nothing_of_what_is_inside() -> None:
    text = json.dumps(chat_answer(exchange_at(START)))
    assert "CUST-1001" not in text
    assert "sentiment" not in json.loads(text)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (START, "2026-11-20T12:00:00.000+00:00"),
        (START + timedelta(milliseconds=7), "2026-11-20T12:00:00.007+00:00"),
        (START.astimezone(timezone(timedelta(hours=-5))), "2026-11-20T12:00:00.000+00:00"),
    ],
)
def test_times_are_iso_8601_in_utc_with_offset(moment: datetime, written: str) -> None:
    assert chat_answer(exchange_at(moment))["timestamp"] == written


def test_history_holds_two_messages_an_exchange_oldest_first() -> None:
    page = ExchangePage((exchange_at(START, message_id="m1"), exchange_at(START, message_id="m2")), None)
    answer = history("s", page)
    assert answer["session_id"] == "s"
    assert [(m["message_id"], m["role"]) for m in answer["messages"]] == [
        ("m1", "user"),
        ("m1", "assistant"),
        ("m2", "user"),
        ("m2", "assistant"),
    ]
    assert answer["next"] is None


def test_a_question_holds_its_text_and_nothing_of_the_answer() -> None:
    question, _ = history("s", ExchangePage((exchange_at(START),), None))["messages"]
    assert question == {
        "message_id": "m",
        "role": "user",
        "content": "How do I reset my password?",
        "timestamp": "2026-11-20T12:00:00.000+00:00",
    }


def test_an_answer_in_history_holds_its_sources_ticket_and_feedback() -> None:
    rated = exchange_at(
        START,
        feedback=Feedback("down", "Too long.", START),
        handed_over=HandOverTicket("T-1", "missing_knowledge"),
    )
    _, answer = history("s", ExchangePage((rated,), None))["messages"]
    assert answer["citations"] == [CITATION]
    assert answer["escalation"] == {"ticket_id": "T-1", "reason": "missing_knowledge"}
    assert answer["feedback"] == {"rating": "down", "comment": "Too long."}


def test_an_answer_in_history_without_these_leaves_them_out() -> None:
    bare = exchange_at(START, citations=(), handed_over=None)
    _, answer = history("s", ExchangePage((bare,), None))["messages"]
    assert answer.keys() == {"message_id", "role", "content", "timestamp"}


def test_next_is_what_goes_into_before() -> None:
    assert history("s", ExchangePage((), START))["next"] == str(int(START.timestamp() * 1000))
