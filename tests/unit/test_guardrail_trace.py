"""Why a guardrail stepped in, without what the customer wrote."""

from typing import Any

import pytest

from chalicelib.gateways.guardrail_trace import reasons


def on_input(**policies: Any) -> dict[str, Any]:
    return {"inputAssessment": {"gr-1": policies}}


TOPIC = {"name": "Legal advice", "type": "DENY", "action": "BLOCKED"}
INSULT = {"type": "INSULTS", "confidence": "HIGH", "action": "BLOCKED"}


@pytest.mark.parametrize(
    ("trace", "reason"),
    [
        (on_input(topicPolicy={"topics": [TOPIC]}), "topic:Legal advice"),
        (on_input(contentPolicy={"filters": [INSULT]}), "content:INSULTS"),
        (
            on_input(
                wordPolicy={
                    "customWords": [],
                    "managedWordLists": [{"match": "damn", "type": "PROFANITY", "action": "BLOCKED"}],
                }
            ),
            "word:PROFANITY",
        ),
        (
            on_input(
                wordPolicy={"customWords": [{"match": "damn", "action": "BLOCKED"}], "managedWordLists": []}
            ),
            "word:custom",
        ),
        (
            on_input(
                sensitiveInformationPolicy={
                    "piiEntities": [{"match": "damn", "type": "EMAIL", "action": "ANONYMIZED"}],
                    "regexes": [],
                }
            ),
            "pii:EMAIL",
        ),
        (
            on_input(
                sensitiveInformationPolicy={
                    "piiEntities": [],
                    "regexes": [{"name": "API key", "match": "damn", "regex": "d.*", "action": "BLOCKED"}],
                }
            ),
            "pii:API key",
        ),
        (
            on_input(
                sensitiveInformationPolicy={
                    "piiEntities": [],
                    "regexes": [{"match": "damn", "regex": "d.*", "action": "BLOCKED"}],
                }
            ),
            "pii:unnamed",
        ),
    ],
)
def test_each_kind_of_finding_has_its_word_and_no_customers_text(trace: dict[str, Any], reason: str) -> None:
    assert reasons(trace) == (reason,)
    assert "damn" not in "".join(reasons(trace))


def test_findings_of_the_answer_count_too() -> None:
    trace = {"outputAssessments": {"gr-1": [{"topicPolicy": {"topics": [TOPIC]}}, {"contentPolicy": {}}]}}
    assert reasons(trace) == ("topic:Legal advice",)


def test_each_reason_stands_once_in_the_order_of_the_trace() -> None:
    trace = {
        **on_input(topicPolicy={"topics": [TOPIC]}, contentPolicy={"filters": [INSULT, INSULT]}),
        "outputAssessments": {"gr-1": [{"topicPolicy": {"topics": [TOPIC]}}]},
    }
    assert reasons(trace) == ("topic:Legal advice", "content:INSULTS")


def test_what_was_only_detected_is_no_reason() -> None:
    assert reasons(on_input(contentPolicy={"filters": [{**INSULT, "action": "NONE"}]})) == ()


@pytest.mark.parametrize(
    "trace", [{}, {"modelOutput": ["x"]}, on_input(), on_input(topicPolicy={"topics": []})]
)
def test_a_trace_without_findings_gives_no_reason(trace: dict[str, Any]) -> None:
    assert reasons(trace) == ()
