"""One Converse call, tried on the models in order; requests and answers are held to botocore's own model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.domain.conversation import GuardrailVerdict, HandOver, Prompt, Usage
from chalicelib.errors import ModelUnavailable, Unavailable
from chalicelib.gateways.bedrock import GONE_SECONDS, REFUSED, BedrockModel
from chalicelib.gateways.converse import FILTERED, ModelOptions, hand_over_schema
from tests.aws import stubbed

HAIKU_5 = "us.anthropic.claude-haiku-5-5"
HAIKU_4 = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0"
LIST = (HAIKU_5, HAIKU_4, HAIKU_3)
USAGE = {"inputTokens": 1000, "outputTokens": 200, "totalTokens": 1200}
PROMPT = Prompt(
    rules="Be kind.",
    history=(("Hello", "Hi."), ("Plans?", "Three.")),
    facts=("<customer>Jo</customer>", "<passages></passages>"),
    question="How do I reset it?",
    may_hand_over=True,
)


def says(*texts: str, stop: str = "end_turn", trace: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return answers(*({"text": text} for text in texts), stop=stop, trace=trace)


def answers(*blocks: Any, stop: str = "end_turn", trace: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make an answer of Converse."""
    answer: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": stop,
        "usage": USAGE,
        "metrics": {"latencyMs": 400},
    }
    return {**answer, "trace": trace} if trace else answer


def hands_over(tool_input: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "t1", "name": "hand_over", "input": tool_input}}


ANSWER = says("Like this.")
GONE = [
    (code, "This model version has reached the end of its life.")
    for code in (
        *("ResourceNotFoundException", "AccessDeniedException", "ValidationException"),
        "ModelErrorException",
    )
]
BUSY = [
    (code, "no")
    for code in (
        *("ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException"),
        "InternalServerException",
    )
]
ODD_INPUTS: list[Any] = [{}, [], "please", None]
ENDS_IT = [
    (code, "no") for code in ("ModelTimeoutException", "ExpiredTokenException", "SomethingNewException")
]


class Bedrock:
    """A real client whose answers are scripted; `requests` and `pauses_seconds` are what was done."""

    def __init__(self, model_ids: Sequence[str] = LIST, guardrail_id: str | None = "gr1") -> None:
        self.requests: list[dict[str, Any]] = []
        self.pauses_seconds: list[float] = []
        client, self._stub = stubbed("bedrock-runtime")
        client.meta.events.register("provide-client-params.bedrock-runtime.Converse", self._note)
        options = ModelOptions(model_ids, 2000, 0.7, 0.9, guardrail_id, "3")
        self.now = 1000.0
        self.model = BedrockModel(client, options, self.pauses_seconds.append, lambda: self.now)

    def then(self, *outcomes: dict[str, Any] | tuple[str, str]) -> "Bedrock":
        """Script the next outcomes: answers, or error codes with their messages."""
        for outcome in outcomes:
            if isinstance(outcome, dict):
                self._stub.add_response("converse", outcome)
            else:
                self._stub.add_client_error("converse", *outcome)
        return self

    def reply(self, prompt: Prompt = PROMPT) -> Any:
        """Ask, and check that all that was scripted happened."""
        reply = self.model.reply(prompt)
        self._stub.assert_no_pending_responses()
        return reply

    def refuses(self) -> ModelUnavailable:
        """Ask, check that nothing answers, and return the failure."""
        with pytest.raises(ModelUnavailable) as refused:
            self.model.reply(PROMPT)
        self._stub.assert_no_pending_responses()
        return refused.value

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [request["modelId"] for request in self.requests]

    def _note(self, params: dict[str, Any], **_: object) -> None:
        self.requests.append(params)


