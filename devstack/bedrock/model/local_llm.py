"""A real model behind Converse: any OpenAI-compatible `/chat/completions`, such as Ollama's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from devstack.bedrock.model.chat_model import ModelReply, estimated_tokens, input_tokens, texts_of
from devstack.bedrock.wire.protocol import ServiceError

TIMEOUT_SECONDS = (3.05, 120.0)  # to connect, to answer
SHOWN_CHARACTERS = 300
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
ERROR_CODES = {408: "ModelTimeoutException", 429: "ThrottlingException", 503: "ServiceUnavailableException"}

Json = dict[str, Any]


class MalformedToolUse(Exception):
    """The model called a tool with arguments that are not an object."""


@dataclass(frozen=True)
class LocalLlm:
    """Asks LOCAL_LLM_URL, such as `http://127.0.0.1:11434/v1`, for the answers of LOCAL_LLM_MODEL."""

    url: str
    model: str
    api_key: str | None = None
    timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer a Converse call. Raises: ServiceError with an error that Converse declares."""
        with self._reading():
            completion = self._post(request_body(self.model, parameters)).json()
            return _reply(completion, parameters, self.model)

    def stream(self, parameters: Mapping[str, Any]) -> Generator[str, None, ModelReply]:
        """Yield the pieces of the text while it is written, and return the whole reply.

        Raises: ServiceError with an error that ConverseStream declares.
        """
        written = _Written()
        body = {
            **request_body(self.model, parameters),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        with self._reading():
            for line in self._post(body).iter_lines():
                if line.startswith(b"data:") and (data := line[5:].strip()) != b"[DONE]":
                    yield written.add(json.loads(data))
            return _reply(written.completion(), parameters, self.model)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn what goes wrong with an answer within the block into the error that Bedrock has for it."""
        try:
            yield
        except requests.ReadTimeout as error:
            raise ServiceError("ModelTimeoutException", f"{self._address} did not answer in time.") from error
        except requests.JSONDecodeError as error:
            raise ServiceError("ModelErrorException", f"{self._address} did not answer with JSON.") from error
        except requests.RequestException as error:
            raise ServiceError(
                "ServiceUnavailableException", f"{self._address} cannot be reached."
            ) from error
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise ServiceError(
                "ModelErrorException", f"{self.url} did not answer with a chat completion."
            ) from error

    @property
    def _address(self) -> str:
        return f"{self.url.rstrip('/')}/chat/completions"

    def _post(self, body: Json) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        response = requests.post(
            self._address, json=body, headers=headers, timeout=self.timeout_seconds, stream=body["stream"]
        )
        if not response.ok:
            code = ERROR_CODES.get(response.status_code, "ModelErrorException")
            shown = response.text[:SHOWN_CHARACTERS]
            raise ServiceError(
                code, f"{self._address} answered {response.status_code} for {self.model!r}: {shown}"
            )
        return response


class _Written:
    """Puts the pieces of a streamed completion together."""

    def __init__(self) -> None:
        self._content = ""
        self._calls: dict[int, Json] = {}
        self._finish_reason: str | None = None
        self._rest: Json = {}

    def add(self, chunk: Json) -> str:
        """Add a piece; return the text that it brings."""
        self._rest.update({name: chunk[name] for name in ("model", "usage") if chunk.get(name)})
        text = ""
        for choice in chunk["choices"]:
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            text += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls") or ():
                self._add_call(call)
        self._content += text
        return text

    def completion(self) -> Json:
        """Return the completion as it would be without streaming."""
        message = {"content": self._content, "tool_calls": list(self._calls.values())}
        return {"choices": [{"message": message, "finish_reason": self._finish_reason}], **self._rest}

    def _add_call(self, call: Json) -> None:
        kept = self._calls.setdefault(call.get("index", 0), {"id": call.get("id"), "function": {}})
        given = call.get("function", {})
        function = kept["function"]
        function["name"] = given.get("name") or function.get("name")
        function["arguments"] = function.get("arguments", "") + (given.get("arguments") or "")


def request_body(model: str, parameters: Mapping[str, Any]) -> Json:
    """Return the chat completion request for the parameters of a Converse call."""
    system = "\n\n".join(block["text"] for block in parameters.get("system", ()) if "text" in block)
    messages = [each for message in parameters["messages"] for each in _messages(message)]
    config = parameters.get("inferenceConfig", {})
    limits = {
        "max_tokens": config.get("maxTokens"),
        "temperature": config.get("temperature"),
        "top_p": config.get("topP"),
        "stop": config.get("stopSequences") or None,
    }
    return {
        "model": model,
        "messages": [{"role": "system", "content": system}, *messages] if system else messages,
        "stream": False,
        **{name: value for name, value in limits.items() if value is not None},
        **_tools(parameters.get("toolConfig", {})),
    }


def _messages(message: Mapping[str, Any]) -> Iterator[Json]:
    """Yield a message of Converse as chat messages: results of tools are messages of their own."""
    for block in message["content"]:
        if result := block.get("toolResult"):
            parts = (part.get("text") or json.dumps(part.get("json")) for part in result["content"])
            yield {"role": "tool", "tool_call_id": result["toolUseId"], "content": "\n".join(parts)}
    calls = [_tool_call(block["toolUse"]) for block in message["content"] if "toolUse" in block]
    text = "\n\n".join(texts_of(message))
    if text or calls:
        yield {"role": message["role"], "content": text, **({"tool_calls": calls} if calls else {})}


def _tool_call(tool_use: Mapping[str, Any]) -> Json:
    function = {"name": tool_use["name"], "arguments": json.dumps(tool_use["input"])}
    return {"id": tool_use["toolUseId"], "type": "function", "function": function}


def _tools(config: Mapping[str, Any]) -> Json:
    specs = [tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool]
    if not specs:
        return {}
    tools = [
        {
            "type": "function",
            "function": {
                "name": spec["name"],
                "description": spec.get("description", ""),
                "parameters": spec["inputSchema"].get("json", {}),
            },
        }
        for spec in specs
    ]
    choice = config.get("toolChoice", {})
    if "tool" in choice:
        return {
            "tools": tools,
            "tool_choice": {"type": "function", "function": {"name": choice["tool"]["name"]}},
        }
    return {"tools": tools, "tool_choice": "required" if "any" in choice else "auto"}


def _reply(completion: Any, parameters: Mapping[str, Any], model: str) -> ModelReply:
    choice = completion["choices"][0]
    text = (choice["message"].get("content") or "").strip()
    stop_reason = STOP_REASONS.get(choice.get("finish_reason") or "stop", "end_turn")
    content: list[Json] = [{"text": text}] if text else []
    try:
        content += [_tool_use(call) for call in choice["message"].get("tool_calls") or ()]
    except (ValueError, MalformedToolUse):  # Bedrock has a stop reason for that
        stop_reason = "malformed_tool_use"
    if stop_reason == "end_turn" and any("toolUse" in block for block in content):
        stop_reason = "tool_use"  # some servers say "stop" all the same
    usage = completion.get("usage") or {}
    return ModelReply(
        content or [{"text": "…"}],
        stop_reason if content else "malformed_model_output",
        usage.get("prompt_tokens", input_tokens(parameters)),
        usage.get("completion_tokens", estimated_tokens(text)),
        completion.get("model") or model,
    )


def _tool_use(call: Mapping[str, Any]) -> Json:
    arguments = call["function"]["arguments"]
    given = arguments if isinstance(arguments, dict) else json.loads(arguments or "{}")
    if not isinstance(given, dict):
        raise MalformedToolUse
    tool_use_id = call.get("id") or f"tooluse_{uuid.uuid4().hex}"
    return {"toolUse": {"toolUseId": tool_use_id, "name": call["function"]["name"], "input": given}}
