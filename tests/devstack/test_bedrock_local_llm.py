"""A local model behind Converse: what it is sent, what is made of its answers, and of its failures."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from devstack.bedrock.model.local_llm import LocalLlm
from devstack.bedrock.wire.protocol import ServiceError
from tests.devstack.bedrock_server import Server, running, serving

HELLO: Any = [{"role": "user", "content": [{"text": "hello"}]}]
TOOLS: Any = {
    "tools": [
        {
            "toolSpec": {
                "name": "hand_over",
                "description": "To a person.",
                "inputSchema": {"json": {"type": "object"}},
            }
        }
    ]
}


class FakeLlm:
    """An OpenAI-compatible server that answers as told and remembers what it was asked."""

    def __init__(self, answer: Any, status: int = 200, delay_seconds: float = 0.0) -> None:
        self.answer = answer
        self.status = status
        self.delay_seconds = delay_seconds
        self.asked: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.path = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(json.loads(request.get_data()))
        self.headers, self.path = dict(request.headers), request.path
        time.sleep(self.delay_seconds)
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer)
        return Response(body, status=self.status)(environ, start_response)


def completion(content: str | None = "Hi!", finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "model": "tiny-llm:1b",
        "choices": [
            {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish_reason}
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3},
    }


def tool_call(arguments: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "hand_over", "arguments": arguments}}


@contextmanager
def answering(llm: FakeLlm, **settings: Any) -> Iterator[Server]:
    with (
        serving(llm) as url,
        running(llm_url=f"{url}/v1", llm_model="tiny-llm", **settings) as server,
    ):
        yield server


def converse(llm: FakeLlm, **parameters: Any) -> Any:
    with answering(llm) as server:
        return server.runtime.converse(**{"modelId": "local-extractive", "messages": HELLO, **parameters})


def test_the_answer_names_the_model_that_spoke() -> None:
    answer = converse(FakeLlm(completion()))
    assert answer["output"]["message"]["content"] == [{"text": "Hi!"}]
    assert answer["stopReason"] == "end_turn"
    assert answer["trace"]["promptRouter"]["invokedModelId"] == "tiny-llm:1b"
    assert answer["usage"] == {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14}


def test_the_conversation_is_sent_as_chat_messages() -> None:
    llm = FakeLlm(completion())
    question: Any = {"guardContent": {"text": {"text": "And now?"}}}
    converse(
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
    assert llm.path == "/v1/chat/completions"
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


@pytest.mark.parametrize("key", ["secret", None])
def test_the_key_is_sent_when_there_is_one(key: str | None) -> None:
    llm = FakeLlm(completion())
    with answering(llm, llm_api_key=key) as server:
        server.runtime.converse(modelId="local-extractive", messages=HELLO)
    assert llm.headers.get("Authorization") == (f"Bearer {key}" if key else None)


@pytest.mark.parametrize("arguments", ['{"reason": "customer_request"}', {"reason": "customer_request"}])
@pytest.mark.parametrize("finish_reason", ["tool_calls", "stop"])
def test_a_tool_call_becomes_a_tool_use(arguments: Any, finish_reason: str) -> None:
    llm = FakeLlm(completion("One moment.", finish_reason, tool_calls=[tool_call(arguments)]))
    answer = converse(llm, toolConfig=TOOLS)
    assert answer["stopReason"] == "tool_use"
    assert answer["output"]["message"]["content"] == [
        {"text": "One moment."},
        {"toolUse": {"toolUseId": "call_1", "name": "hand_over", "input": {"reason": "customer_request"}}},
    ]
    assert llm.asked[0]["tool_choice"] == "auto"
    assert llm.asked[0]["tools"][0]["function"] == {
        "name": "hand_over",
        "description": "To a person.",
        "parameters": {"type": "object"},
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ({"any": {}}, "required"),
        ({"tool": {"name": "hand_over"}}, {"type": "function", "function": {"name": "hand_over"}}),
    ],
)
def test_a_forced_tool_stays_forced(choice: Any, sent: Any) -> None:
    llm = FakeLlm(completion())
    converse(llm, toolConfig={**TOOLS, "toolChoice": choice})
    assert llm.asked[0]["tool_choice"] == sent


def test_tool_uses_and_their_results_are_sent_back() -> None:
    llm = FakeLlm(completion())
    use: Any = {"toolUse": {"toolUseId": "call_1", "name": "hand_over", "input": {"a": 1}}}
    result: Any = {
        "toolResult": {"toolUseId": "call_1", "content": [{"json": {"ticket": 7}}, {"text": "done"}]}
    }
    messages = [*HELLO, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    converse(llm, messages=messages, toolConfig=TOOLS)
    assert llm.asked[0]["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "hand_over", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": '{"ticket": 7}\ndone'},
    ]


@pytest.mark.parametrize("arguments", ["{", "[1]", "7"])
def test_a_tool_call_that_cannot_be_read_is_malformed(arguments: str) -> None:
    llm = FakeLlm(completion("Well.", "tool_calls", tool_calls=[tool_call(arguments)]))
    assert converse(llm, toolConfig=TOOLS)["stopReason"] == "malformed_tool_use"


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
    assert converse(FakeLlm(completion("Hi!", finish_reason)))["stopReason"] == stop_reason


def test_an_empty_answer_is_malformed_output() -> None:
    assert converse(FakeLlm(completion(None)))["stopReason"] == "malformed_model_output"


def test_tokens_are_estimated_when_the_server_counts_none() -> None:
    answer = completion("a" * 8)
    del answer["usage"], answer["model"]
    given = converse(FakeLlm(answer))
    assert given["usage"] == {"inputTokens": 2, "outputTokens": 2, "totalTokens": 4}
    assert given["trace"]["promptRouter"]["invokedModelId"] == "tiny-llm"


def test_the_guardrail_stands_before_a_local_model_too() -> None:
    llm = FakeLlm(completion())
    messages = [{"role": "user", "content": [{"text": "How do I prune my roses?"}]}]
    guardrail = {"guardrailIdentifier": "testguardrail", "guardrailVersion": "1"}
    assert converse(llm, messages=messages, guardrailConfig=guardrail)["stopReason"] == "guardrail_intervened"
    assert llm.asked == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "ThrottlingException"),
        (503, "ServiceUnavailableException"),
        (408, "ModelTimeoutException"),
        (404, "ModelErrorException"),
        (401, "ModelErrorException"),
        (500, "ModelErrorException"),
    ],
)
def test_a_failing_server_is_the_error_that_bedrock_has_for_it(status: int, code: str) -> None:
    with pytest.raises(ClientError, match="model 'tiny-llm' not found") as raised:
        converse(FakeLlm({"error": "model 'tiny-llm' not found"}, status))
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    "answer", [b"<html>", {}, {"choices": []}, {"choices": [{"message": None}]}, [], "hi"]
)
def test_an_answer_that_is_no_completion_is_a_model_error(answer: Any) -> None:
    with pytest.raises(ClientError) as raised:
        converse(FakeLlm(answer))
    assert raised.value.response["Error"]["Code"] == "ModelErrorException"


def _code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ServiceError) as raised:
        call()
    return raised.value.code


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        llm = LocalLlm(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "tiny-llm")
        assert _code_of(lambda: llm.converse({"messages": HELLO})) == "ServiceUnavailableException"


def test_a_server_that_takes_too_long_times_out() -> None:
    with serving(FakeLlm(completion(), delay_seconds=0.5)) as url:
        llm = LocalLlm(url, "tiny-llm", timeout_seconds=(1.0, 0.1))
        assert _code_of(lambda: llm.converse({"messages": HELLO})) == "ModelTimeoutException"