class Unreachable:
    """A client whose calls never get an answer."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    def converse(self, **_: Any) -> Any:
        self.calls += 1
        raise self.failures.pop(0)


def error(code: str, message: str = "no") -> tuple[str, str]:
    return code, message


def test_the_request_marks_the_question_alone_for_the_guardrail() -> None:
    bedrock = Bedrock().then(says("Like this."))
    bedrock.reply()
    (request,) = bedrock.requests
    assert request["system"] == [{"text": "Be kind."}]
    assert request["messages"] == [
        {"role": "user", "content": [{"text": "Hello"}]},
        {"role": "assistant", "content": [{"text": "Hi."}]},
        {"role": "user", "content": [{"text": "Plans?"}]},
        {"role": "assistant", "content": [{"text": "Three."}]},
        {
            "role": "user",
            "content": [
                {"text": "<customer>Jo</customer>"},
                {"text": "<passages></passages>"},
                {"guardContent": {"text": {"text": "How do I reset it?"}}},
            ],
        },
    ]
    assert request["guardrailConfig"] == {
        "guardrailIdentifier": "gr1",
        "guardrailVersion": "3",
        "trace": "enabled",
    }


def test_without_a_guardrail_nothing_is_marked() -> None:
    bedrock = Bedrock(guardrail_id=None).then(says("Like this."))
    bedrock.reply()
    assert "guardrailConfig" not in bedrock.requests[0]
    assert bedrock.requests[0]["messages"][-1]["content"][-1] == {"text": "How do I reset it?"}


def test_the_hand_over_tool_is_offered_until_there_is_a_ticket() -> None:
    bedrock = Bedrock().then(says("Like this."), says("Like this."))
    bedrock.model.reply(PROMPT)
    bedrock.reply(replace(PROMPT, may_hand_over=False))
    (tool,) = bedrock.requests[0]["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "hand_over"
    assert tool["toolSpec"]["inputSchema"] == {"json": hand_over_schema()}
    assert "toolConfig" not in bedrock.requests[1]


@pytest.mark.parametrize(
    ("model_id", "sampling"),
    [(HAIKU_3, {"temperature": 0.7, "topP": 0.9}), (HAIKU_4, {"temperature": 0.7}), (HAIKU_5, {})],
)
def test_each_model_gets_the_sampling_parameters_that_it_takes(
    model_id: str, sampling: dict[str, float]
) -> None:
    bedrock = Bedrock([model_id]).then(says("Like this."))
    bedrock.reply()
    assert bedrock.requests[0]["inferenceConfig"] == {"maxTokens": 2000, **sampling}


def test_the_reply_says_which_model_spoke_and_what_it_cost() -> None:
    reply = Bedrock().then(says("Like this. [1]")).reply()
    assert (reply.text, reply.model) == ("Like this. [1]", HAIKU_5)
    assert reply.usage == Usage(1000, 200, 0.0002)
    assert reply.guardrail == GuardrailVerdict()
    assert reply.hand_over is None


def test_a_router_names_the_model_that_spoke() -> None:
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0"
    reply = Bedrock().then(says("Hi.", trace={"promptRouter": {"invokedModelId": arn}})).reply()
    assert reply.model == "amazon.nova-2-lite-v1:0"


def test_texts_are_joined_and_thoughts_left_out() -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "The customer wants…"}}}
    reply = Bedrock().then(answers(thought, {"text": " One. "}, {"text": ""}, {"text": "Two.\n"})).reply()
    assert reply.text.split() == ["One.", "Two."]


@pytest.mark.parametrize(
    ("outcomes", "asked", "pauses"),
    [
        *([[gone, gone, ANSWER], [HAIKU_5, HAIKU_4, HAIKU_3], 0] for gone in GONE),
        *([[busy, ANSWER], [HAIKU_5, HAIKU_5], 1] for busy in BUSY),
        ([*BUSY[:3], ANSWER], [HAIKU_5, HAIKU_5, HAIKU_4, HAIKU_4], 2),
        ([GONE[0], *BUSY[:2], ANSWER], [HAIKU_5, HAIKU_4, HAIKU_4, HAIKU_3], 1),
        ([BUSY[0]] * 6, [HAIKU_5, HAIKU_5, HAIKU_4, HAIKU_4, HAIKU_3, HAIKU_3], 3),
        ([GONE[0]] * 3, [HAIKU_5, HAIKU_4, HAIKU_3], 0),
        *([[other], [HAIKU_5], 0] for other in ENDS_IT),
    ],
)
def test_the_gone_are_skipped_and_the_busy_asked_once_more_after_a_pause(
    outcomes: list[Any], asked: list[str], pauses: int
) -> None:
    bedrock = Bedrock().then(*outcomes)
    if outcomes[-1] is ANSWER:
        assert bedrock.reply().model == asked[-1]
    else:
        refusal = bedrock.refuses()
        assert isinstance(refusal.__cause__, ClientError)
        assert refusal.retry_after_seconds > 0
    assert (bedrock.asked, len(bedrock.pauses_seconds)) == (asked, pauses)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_model_that_is_gone_is_looked_at_again_after_some_minutes(code: str) -> None:
    bedrock = Bedrock([HAIKU_5, HAIKU_4]).then(error(code), says("One."), says("Two."), says("Three."))
    bedrock.model.reply(PROMPT)
    bedrock.model.reply(PROMPT)
    bedrock.now += GONE_SECONDS
    bedrock.reply()
    assert bedrock.asked == [HAIKU_5, HAIKU_4, HAIKU_4, HAIKU_5]


@pytest.mark.parametrize(
    "code",
    ["ThrottlingException", "ValidationException", "ModelErrorException", "ServiceUnavailableException"],
)
def test_what_passes_or_lies_in_a_question_changes_nothing_for_the_next(code: str) -> None:
    failures = [error(code)] * (1 if code in REFUSED else 2)
    bedrock = Bedrock([HAIKU_5, HAIKU_4]).then(*failures, says("One."), says("Two."))
    assert bedrock.model.reply(PROMPT).model == HAIKU_4
    assert bedrock.reply().model == HAIKU_5


def test_where_all_models_are_gone_all_are_asked() -> None:
    gone = error("AccessDeniedException")
    bedrock = Bedrock([HAIKU_5, HAIKU_4]).then(gone, gone, gone, says("One."))
    with pytest.raises(ModelUnavailable):
        bedrock.model.reply(PROMPT)
    assert bedrock.reply().model == HAIKU_4


@pytest.mark.parametrize(
    "message",
    [
        "`temperature` and `top_p` cannot both be specified for this model.",
        "The model returned the following errors: temperature is deprecated for this model.",
        "topP is not supported.",
    ],
)
def test_a_model_that_refuses_sampling_is_asked_again_without(message: str) -> None:
    bedrock = Bedrock([HAIKU_3]).then(error("ValidationException", message), says("One."), says("Two."))
    bedrock.model.reply(PROMPT)
    bedrock.reply()
    assert [request["inferenceConfig"].keys() for request in bedrock.requests] == [
        {"maxTokens", "temperature", "topP"},
        {"maxTokens"},
        {"maxTokens"},
    ]


def test_what_one_model_refuses_another_still_gets() -> None:
    refusal = error("ValidationException", "temperature is not supported")
    gone = error("ResourceNotFoundException")
    bedrock = Bedrock([HAIKU_3, HAIKU_4]).then(refusal, gone, says("One."))
    bedrock.reply()
    assert bedrock.requests[-1]["inferenceConfig"] == {"maxTokens": 2000, "temperature": 0.7}


def test_a_model_that_refuses_sampling_it_was_not_sent_is_skipped() -> None:
    refusal = error("ValidationException", "temperature is not supported")
    bedrock = Bedrock([HAIKU_5, HAIKU_3]).then(refusal, says("One."))
    assert bedrock.reply().model == HAIKU_3


def test_a_cut_answer_shows_that_it_is_cut() -> None:
    assert Bedrock().then(says("Step 1. Step", stop="max_tokens")).reply().text == "Step 1. Step …"


@pytest.mark.parametrize(
    "stop", ["malformed_model_output", "malformed_tool_use", "model_context_window_exceeded"]
)
def test_an_answer_that_broke_off_is_no_answer(stop: str) -> None:
    Bedrock().then(says("Half an", stop=stop)).refuses()


@pytest.mark.parametrize("blocks", [(), ({"text": ""},), ({"text": " \n"}, {"text": "\t"})])
def test_a_blank_answer_is_no_answer(blocks: tuple[Any, ...]) -> None:
    Bedrock().then(answers(*blocks)).refuses()


def test_the_guardrails_words_are_the_answer_and_its_findings_the_reasons() -> None:
    topic = {"name": "Legal advice", "type": "DENY", "action": "BLOCKED"}
    trace = {"guardrail": {"inputAssessment": {"gr1": {"topicPolicy": {"topics": [topic]}}}}}
    reply = Bedrock().then(says("I can't advise on that.", stop="guardrail_intervened", trace=trace)).reply()
    assert reply.text == "I can't advise on that."
    assert reply.guardrail == GuardrailVerdict(True, ("topic:Legal advice",))


@pytest.mark.parametrize("stop", ["guardrail_intervened", "content_filtered"])
def test_a_filtered_answer_without_words_gets_ours(stop: str) -> None:
    reply = Bedrock().then(answers(stop=stop)).reply()
    assert reply.text == FILTERED
    assert reply.guardrail == GuardrailVerdict(True, ())


def test_what_the_guardrail_let_pass_is_no_intervention() -> None:
    insult = {"type": "INSULTS", "confidence": "LOW", "action": "NONE"}
    trace = {"guardrail": {"inputAssessment": {"gr1": {"contentPolicy": {"filters": [insult]}}}}}
    assert Bedrock().then(says("Hi.", trace=trace)).reply().guardrail == GuardrailVerdict(False, ())


def test_the_hand_over_is_read_beside_the_text() -> None:
    hand_over = {"reason": "missing_knowledge", "summary": "Unknown error 7.", "message": " I pass it on. "}
    reply = Bedrock().then(answers({"text": "Hm."}, hands_over(hand_over), stop="tool_use")).reply()
    assert reply.text == "Hm."
    assert reply.hand_over == HandOver("missing_knowledge", "Unknown error 7.", "I pass it on.")


@pytest.mark.parametrize(
    ("tool_input", "hand_over"),
    [
        *((odd, HandOver("customer_request", "", "")) for odd in ODD_INPUTS),
        ({"reason": "boredom", "summary": "s"}, HandOver("customer_request", "s")),
        ({"reason": ["customer_request"], "summary": "s"}, HandOver("customer_request", "s")),
        ({"reason": "policy_restriction", "summary": None}, HandOver("policy_restriction", "")),
        ({"reason": "policy_restriction", "message": 5}, HandOver("policy_restriction", "")),
        ({"reason": "policy_restriction", "summary": {"a": 1}}, HandOver("policy_restriction", "")),
        ({"summary": "x" * 5000}, HandOver("customer_request", "x" * 1000)),
        ({"message": "y" * 5000}, HandOver("customer_request", "", "y" * 1000)),
    ],
)
def test_a_hand_over_that_is_filled_in_oddly_counts(tool_input: Any, hand_over: HandOver) -> None:
    reply = Bedrock().then(answers(hands_over(tool_input), stop="tool_use")).reply()
    assert reply.text == ""
    assert reply.hand_over == hand_over


def unreachable(*failures: Exception) -> tuple[BedrockModel, Unreachable]:
    client = Unreachable(*failures)
    options = ModelOptions(LIST, 2000, 0.7, 0.9, None, "1")
    return BedrockModel(cast(Any, client), options, lambda _: None), client


@pytest.mark.parametrize(
    "failure", [ReadTimeoutError(endpoint_url="https://bedrock"), KeyError("stopReason")], ids=["slow", "odd"]
)
def test_a_model_that_does_not_answer_in_time_or_oddly_is_not_asked_twice(failure: Exception) -> None:
    model, client = unreachable(failure)
    with pytest.raises(ModelUnavailable):
        model.reply(PROMPT)
    assert client.calls == 1


def test_a_connection_that_cannot_be_made_is_tried_with_each_model_twice() -> None:
    failures = [EndpointConnectionError(endpoint_url="u"), ConnectTimeoutError(endpoint_url="u")] * 3
    model, client = unreachable(*failures)
    with pytest.raises(ModelUnavailable):
        model.reply(PROMPT)
    assert (client.calls, client.closed) == (6, 6)


PINGED = {"converse": {"messages": [{"role": "user", "content": [{"text": "ping"}]}]}}


def pinged(*errors: str | None) -> list[str]:
    """Ping with scripted answers of CountTokens; return the models whose tokens were counted."""
    client, stub = stubbed("bedrock-runtime")
    models: list[str] = []
    note = "provide-client-params.bedrock-runtime.CountTokens"
    client.meta.events.register(note, lambda params, **_: models.append(params["modelId"]))
    for model_id, code in zip((HAIKU_5, HAIKU_4, HAIKU_3), errors, strict=False):
        asked = {"modelId": model_id.removeprefix("us."), "input": PINGED}
        if code:
            stub.add_client_error("count_tokens", code, expected_params=asked)
        else:
            stub.add_response("count_tokens", {"inputTokens": 1}, asked)
    BedrockModel(client, ModelOptions(LIST, 2000, 0.7, 0.9, "gr1", "3")).ping()
    stub.assert_no_pending_responses()
    return models


def test_a_ping_counts_the_tokens_of_the_first_model_alone_and_asks_none() -> None:
    assert pinged(None) == ["anthropic.claude-haiku-5-5"]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_ping_goes_on_where_a_model_is_gone(code: str) -> None:
    assert len(pinged(code, None)) == 2
    with pytest.raises(Unavailable):
        pinged(code, code, code)


def test_a_model_that_counts_no_tokens_is_in_reach_all_the_same() -> None:
    assert len(pinged("ValidationException")) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "ExpiredTokenException"])
def test_a_ping_that_bedrock_does_not_take_is_unavailable(code: str) -> None:
    with pytest.raises(Unavailable):
        pinged(code)
