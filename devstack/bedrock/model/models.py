"""What answers a Converse request: the reply type that models share, and the extractive model."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from devstack.bedrock.model import extractive
from devstack.bedrock.model.prompt import passages_of, question_of, texts_of

CHARACTERS_PER_TOKEN = 4
HAND_OVER_TOOL = "hand_over"


@dataclass(frozen=True)
class ModelReply:
    """A model's turn: content blocks and stop reason as Converse has them; `model` when another one spoke."""

    content: Sequence[Mapping[str, Any]]
    stop_reason: str
    input_tokens: int
    output_tokens: int
    model: str | None = None


class ChatModel(Protocol):
    """Something that can stand behind Converse."""

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer a Converse call. Raises: ServiceError with an error that Converse declares."""
        ...


def estimated_tokens(text: str) -> int:
    """Estimate tokens at four characters each, which is near for English."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def input_tokens(parameters: Mapping[str, Any]) -> int:
    """Estimate the tokens of the system prompt and the messages."""
    system = [block.get("text", "") for block in parameters.get("system", ())]
    said = [text for message in parameters["messages"] for text in texts_of(message)]
    return estimated_tokens("".join([*system, *said]))


class ExtractiveModel:
    """Answers in the words of the passages that the prompt holds."""

    def __init__(self, rarity: Callable[[str], float]) -> None:
        self._rarity = rarity

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer the last user message."""
        *earlier, last = parameters["messages"]
        reply = extractive.reply(
            question_of(last),
            [question_of(message) for message in earlier if message["role"] == "user"],
            passages_of(last),
            self._rarity,
            _offers_hand_over(parameters),
        )
        if isinstance(reply, extractive.HandOver):
            return self._hand_over(reply, parameters)
        text, stop_reason = _cut(reply.text, parameters.get("inferenceConfig", {}))
        return ModelReply([{"text": text}], stop_reason, input_tokens(parameters), estimated_tokens(text))

    def _hand_over(self, reply: extractive.HandOver, parameters: Mapping[str, Any]) -> ModelReply:
        tool_input = {"reason": reply.reason, "summary": reply.summary, "message": reply.message}
        tool_use = {"toolUseId": f"tooluse_{uuid.uuid4().hex}", "name": HAND_OVER_TOOL, "input": tool_input}
        tokens = estimated_tokens("".join(tool_input.values()))
        return ModelReply([{"toolUse": tool_use}], "tool_use", input_tokens(parameters), tokens)


def _offers_hand_over(parameters: Mapping[str, Any]) -> bool:
    tools = parameters.get("toolConfig", {}).get("tools", ())
    return any(tool.get("toolSpec", {}).get("name") == HAND_OVER_TOOL for tool in tools)


def _cut(text: str, limits: Mapping[str, Any]) -> tuple[str, str]:
    """Cut a text at the first stop sequence and at the token limit; return it with its stop reason."""
    stops = [place for stop in limits.get("stopSequences", ()) if (place := text.find(stop)) >= 0]
    stop_reason = "stop_sequence" if stops else "end_turn"
    text = text[: min(stops)] if stops else text
    limit = limits.get("maxTokens")
    if limit is not None and estimated_tokens(text) > limit:
        return text[: limit * CHARACTERS_PER_TOKEN], "max_tokens"
    return text, stop_reason
