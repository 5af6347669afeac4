"""The model on Amazon Bedrock: one Converse call with the guardrail, tried on the models in order."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

from botocore.exceptions import ClientError

from chalicelib.answers import reading, require
from chalicelib.domain.conversation import GuardrailVerdict, HandOver, HandOverReason, Prompt, Reply, Usage
from chalicelib.errors import ModelUnavailable, UnreadableAnswer
from chalicelib.gateways.aws import AWS_ERRORS, error_code
from chalicelib.gateways.guardrail_trace import reasons
from chalicelib.gateways.model_choice import sampling, usage

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
INTERVENED = {"guardrail_intervened", "content_filtered"}
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
        usable = [self._working, *(m for m in self._options.model_ids if m != self._working)]
        failure: Exception | None = None
        for round_number in range(ROUNDS):
            if round_number and usable:
                self._pause(PAUSE_SECONDS)
            for model_id in tuple(usable):
                try:
                    return self._ask(model_id, prompt)
                except UnreadableAnswer as error:
                    raise ModelUnavailable from error
                except AWS_ERRORS as error:
                    failure = error
                    if error_code(error) in GONE:
                        usable.remove(model_id)
                    elif error_code(error) not in PASSING:
                        # A time-out, for one: there is no time left to try another model.
                        raise ModelUnavailable from error
        raise ModelUnavailable from failure

    def ping(self) -> None:
        """Raise Unavailable unless a model answers, with the guardrail; costs a handful of tokens."""
        self.reply(Prompt("Answer with the word ok.", (), (), "ping", may_hand_over=False))

    def _ask(self, model_id: str, prompt: Prompt) -> Reply:
        answer = self._converse(model_id, prompt)
        with reading("model"):
            reply = _read(answer, model_id)
        self._working = model_id
        return replace(reply, usage=self._priced(reply, model_id))

    def _converse(self, model_id: str, prompt: Prompt) -> Any:
        request = self._request(model_id, prompt)
        try:
            return self._call(request)
        except ClientError as error:
            # Which sampling parameters a model takes has changed with every generation; ask again without.
            if not _about_sampling(error) or request["inferenceConfig"].keys() == {"maxTokens"}:
                raise
            self._refuses_sampling.add(model_id)
            return self._call(self._request(model_id, prompt))

    def _call(self, request: dict[str, Any]) -> Any:
        with reading("model"):
            return self._client.converse(**request)

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

    def _priced(self, reply: Reply, model_id: str) -> Usage:
        """Price a reply by the first id with a known price: a router names the model that it chose."""
        tokens = reply.usage.input_tokens, reply.usage.output_tokens
        priced = [usage(each, *tokens, self._options.prices) for each in (reply.model or model_id, model_id)]
        return next((found for found in priced if found.cost_usd is not None), priced[0])


def hand_over_schema() -> dict[str, object]:
    """Return the JSON schema of the hand-over tool's input."""
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "enum": list(get_args(HandOverReason))},
            "summary": {"type": "string", "description": "For the support agent: one or two sentences."},
            "message": {"type": "string", "description": "For the customer, in their language. No promises."},
        },
        "required": ["reason", "summary", "message"],
    }


def _messages(prompt: Prompt, guarded: bool) -> list[dict[str, Any]]:
    earlier = [
        {"role": role, "content": [{"text": text}]}
        for pair in prompt.history
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    # Only what is marked is judged: passages and history must not trip the guardrail.
    question = {"guardContent": {"text": {"text": prompt.question}}} if guarded else {"text": prompt.question}
    return [*earlier, {"role": "user", "content": [*({"text": fact} for fact in prompt.facts), question]}]


def _read(answer: Any, model_id: str) -> Reply:
    """Read an answer of Converse; what it cost is still to be worked out. Raises ModelUnavailable."""
    stop = require(answer["stopReason"], str)
    blocks = answer["output"].get("message", {}).get("content", [])
    text = "\n\n".join(block["text"].strip() for block in blocks if "text" in block).strip()
    hand_over = next((_hand_over(b["toolUse"]["input"]) for b in blocks if "toolUse" in b), None)
    if stop in INTERVENED:
        text = text or FILTERED
    if stop in UNUSABLE_STOPS or not (text or hand_over):
        raise ModelUnavailable
    trace, tokens = answer.get("trace", {}), answer["usage"]
    return Reply(
        text=text + " …" if stop == "max_tokens" else text,
        model=require(trace.get("promptRouter", {}).get("invokedModelId", model_id), str),
        usage=Usage(require(tokens["inputTokens"], int), require(tokens["outputTokens"], int), None),
        guardrail=_verdict(stop, trace.get("guardrail", {})),
        hand_over=hand_over,
    )


def _hand_over(tool_input: Any) -> HandOver:
    # A model may fill a tool's input with anything; a wish for a person counts even if its reason is odd.
    fields = tool_input.items() if isinstance(tool_input, dict) else ()
    given = {name: value.strip()[:1000] for name, value in fields if isinstance(value, str)}
    reason: Any = given.get("reason")
    if reason not in get_args(HandOverReason):
        reason = "customer_request"
    return HandOver(reason, given.get("summary", ""), given.get("message", ""))


def _verdict(stop: str, trace: Mapping[str, Any]) -> GuardrailVerdict:
    intervened = stop in INTERVENED
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
