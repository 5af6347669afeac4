"""A local model behind Converse: what it is sent, what is made of its answers, and of its failures."""

import json
import socket
from functools import partial
from typing import Any

import pytest

from devstack.bedrock.model.chat_model import ModelReply
from devstack.bedrock.model.local_llm import LocalLlm
from devstack.bedrock.wire.protocol import ServiceError
from tests.devstack.bedrock_server import FakeEndpoint, running, serving

HELLO: Any = [{"role": "user", "content": [{"text": "hello"}]}]
SPEC = {"name": "hand_over", "description": "To a person.", "inputSchema": {"json": {"type": "object"}}}
TOOLS: Any = {"tools": [{"toolSpec": SPEC}]}


def completion(content: str | None = "Hi!", finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": content, **message}
    usage = {"prompt_tokens": 11, "completion_tokens": 3}
    return {
        "model": "tiny-llm:1b",
        "choices": [{"message": said, "finish_reason": finish_reason}],
        "usage": usage,
    }


def tool_call(arguments: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "hand_over", "arguments": arguments}}


def replied(llm: FakeEndpoint, **parameters: Any) -> ModelReply:
    """Ask the model of a server."""
    with serving(llm) as url:
        return LocalLlm(f"{url}/v1/", "tiny-llm", "secret").converse({"messages": HELLO, **parameters})


def test_a_local_model_stands_behind_converse_and_the_guardrail_before_it() -> None:
    llm = FakeEndpoint(completion())
    guardrail: Any = {"guardrailIdentifier": "testguardrail", "guardrailVersion": "1"}
    with serving(llm) as url, running(llm_url=f"{url}/v1", llm_model="tiny-llm") as server:
        converse: Any = partial(
            server.runtime.converse, modelId="local-extractive", guardrailConfig=guardrail
        )
        answer = converse(messages=HELLO)
        roses = [{"role": "user", "content": [{"text": "How do I prune my roses?"}]}]
        assert converse(messages=roses)["stopReason"] == "guardrail_intervened"
    assert answer["output"]["message"]["content"] == [{"text": "Hi!"}]
    assert answer["trace"]["promptRouter"]["invokedModelId"].endswith(":inference-profile/tiny-llm:1b")
    assert answer["usage"] == {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14}
    assert len(llm.asked) == 1
    assert "Authorization" not in llm.request.headers


def test_the_conversation_is_sent_as_chat_messages() -> None:
    llm = FakeEndpoint(completion())
    question: Any = {"guardContent": {"text": {"text": "And now?"}}}
    replied(
        llm,
        system=[{"text": "Be kind."}],
        messages=[
            *HELLO,
            {"role": "assistant", "content": [{"text": "Hi."}]},
            {"role": "user", "content": [{"text": "<passages></passages>"}, question]},
        ],
        inferenceConfig={"maxTokens": 50, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
    )
    (asked,) = llm.asked
    assert llm.request.path == "/v1/chat/completions"
    assert llm.request.headers["Authorization"] == "Bearer secret"
    assert asked == {
        "model": "tiny-llm",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": "<passages></passages>\n\nAnd now?"},
        ],
        "stream": False,
        "max_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
    }


@pytest.mark.parametrize("arguments", ['{"reason": "customer_request"}', {"reason": "customer_request"}])
@pytest.mark.parametrize("finish_reason", ["tool_calls", "stop"])
def test_a_tool_call_becomes_a_tool_use(arguments: Any, finish_reason: str) -> None:
    llm = FakeEndpoint(completion("One moment.", finish_reason, tool_calls=[tool_call(arguments)]))
    reply = replied(llm, toolConfig=TOOLS)
    assert reply.stop_reason == "tool_use"
    assert reply.content == [
        {"text": "One moment."},
        {"toolUse": {"toolUseId": "call_1", "name": "hand_over", "input": {"reason": "customer_request"}}},
    ]
    assert llm.asked[0]["tool_choice"] == "auto"
    function = {"name": "hand_over", "description": "To a person.", "parameters": {"type": "object"}}
    assert llm.asked[0]["tools"] == [{"type": "function", "function": function}]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ({"any": {}}, "required"),
        ({"tool": {"name": "hand_over"}}, {"type": "function", "function": {"name": "hand_over"}}),
    ],
)
def test_a_forced_tool_stays_forced(choice: Any, sent: Any) -> None:
    llm = FakeEndpoint(completion())
    replied(llm, toolConfig={**TOOLS, "toolChoice": choice})
    assert llm.asked[0]["tool_choice"] == sent


