"""One ConverseStream call, tried on the models in order: its text as it comes, its end as Converse has it."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError
from botocore.session import Session
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from chalicelib.domain.conversation import GuardrailVerdict, HandOver, Prompt, Usage
from chalicelib.errors import ModelUnavailable
from chalicelib.gateways.bedrock import STREAM_SECONDS, BedrockModel
from chalicelib.gateways.converse import ModelOptions
from tests.service_models import problems

FIRST, SECOND = "us.anthropic.claude-haiku-5-5", "amazon.nova-2-lite-v1:0"
PROMPT = Prompt("Be kind.", (), ("<passages></passages>",), "How do I reset it?", may_hand_over=True)
USAGE = {"inputTokens": 1000, "outputTokens": 200, "totalTokens": 1200}
OPERATION: Any = Session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
Event = dict[str, Any] | Exception


def text(piece: str, index: int = 0) -> Event:
    return {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": index}}


def ends(stop: str = "end_turn", trace: dict[str, Any] | None = None) -> list[Event]:
    metadata: dict[str, Any] = {"usage": USAGE, "metrics": {"latencyMs": 9}}
    return [{"messageStop": {"stopReason": stop}}, {"metadata": {**metadata, "trace": trace or {}}}]


def in_stream(code: str) -> EventStreamError:
    return EventStreamError({"Error": {"Code": code, "Message": "no"}}, "ConverseStream")


def uses_tool(*pieces: str) -> list[Event]:
    start = {"toolUse": {"toolUseId": "t1", "name": "hand_over"}}
    deltas = ({"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": 1} for piece in pieces)
    begin: Event = {"contentBlockStart": {"start": start, "contentBlockIndex": 1}}
    return [begin, *({"contentBlockDelta": each} for each in deltas), {"contentBlockStop": {}}]


class Stream:
    """Events one after the other, or the failure among them."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self.closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        self.closed = True


class Bedrock:
    """A model whose streams are scripted; `heard` is what was told while they came."""

    def __init__(self, *streams: Sequence[Event] | Exception) -> None:
        self._streams = list(streams)
        self.now = 0.0
        self.seconds_an_event = 0.0
        self.requests: list[dict[str, Any]] = []
        self.opened: list[Stream] = []
        self.heard: list[str] = []
        self.closed = 0
        options = ModelOptions((FIRST, SECOND), 2000, 0.7, 0.9, "gr1", "3")
        self.model = BedrockModel(cast(Any, self), options, lambda _: None, self._clock)

    def _clock(self) -> float:
        self.now += self.seconds_an_event
        return self.now

    def close(self) -> None:
        self.closed += 1

    def converse_stream(self, **request: Any) -> dict[str, Any]:
        assert list(problems(OPERATION.input_shape, request)) == []
        self.requests.append(request)
        stream = self._streams.pop(0)
        if isinstance(stream, Exception):
            raise stream
        self.opened.append(Stream(stream))
        return {"stream": self.opened[-1]}

    def reply(self) -> Any:
        reply = self.model.reply(PROMPT, self.heard.append)
        assert not self._streams
        return reply

    @property
    def asked(self) -> list[str]:
        return [request["modelId"] for request in self.requests]


def test_the_text_is_told_as_it_comes_and_is_the_reply_in_the_end() -> None:
    bedrock = Bedrock([{"messageStart": {"role": "assistant"}}, text("Like "), text("this. [1]"), *ends()])
    reply = bedrock.reply()
    assert bedrock.heard == ["Like", "Like this. [1]"]
    assert (reply.text, reply.model, reply.usage) == ("Like this. [1]", FIRST, Usage(1000, 200, 0.0002))
    assert bedrock.opened[0].closed


def test_the_guardrail_judges_before_anything_is_sent() -> None:
    bedrock = Bedrock([text("Hi."), *ends()])
    bedrock.reply()
    assert bedrock.requests[0]["guardrailConfig"]["streamProcessingMode"] == "sync"


def test_a_tool_use_is_put_together_from_its_pieces() -> None:
    stream = [
        text("Hm."),
        *uses_tool('{"reason": "missing_kn', 'owledge", "summary": "s"}'),
        *ends("tool_use"),
    ]
    reply = Bedrock(stream).reply()
    assert (reply.text, reply.hand_over) == ("Hm.", HandOver("missing_knowledge", "s"))


