"""What Converse is sent and answers: sampling parameters, prices, and why a guardrail intervened."""

from typing import Any

import pytest

from chalicelib.domain.conversation import Usage
from chalicelib.gateways.converse import ModelOptions, cost_usd, guardrail_reasons, sampling_of

OPTIONS = ModelOptions(("any",), 2000, 0.7, 0.9, None, "1")
MILLION = Usage(1_000_000, 1_000_000)
MILLION_IN = Usage(1_000_000, 0)

BOTH = {"temperature": 0.7, "topP": 0.9}
TEMPERATURE = {"temperature": 0.7}
NEITHER: dict[str, float] = {}
HAIKU_4 = "anthropic.claude-haiku-4-5-20251001-v1:0"
HAIKU_5 = "anthropic.claude-haiku-5-5"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


@pytest.mark.parametrize(
    ("taken", "model_id"),
    [
        *((BOTH, f"anthropic.claude-{name}") for name in ("instant-v1", "v2:1", "3-haiku-20240307-v1:0")),
        *((BOTH, f"us.anthropic.claude-{name}") for name in ("3-5-sonnet-v2:0", "3-7-sonnet-v1:0")),
        *((BOTH, f"{name}-v1:0") for name in ("amazon.nova-lite", "us.meta.llama4-scout-17b-instruct")),
        *((TEMPERATURE, f"us.anthropic.claude-{name}") for name in ("sonnet-4-v1:0", "opus-4-1-v1:0")),
        *((TEMPERATURE, f"{where}{HAIKU_4}") for where in ("", "us.", "eu.", "global.", ARN + "eu.")),
        (TEMPERATURE, f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU_4}"),
        *((NEITHER, f"{where}{HAIKU_5}") for where in ("", "us.", "global.", ARN + "global.")),
        (NEITHER, "anthropic.claude-opus-12-20300101-v1:0"),
        (NEITHER, "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"),
    ],
)
def test_a_model_is_sent_the_sampling_parameters_that_it_takes(
    taken: dict[str, float], model_id: str
) -> None:
    assert sampling_of(model_id, OPTIONS) == taken


@pytest.mark.parametrize(
    ("model_id", "dollars"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", 0.25 + 1.25),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", 1 + 5),
        (ARN + "us.anthropic.claude-haiku-5-5", 0.10 + 0.50),
    ],
)
def test_a_million_tokens_each_way_cost_the_list_price(model_id: str, dollars: float) -> None:
    assert cost_usd(model_id, MILLION, {}) == pytest.approx(dollars)


def test_input_and_output_are_priced_apart() -> None:
    haiku = "anthropic.claude-3-haiku-20240307-v1:0"
    assert cost_usd(haiku, Usage(1200, 300), {}) == pytest.approx(0.000675)


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", "anthropic.claude-3-5-haiku-20241022-v1:0"])
def test_an_unknown_price_is_not_guessed(model_id: str) -> None:
    assert cost_usd(model_id, MILLION, {}) is None


def test_a_price_of_the_settings_goes_before_the_list() -> None:
    haiku = "anthropic.claude-3-haiku-20240307-v1:0"
    assert cost_usd(haiku, MILLION_IN, {"claude-3-haiku": (9, 9)}) == 9


def test_the_longest_known_part_of_the_id_decides() -> None:
    prices = {"nova": (1.0, 1.0), "eu.amazon.nova-lite": (2.0, 2.0), "nova-lite": (3.0, 3.0)}
    assert cost_usd("eu.amazon.nova-lite-v1:0", MILLION_IN, prices) == 2
    assert cost_usd("us.amazon.nova-lite-v1:0", MILLION_IN, prices) == 3
    assert cost_usd("us.amazon.nova-pro-v1:0", MILLION_IN, prices) == 1


def on_input(**policies: Any) -> dict[str, Any]:
    return {"inputAssessment": {"gr-1": policies}}


TOPIC = {"name": "Legal advice", "type": "DENY", "action": "BLOCKED"}
INSULT = {"type": "INSULTS", "confidence": "HIGH", "action": "BLOCKED"}


@pytest.mark.parametrize(
    ("policy", "kind", "finding", "reason"),
    [
        ("topicPolicy", "topics", {"name": "Legal advice", "type": "DENY"}, "topic:Legal advice"),
        ("contentPolicy", "filters", {"type": "INSULTS", "confidence": "HIGH"}, "content:INSULTS"),
        ("wordPolicy", "managedWordLists", {"match": "damn", "type": "PROFANITY"}, "word:PROFANITY"),
        ("wordPolicy", "customWords", {"match": "damn"}, "word:custom"),
        ("sensitiveInformationPolicy", "piiEntities", {"match": "damn", "type": "EMAIL"}, "pii:EMAIL"),
        ("sensitiveInformationPolicy", "regexes", {"name": "API key", "match": "damn"}, "pii:API key"),
        ("sensitiveInformationPolicy", "regexes", {"match": "damn", "regex": "d.*"}, "pii:unnamed"),
    ],
)
def test_each_kind_of_finding_has_its_word_and_no_customers_text(
    policy: str, kind: str, finding: dict[str, str], reason: str
) -> None:
    for action in ("BLOCKED", "ANONYMIZED"):
        assert guardrail_reasons(on_input(**{policy: {kind: [{**finding, "action": action}]}})) == (reason,)


def test_findings_of_the_answer_count_too() -> None:
    trace = {"outputAssessments": {"gr-1": [{"topicPolicy": {"topics": [TOPIC]}}, {"contentPolicy": {}}]}}
    assert guardrail_reasons(trace) == ("topic:Legal advice",)


def test_each_reason_stands_once_in_the_order_of_the_trace() -> None:
    trace = {
        **on_input(topicPolicy={"topics": [TOPIC]}, contentPolicy={"filters": [INSULT, INSULT]}),
        "outputAssessments": {"gr-1": [{"topicPolicy": {"topics": [TOPIC]}}]},
    }
    assert guardrail_reasons(trace) == ("topic:Legal advice", "content:INSULTS")


def test_what_was_only_detected_is_no_reason() -> None:
    assert guardrail_reasons(on_input(contentPolicy={"filters": [{**INSULT, "action": "NONE"}]})) == ()


@pytest.mark.parametrize(
    "trace", [{}, {"modelOutput": ["x"]}, on_input(), on_input(topicPolicy={"topics": []})]
)
def test_a_trace_without_findings_gives_no_reason(trace: dict[str, Any]) -> None:
    assert guardrail_reasons(trace) == ()