def test_tool_uses_and_their_results_are_sent_back() -> None:
    llm = FakeEndpoint(completion())
    use: Any = {"toolUse": {"toolUseId": "call_1", "name": "hand_over", "input": {"a": 1}}}
    content = [{"json": {"ticket": 7}}, {"text": "done"}]
    result: Any = {"toolResult": {"toolUseId": "call_1", "content": content}}
    messages = [*HELLO, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    replied(llm, messages=messages, toolConfig=TOOLS)
    assert llm.asked[0]["messages"][1:] == [
        {"role": "assistant", "content": "", "tool_calls": [tool_call('{"a": 1}')]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"ticket": 7}\ndone'},
    ]


@pytest.mark.parametrize("arguments", ["{", "[1]", "7"])
def test_a_tool_call_that_cannot_be_read_is_malformed(arguments: str) -> None:
    llm = FakeEndpoint(completion("Well.", "tool_calls", tool_calls=[tool_call(arguments)]))
    assert replied(llm, toolConfig=TOOLS).stop_reason == "malformed_tool_use"


@pytest.mark.parametrize(
    ("finish_reason", "stop_reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "content_filtered"),
        ("odd", "end_turn"),
    ],
)
def test_finish_reasons_become_stop_reasons(finish_reason: str, stop_reason: str) -> None:
    assert replied(FakeEndpoint(completion("Hi!", finish_reason))).stop_reason == stop_reason


def test_an_empty_answer_is_malformed_output() -> None:
    assert replied(FakeEndpoint(completion(None))).stop_reason == "malformed_model_output"


def test_tokens_are_estimated_when_the_server_counts_none() -> None:
    answer = completion("a" * 8)
    del answer["usage"], answer["model"]
    reply = replied(FakeEndpoint(answer))
    assert (reply.input_tokens, reply.output_tokens, reply.model) == (2, 2, "tiny-llm")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "ThrottlingException"),
        (503, "ServiceUnavailableException"),
        (408, "ModelTimeoutException"),
        (404, "ModelErrorException"),
    ],
)
def test_a_failing_server_is_the_error_that_bedrock_has_for_it(status: int, code: str) -> None:
    with pytest.raises(ServiceError, match="model 'tiny-llm' not found") as raised:
        replied(FakeEndpoint({"error": "model 'tiny-llm' not found"}, status))
    assert raised.value.code == code


@pytest.mark.parametrize(
    "answer", [b"<html>", {}, {"choices": []}, {"choices": [{"message": None}]}, [], "hi"]
)
def test_an_answer_that_is_no_completion_is_a_model_error(answer: Any) -> None:
    with pytest.raises(ServiceError, match="ModelErrorException"):
        replied(FakeEndpoint(answer))


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        llm = LocalLlm(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "tiny-llm")
        with pytest.raises(ServiceError, match="ServiceUnavailableException"):
            llm.converse({"messages": HELLO})


def test_a_server_that_takes_too_long_times_out() -> None:
    with serving(FakeEndpoint(completion(), delay_seconds=0.2)) as url:
        llm = LocalLlm(url, "tiny-llm", timeout_seconds=(1.0, 0.05))
        with pytest.raises(ServiceError, match="ModelTimeoutException"):
            llm.converse({"messages": HELLO})


def chunks(*deltas: dict[str, Any], finish_reason: str = "stop") -> bytes:
    """Return server-sent events as OpenAI's servers write them."""
    said = [
        {"choices": [{"delta": delta, "finish_reason": None}], "model": "tiny-llm:1b"} for delta in deltas
    ]
    end = {"choices": [{"delta": {}, "finish_reason": finish_reason}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 3}}
    lines = [f"data: {json.dumps(each)}\n\n" for each in (*said, end, usage)]
    return "".join([": hello\n\n", *lines, "data: [DONE]\n\n"]).encode()


def streamed(answer: Any, **parameters: Any) -> tuple[list[str], ModelReply]:
    """Return the pieces of a streamed answer, and the whole."""
    with serving(FakeEndpoint(answer)) as url:
        stream = LocalLlm(url, "tiny-llm").stream({"messages": HELLO, **parameters})
        texts = []
        while True:
            try:
                texts.append(next(stream))
            except StopIteration as end:
                return [text for text in texts if text], end.value


def test_a_streamed_answer_comes_in_pieces_and_is_the_same() -> None:
    texts, reply = streamed(chunks({"content": "Hi "}, {"content": "there!"}))
    assert texts == ["Hi ", "there!"]
    assert reply == ModelReply([{"text": "Hi there!"}], "end_turn", 11, 3, "tiny-llm:1b")


def test_a_streamed_tool_call_is_put_together() -> None:
    begin = {"index": 0, "id": "call_1", "function": {"name": "hand_over", "arguments": ""}}
    parts = [{"index": 0, "function": {"arguments": part}} for part in ('{"a":', " 1}")]
    _, reply = streamed(chunks(*({"tool_calls": [each]} for each in (begin, *parts))), toolConfig=TOOLS)
    assert reply.stop_reason == "tool_use"
    assert reply.content == [{"toolUse": {"toolUseId": "call_1", "name": "hand_over", "input": {"a": 1}}}]


@pytest.mark.parametrize("answer", [b"data: <html>\n\n", b"data: []\n\n", b'data: {"choices": [7]}\n\n'])
def test_a_streamed_answer_that_is_no_completion_is_a_model_error(answer: bytes) -> None:
    with pytest.raises(ServiceError, match="ModelErrorException"):
        streamed(answer)
