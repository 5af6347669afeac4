"""Bedrock's Converse: a prompt as its request, its answer as a reply, and what the tokens cost."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from chalicelib.answers import require
from chalicelib.domain.conversation import GuardrailVerdict, HandOver, HandOverReason, Prompt, Reply, Usage
from chalicelib.errors import ModelUnavailable

Prices = Mapping[str, tuple[float, float]]
"""US dollars per million input and output tokens, by a part of the model id."""

LIST_PRICES: Prices = {
    # AWS price list of 2026-11.
    "claude-haiku-5-5": (0.10, 0.50),
    "claude-haiku-4-5": (1.00, 5.00),
    "claude-3-haiku": (0.25, 1.25),
    "nova-2-lite": (0.30, 2.50),
}
AREAS = frozenset({"global", "us", "eu", "apac", "au", "ca", "jp", "sa", "us-gov"})
"""What the id of an inference profile starts with; a model's own starts with its maker."""
CLAUDE_GENERATION = re.compile(r"anthropic\.claude-(?:[a-z]+-)*v?(\d+)")
UNUSABLE_STOPS = {"malformed_model_output", "malformed_tool_use", "model_context_window_exceeded"}
INTERVENED = {"guardrail_intervened", "content_filtered"}
FILTERED = "I'm sorry, I can't help with that."
MAX_HAND_OVER_CHARS = 1000
# Policy, its list, the field that names the finding, and what a reason calls its kind.
GUARDRAIL_FINDINGS = (
    ("topicPolicy", "topics", "name", "topic"),
    ("contentPolicy", "filters", "type", "content"),
    ("wordPolicy", "managedWordLists", "type", "word"),
    ("wordPolicy", "customWords", None, "word"),
    ("sensitiveInformationPolicy", "piiEntities", "type", "pii"),
    ("sensitiveInformationPolicy", "regexes", "name", "pii"),
)


@dataclass(frozen=True)
class ModelOptions:
    """Which models to call and how."""

    model_ids: Sequence[str]
    max_tokens: int
    temperature: float
    top_p: float
    guardrail_id: str | None
    guardrail_version: str
    prices: Prices = field(default_factory=dict)


def request_of(prompt: Prompt, options: ModelOptions, sampling: Mapping[str, float]) -> dict[str, Any]:
    """Return the parameters of Converse for a prompt, but for the model."""
    request: dict[str, Any] = {
        "system": [{"text": prompt.rules}],
        "messages": _messages(prompt, guarded=options.guardrail_id is not None),
        "inferenceConfig": {"maxTokens": options.max_tokens, **sampling},
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


def own_id(model_id: str) -> str:
    """Return the id of the model behind an inference profile."""
    area, _, model = model_id.partition(".")
    return model if area in AREAS else model_id


def sampling_of(model_id: str, options: ModelOptions) -> dict[str, float]:
    """Return the sampling parameters, in Converse's names, that a model takes.

    Claude up to 3.x takes both, 4.x refuses them together, 5.x and later refuse either. Behind an
    application inference profile the model cannot be told from its id, so it gets none.
    """
    if "application-inference-profile" in model_id:
        return {}
    claude = CLAUDE_GENERATION.search(model_id)
    generation = int(claude[1]) if claude else 3
    if generation <= 3:
        return {"temperature": options.temperature, "topP": options.top_p}
    return {"temperature": options.temperature} if generation == 4 else {}


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


def read_reply(answer: Any, model_id: str) -> Reply:
    """Return the reply that an answer holds; a router in it names the model that it chose.

    What it cost is left open. Raises ModelUnavailable for an answer that is no use, and within `reading`
    what that turns into UnreadableAnswer.
    """
    stop = require(answer["stopReason"], str)
    blocks = answer["output"].get("message", {}).get("content", [])
    text = text_of(blocks)
    hand_over = next((_hand_over(b["toolUse"]["input"]) for b in blocks if "toolUse" in b), None)
    if stop in INTERVENED:
        text = text or FILTERED
    if stop in UNUSABLE_STOPS or not (text or hand_over):
        raise ModelUnavailable
    trace, tokens = answer.get("trace", {}), answer["usage"]
    return Reply(
        text=text + " …" if stop == "max_tokens" else text,
        model=_spoken_by(trace.get("promptRouter", {}), model_id),
        usage=Usage(require(tokens["inputTokens"], int), require(tokens["outputTokens"], int), None),
        guardrail=_verdict(stop, trace.get("guardrail", {})),
        hand_over=hand_over,
    )


def text_of(blocks: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of an answer's blocks."""
    return "\n\n".join(block["text"].strip() for block in blocks if "text" in block).strip()


def is_blocked(trace: Mapping[str, Any]) -> bool:
    """Tell whether the guardrail put words of its own in the place of an answer, rather than mask it."""
    return any(
        finding.get("action") == "BLOCKED"
        for assessment in _assessments(trace)
        for policy, findings, *_ in GUARDRAIL_FINDINGS
        for finding in assessment.get(policy, {}).get(findings, ())
    )


def _spoken_by(router: Mapping[str, Any], model_id: str) -> str:
    """Return the model that spoke, which a router names by its ARN."""
    return require(router["invokedModelId"], str).rpartition("/")[2] if router else model_id


def guardrail_reasons(trace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why the guardrail intervened, in its trace's order and without what the customer wrote.

    Such as `topic:Legal advice` or `content:INSULTS`, each once.
    """
    found = (reason for assessment in _assessments(trace) for reason in _findings(assessment))
    return tuple(dict.fromkeys(found))


def price_of(model_id: str, prices: Prices) -> tuple[float, float] | None:
    """Return the price of a model: of `prices` and the list, that of the longest known part of its id."""
    known = {**LIST_PRICES, **prices}
    parts = sorted((part for part in known if part in model_id), key=len, reverse=True)
    return known[parts[0]] if parts else None


def cost_usd(model_id: str, usage: Usage, prices: Prices) -> float | None:
    """Return what tokens cost; None where no price is known."""
    price = price_of(model_id, prices)
    if price is None:
        return None
    per_input, per_output = price
    return round((usage.input_tokens * per_input + usage.output_tokens * per_output) / 1_000_000, 8)


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
    # A model may fill a tool's input with anything; a hand-over counts even if its reason is odd.
    fields = tool_input.items() if isinstance(tool_input, dict) else ()
    given = {name: value.strip()[:MAX_HAND_OVER_CHARS] for name, value in fields if isinstance(value, str)}
    reason: Any = given.get("reason")
    if reason not in get_args(HandOverReason):
        reason = "customer_request"
    return HandOver(reason, given.get("summary", ""), given.get("message", ""))


def _verdict(stop: str, trace: Mapping[str, Any]) -> GuardrailVerdict:
    intervened = stop in INTERVENED
    return GuardrailVerdict(intervened, guardrail_reasons(trace) if intervened else ())


def _assessments(trace: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from trace.get("inputAssessment", {}).values()
    for assessments in trace.get("outputAssessments", {}).values():
        yield from assessments


def _findings(assessment: Mapping[str, Any]) -> Iterable[str]:
    for policy, findings, name, kind in GUARDRAIL_FINDINGS:
        for finding in assessment.get(policy, {}).get(findings, ()):
            # A custom word is named by the very text that matched, so it stays unnamed.
            if finding.get("action") != "NONE":
                yield f"{kind}:{finding.get(name, 'unnamed')}" if name else f"{kind}:custom"


_HAND_OVER_TOOL: Any = {
    "name": "hand_over",
    "description": "Pass this conversation to a person of the support team.",
    "inputSchema": {"json": hand_over_schema()},
}