@pytest.mark.parametrize("pieces", [("{",), ("[1",)])
def test_a_tool_use_that_cannot_be_read_is_no_answer(pieces: tuple[str, ...]) -> None:
    with pytest.raises(ModelUnavailable):
        Bedrock([*uses_tool(*pieces), *ends("tool_use")]).reply()


@pytest.mark.parametrize(
    ("failure", "asked", "closed"),
    [
        (in_stream("throttlingException"), [FIRST, FIRST], 0),
        (in_stream("serviceUnavailableException"), [FIRST, FIRST], 0),
        (in_stream("modelStreamErrorException"), [FIRST, SECOND], 0),
        (in_stream("validationException"), [FIRST, SECOND], 0),
        (ProtocolError("Response ended prematurely"), [FIRST, FIRST], 1),
        (ConnectionResetError(), [FIRST, FIRST], 1),
    ],
    ids=["throttled", "unavailable", "model", "refused", "cut", "reset"],
)
def test_what_breaks_off_starts_over(failure: Exception, asked: list[str], closed: int) -> None:
    bedrock = Bedrock([text("One way"), failure], [text("Another."), *ends()])
    assert bedrock.reply().text == "Another."
    assert bedrock.heard == ["One way", "Another."]
    assert (bedrock.asked, bedrock.closed) == (asked, closed)
    assert all(stream.closed for stream in bedrock.opened)


def test_a_stream_without_an_end_is_cut() -> None:
    bedrock = Bedrock([text("One"), {"messageStop": {"stopReason": "end_turn"}}], [text("Two."), *ends()])
    assert bedrock.reply().text == "Two."


def test_a_refusal_before_the_stream_is_as_without_streaming() -> None:
    busy = ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "ConverseStream")
    bedrock = Bedrock(busy, busy, [text("Two."), *ends()])
    assert bedrock.reply().model == SECOND
    assert bedrock.asked == [FIRST, FIRST, SECOND]


@pytest.mark.parametrize(
    "failure",
    [ReadTimeoutError(cast(Any, None), "u", "slow"), ChecksumMismatch(1, 2), KeyError("delta")],
    ids=["slow", "broken frame", "odd"],
)
def test_a_stream_that_is_slow_or_odd_is_not_asked_for_twice(failure: Exception) -> None:
    bedrock = Bedrock([text("One"), failure])
    with pytest.raises(ModelUnavailable):
        bedrock.reply()
    assert len(bedrock.asked) == 1


def test_an_answer_that_trickles_in_ends_in_time() -> None:
    bedrock = Bedrock([*map(text, "abcdefgh"), *ends()])
    bedrock.seconds_an_event = STREAM_SECONDS / 4
    with pytest.raises(ModelUnavailable):
        bedrock.reply()
    assert 0 < len(bedrock.heard) < 8


def guardrail(action: str, *written: str) -> dict[str, Any]:
    topic = {"name": "Legal advice", "type": "DENY", "action": action}
    found = {"gr1": [{"topicPolicy": {"topics": [topic]}}]}
    return {"guardrail": {"outputAssessments": found, "modelOutput": list(written)}}


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        (["You should ", "sue them. ", "I can't ", "advise."], "You should sue them. And then"),
        (["I can't ", "advise."], "You should sue them."),
        (["I can't ", "advise."], ""),
    ],
    ids=["after text", "at once", "the question"],
)
def test_what_the_guardrail_says_takes_the_place_of_what_was_told(pieces: list[str], written: str) -> None:
    bedrock = Bedrock([*map(text, pieces), *ends("guardrail_intervened", guardrail("BLOCKED", written))])
    reply = bedrock.reply()
    assert reply.text == "I can't advise."
    assert reply.guardrail == GuardrailVerdict(True, ("topic:Legal advice",))


def test_what_the_guardrail_masked_stays_whole() -> None:
    trace = guardrail("ANONYMIZED", "Write to a@example.com now.")
    bedrock = Bedrock([text("Write to "), text("{EMAIL} now."), *ends("guardrail_intervened", trace)])
    assert bedrock.reply().text == "Write to {EMAIL} now."
