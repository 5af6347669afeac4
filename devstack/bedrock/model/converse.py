"""Converse, ConverseStream, CountTokens and ApplyGuardrail: a model between the guardrail's two sides."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devstack.bedrock.guardrail.guardrail import Guardrail, Verdict, coverage
from devstack.bedrock.model.chat_model import (
    ChatModel,
    ModelReply,
    estimated_tokens,
    guarded_texts,
    input_tokens,
)
from devstack.bedrock.wire.protocol import ServiceError

MODEL_ID = "local-extractive"
GUARDRAIL_VERSIONS = ("1", "DRAFT")
GUARDRAIL_ARN = "arn:aws:bedrock:us-east-1:123456789012:guardrail"
PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile"

JUDGED_CHARACTERS = 50
"""How much of a stream the guardrail waits for before it judges what there is, in its mode `sync`."""

Parameters = Mapping[str, Any]
Event = tuple[str, dict[str, Any]]
"""An event of ConverseStream: its name and its members."""


@dataclass
class Turn:
    """What a Converse call has come to so far."""

    trace: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def answer(self, reply: ModelReply, traces_guardrail: bool) -> dict[str, Any]:
        """Return the output of Converse."""
        trace: dict[str, Any] = {"guardrail": self.trace} if traces_guardrail and self.trace else {}
        if reply.model is not None:
            # Bedrock names it by an ARN, in which not every character of a local model's name may stand.
            name = re.sub(r"[^a-zA-Z0-9:.-]", "-", reply.model)
            trace["promptRouter"] = {"invokedModelId": f"{PROFILE_ARN}/{name}"}
        output = {
            "output": {"message": {"role": "assistant", "content": list(reply.content)}},
            "stopReason": reply.stop_reason,
            "usage": {
                "inputTokens": reply.input_tokens,
                "outputTokens": reply.output_tokens,
                "totalTokens": reply.input_tokens + reply.output_tokens,
            },
            "metrics": {"latencyMs": round((time.perf_counter() - self.started) * 1_000)},
        }
        return {**output, "trace": trace} if trace else output


class Conversation:
    """Answers Converse and ApplyGuardrail with one model and one guardrail."""

    def __init__(self, model: ChatModel, guardrail: Guardrail) -> None:
        self._model = model
        self._guardrail = guardrail

    def converse(self, parameters: Parameters) -> dict[str, Any]:
        """Answer Converse. Raises: ServiceError with an error that the operation declares."""
        turn, is_guarded, blocked = self._begin(parameters)
        reply = blocked or self._model.converse(parameters)
        if is_guarded and not blocked:
            reply = self._judge_output(reply, turn)
        return turn.answer(reply, _is_traced(parameters))

    def converse_stream(self, parameters: Parameters) -> Iterator[Event]:
        """Yield the events of ConverseStream, of a guardrail in the mode `sync`.

        Raises: ServiceError with an error that the operation declares, before the first event or after it.
        """
        turn, is_guarded, blocked = self._begin(parameters)
        yield "messageStart", {"role": "assistant"}
        if blocked:
            yield _text_event(blocked.content[0]["text"])
            reply = blocked
        elif is_guarded:
            reply = yield from self._judged_stream(parameters, turn)
        else:
            reply = yield from _text_events(self._model.stream(parameters))
        yield from _closing_events(turn.answer(reply, _is_traced(parameters)))

    def _begin(self, parameters: Parameters) -> tuple[Turn, bool, ModelReply | None]:
        """Check a request; return its turn, whether the guardrail applies, and what it answers itself."""
        if parameters["modelId"] != MODEL_ID:
            raise ServiceError("ValidationException", "The provided model identifier is invalid.")
        _check_messages(parameters.get("messages", []))
        is_guarded = self._applies(parameters.get("guardrailConfig", {}))
        turn = Turn()
        return turn, is_guarded, self._judge_input(parameters, turn) if is_guarded else None

    def _judged_stream(self, parameters: Parameters, turn: Turn) -> Generator[Event, None, ModelReply]:
        """Yield the text that the guardrail lets through, and what it says in place of the rest."""
        sent, written = "", ""
        pieces = self._model.stream(parameters)
        while True:
            try:
                written += next(pieces)
            except StopIteration as end:
                reply = self._judge_output(end.value, turn)
                break
            if len(written) - len(sent) >= JUDGED_CHARACTERS:
                verdict = self._guardrail.evaluate([written], "OUTPUT")
                if verdict.blocked:
                    cut = ModelReply(
                        [{"text": written}], "end_turn", input_tokens(parameters), estimated_tokens(written)
                    )
                    reply = self._judge_output(cut, turn)
                    break
                # The last word may be the beginning of what is masked.
                whole_words = verdict.outputs[0][: verdict.outputs[0].rfind(" ") + 1]
                if not verdict.masked and len(whole_words) > len(sent):
                    yield _text_event(whole_words[len(sent) :])
                    sent = whole_words
        text = "".join(block.get("text", "") for block in reply.content)
        rest = text.removeprefix(sent)
        if rest:
            yield _text_event(rest)
        return reply

    def count_tokens(self, parameters: Parameters) -> dict[str, Any]:
        """Answer CountTokens. Raises: ServiceError (ValidationException)."""
        asked = parameters["input"].get("converse")
        if parameters["modelId"] != MODEL_ID or asked is None:
            raise ServiceError("ValidationException", "The provided model doesn't support counting tokens.")
        _check_messages(asked.get("messages", []))
        return {"inputTokens": input_tokens(asked)}

    def apply_guardrail(self, parameters: Parameters) -> dict[str, Any]:
        """Answer ApplyGuardrail. Raises: ServiceError."""
        if not self._is_ours(parameters["guardrailIdentifier"], parameters["guardrailVersion"]):
            raise ServiceError(
                "ResourceNotFoundException", "The guardrail identifier or version does not exist."
            )
        if not all("text" in block for block in parameters["content"]):
            raise ServiceError("ValidationException", "The local stand-in's guardrail judges text only.")
        texts = [block["text"]["text"] for block in parameters["content"]]
        verdict = self._guardrail.evaluate(
            texts, parameters["source"], full=parameters.get("outputScope") == "FULL"
        )
        return {
            "usage": self._guardrail.usage(texts),
            "action": "GUARDRAIL_INTERVENED" if verdict.intervened else "NONE",
            "actionReason": verdict.action_reason,
            "outputs": [{"text": text} for text in verdict.outputs] if verdict.intervened else [],
            "assessments": [self._assessment(verdict)],
            "guardrailCoverage": coverage(texts),
        }

    def _applies(self, config: Parameters) -> bool:
        identifier, version = config.get("guardrailIdentifier", ""), config.get("guardrailVersion", "")
        if not identifier and not version:
            return False
        if not self._is_ours(identifier, version):
            raise ServiceError(
                "ValidationException",
                "The guardrail identifier or version provided in the request does not exist.",
            )
        return True

    def _is_ours(self, identifier: str, version: str) -> bool:
        return identifier.rpartition("/")[2] == self._guardrail.guardrail_id and version in GUARDRAIL_VERSIONS

    def _judge_input(self, parameters: Parameters, turn: Turn) -> ModelReply | None:
        verdict = self._guardrail.evaluate(guarded_texts(parameters["messages"]), "INPUT")
        turn.trace["inputAssessment"] = {self._guardrail.guardrail_id: self._assessment(verdict)}
        if not verdict.blocked:
            return None
        turn.trace["actionReason"] = verdict.action_reason
        return ModelReply([{"text": verdict.outputs[0]}], "guardrail_intervened", 0, 0)

    def _judge_output(self, reply: ModelReply, turn: Turn) -> ModelReply:
        texts = [block["text"] for block in reply.content if "text" in block]
        if not texts:
            return reply
        verdict = self._guardrail.evaluate(texts, "OUTPUT")
        turn.trace["outputAssessments"] = {self._guardrail.guardrail_id: [self._assessment(verdict)]}
        if not verdict.intervened:
            return reply
        turn.trace.update(modelOutput=texts, actionReason=verdict.action_reason)
        content = _replaced(reply.content, verdict)
        return ModelReply(
            content, "guardrail_intervened", reply.input_tokens, reply.output_tokens, reply.model
        )

    def _assessment(self, verdict: Verdict) -> dict[str, Any]:
        details = {
            "guardrailId": self._guardrail.guardrail_id,
            "guardrailVersion": GUARDRAIL_VERSIONS[0],
            "guardrailArn": f"{GUARDRAIL_ARN}/{self._guardrail.guardrail_id}",
            "guardrailOrigin": ["REQUEST"],
            "guardrailOwnership": "SELF",
        }
        return {**verdict.assessment, "appliedGuardrailDetails": details}


def _is_traced(parameters: Parameters) -> bool:
    traced: str = parameters.get("guardrailConfig", {}).get("trace", "disabled")
    return traced != "disabled"


def _text_event(text: str) -> Event:
    return "contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0}


def _text_events(pieces: Generator[str, None, ModelReply]) -> Generator[Event, None, ModelReply]:
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            reply: ModelReply = end.value
            return reply
        if piece:
            yield _text_event(piece)


def _closing_events(answer: Parameters) -> Iterator[Event]:
    """Yield what follows the text of an answer: the uses of tools, how it stopped and what it took."""
    content = answer["output"]["message"]["content"]
    if any("text" in block for block in content):
        yield "contentBlockStop", {"contentBlockIndex": 0}
    for index, block in enumerate(content):
        if use := block.get("toolUse"):
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": index}
            delta = {"toolUse": {"input": json.dumps(use["input"])}}
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}
            yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": answer["stopReason"]}
    yield "metadata", {name: answer[name] for name in ("usage", "metrics", "trace") if name in answer}


def _replaced(content: Sequence[Parameters], verdict: Verdict) -> list[Parameters]:
    """Put the blocked message in the place of everything, or the masked texts in that of the texts."""
    if verdict.blocked:
        return [{"text": verdict.outputs[0]}]
    masked = iter(verdict.outputs)
    return [{"text": next(masked)} if "text" in block else block for block in content]


def _check_messages(messages: Sequence[Parameters]) -> None:
    """Refuse what Bedrock refuses of a conversation. Raises: ServiceError (ValidationException)."""
    problem = _problem_of_roles([message["role"] for message in messages]) or _problem_of_content(messages)
    if problem:
        raise ServiceError("ValidationException", problem)


def _problem_of_roles(roles: Sequence[str]) -> str | None:
    if not roles or roles[0] != "user":
        return (
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(roles)):
        return (
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )
    if roles[-1] != "user":
        return (
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    return None


def _problem_of_content(messages: Sequence[Parameters]) -> str | None:
    for place, message in enumerate(messages):
        if not message["content"]:
            return (
                f"The content field in the Message object at messages.{place} is empty. "
                "Add a ContentBlock object to the content field and try again."
            )
        for index, block in enumerate(message["content"]):
            if _is_blank(block):
                return (
                    f"The text field in the ContentBlock object at messages.{place}.content.{index} "
                    "is blank. Add text to the text field, and try again."
                )
    return None


def _is_blank(block: Parameters) -> bool:
    text = block.get("guardContent", {}).get("text", {}).get("text", block.get("text"))
    return isinstance(text, str) and not text.strip()
