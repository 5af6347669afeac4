"""The model on Amazon Bedrock: one Converse call with the guardrail, tried on the models in order."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from botocore.exceptions import ClientError, ParamValidationError

from chalicelib.errors import ModelUnavailable, Unavailable
from chalicelib.gateways.aws import AWS_ERRORS, error_code
from chalicelib.gateways.guardrail_trace import reasons
from chalicelib.gateways.model_choice import sampling, usage
from chalicelib.models import GuardrailVerdict, HandOver, HandOverReason, Reply
from chalicelib.prompts import Prompt, hand_over_schema

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

HAND_OVER = "hand_over"
PASSING = {
    "ThrottlingException",
    "ServiceUnavailableException",
    "InternalServerException",
    "ModelNotReadyException",
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
}
"""Failures that the same model may get over in a moment."""
GONE = {"ResourceNotFoundException", "AccessDeniedException", "ValidationException", "ModelErrorException"}
"""Failures of this model that another may not have: end of life, no access, an id not served here."""
UNUSABLE_STOPS = {"malformed_model_output", "malformed_tool_use", "model_context_window_exceeded"}
FILTERED = "I'm sorry, I can't help with that."
ROUNDS = 2
PAUSE_SECONDS = 0.4


@dataclass(frozen=True)
class ModelOptions:
    """Which models to call and how; prices are US dollars per million input and output tokens."""

    model_ids: Sequence[str]
    max_tokens: int
    temperature: float
    top_p: float
    guardrail_id: str | None
    guardrail_version: str
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Model:
    """Calls Converse; remembers for the life of the container which model worked."""

    def __init__(
        self,
        client: "BedrockRuntimeClient",
        options: ModelOptions,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._options = options
        self._pause = pause
        self._working = options.model_ids[0]
        self._refuses_sampling: set[str] = set()

    def reply(self, prompt: Prompt) -> Reply:
        """Return the model's reply to a prompt. Raises ModelUnavailable when no model of the list answers."""
        candidates = [self._working, *(m for m in self._options.model_ids if m != self._working)]
        for round_number in range(ROUNDS):
            if round_number:
                self._pause(PAUSE_SECONDS)
            for model_id in list(candidates):
                try:
                    answer = self._converse(model_id, prompt)
                except AWS_ERRORS as error:
                    code = error_code(error)
                    if code not in PASSING:
                        candidates.remove(model_id)
                    if code not in PASSING | GONE or not candidates:
                        raise ModelUnavailable from error
                    last_error = error
                else:
                    self._working = model_id
                    return self._read(model_id, answer)
        raise ModelUnavailable from last_error

    def ping(self) -> None:
        """Raise Unavailable unless the model that worked last answers; costs a handful of tokens."""
        try:
            self._client.converse(
                modelId=self._working,
                messages=[{"role": "user", "content": [{"text": "ping"}]}],
                inferenceConfig={"maxTokens": 1},
            )
        except AWS_ERRORS as error:
            raise Unavailable("bedrock") from error

    def _converse(self, model_id: str, prompt: Prompt) -> Any:
        request = self._request(model_id, prompt)
        try:
            return self._client.converse(**request)
        except ClientError as error:
            # Which sampling parameters a model takes has changed with every generation; ask again without.
            if not _about_sampling(error) or model_id in self._refuses_sampling:
                raise
            self._refuses_sampling.add(model_id)
            return self._client.converse(**self._request(model_id, prompt))
        except ParamValidationError as error:
            raise ModelUnavailable from error

    def _request(self, model_id: str, prompt: Prompt) -> dict[str, Any]:
        options = self._options
        chosen = (
            {}
            if model_id in self._refuses_sampling
            else sampling(model_id, options.temperature, options.top_p)
        )
        request: dict[str, Any] = {
            "modelId": model_id,
            "system": [{"text": prompt.rules}],
            "messages": _messages(prompt, guarded=options.guardrail_id is not None),
            "inferenceConfig": {"maxTokens": options.max_tokens, **chosen},
        }
        if prompt.may_hand_over:
            request["toolConfig"] = {"tools": [{"toolSpec": _HAND_OVER_TOOL}]}
        if options.guardrail_id is not None:
            request["guardrailConfig"] = {
                "guardrailIdentifier": options.guardrail_id,
                "guardrailVersion": options.guardrail_version,
                "trace": "enabled",
            }
        return request

    def _read(self, model_id: str, answer: Any) -> Reply:
        stop = answer["stopReason"]
        blocks = answer["output"].get("message", {}).get("content", [])
        text = "\n\n".join(block["text"].strip() for block in blocks if "text" in block)
        hand_over = next((_hand_over(b["toolUse"]["input"]) for b in blocks if "toolUse" in b), None)
        if stop == "content_filtered":
            text = text or FILTERED
        if stop in UNUSABLE_STOPS or not (text or hand_over):
            raise ModelUnavailable
        trace = answer.get("trace", {})
        spoke = trace.get("promptRouter", {}).get("invokedModelId", model_id)
        tokens = answer["usage"]
        return Reply(
            text=text + " …" if stop == "max_tokens" else text,
            model=spoke,
            usage=usage(model_id, tokens["inputTokens"], tokens["outputTokens"], self._options.prices),
            guardrail=_verdict(stop, trace.get("guardrail", {})),
            hand_over=hand_over,
        )


def _messages(prompt: Prompt, guarded: bool) -> list[dict[str, Any]]:
    earlier = [
        {"role": role, "content": [{"text": text}]}
        for pair in prompt.history
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    # Only what is marked is judged: passages and history must not trip the guardrail.
    question = {"guardContent": {"text": {"text": prompt.question}}} if guarded else {"text": prompt.question}
    return [*earlier, {"role": "user", "content": [*({"text": fact} for fact in prompt.facts), question]}]


def _hand_over(tool_input: Any) -> HandOver:
    # A model may fill a tool's input with anything; a wish for a person counts even if its reason is odd.
    given = tool_input if isinstance(tool_input, dict) else {}
    reason: HandOverReason = (
        given["reason"] if given.get("reason") in get_args(HandOverReason) else "customer_request"
    )
    return HandOver(
        reason, str(given.get("summary", ""))[:1000], str(given.get("message", ""))[:1000].strip()
    )


def _verdict(stop: str, trace: Mapping[str, Any]) -> GuardrailVerdict:
    intervened = stop in ("guardrail_intervened", "content_filtered")
    return GuardrailVerdict(intervened, reasons(trace) if intervened else ())


def _about_sampling(error: ClientError) -> bool:
    words = str(error).lower()
    return error_code(error) == "ValidationException" and any(
        w in words for w in ("temperature", "top_p", "topp")
    )


_HAND_OVER_TOOL: Any = {
    "name": HAND_OVER,
    "description": "Pass this conversation to a person of the support team.",
    "inputSchema": {"json": hand_over_schema()},
}
