"""Answers of AWS that are cut off or of another shape are outages, whatever Python makes of them."""

from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

from chalicelib.answers import finite, reading, require
from chalicelib.domain.access import NOBODY_KNOWN
from chalicelib.domain.conversation import Prompt
from chalicelib.errors import IngestionCallFailed, ModelUnavailable, Unavailable, UnreadableAnswer
from chalicelib.gateways.bedrock import BedrockModel
from chalicelib.gateways.converse import ModelOptions
from chalicelib.gateways.ingestion import IngestionGateway
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.gateways.sentiment import SentimentGateway
from chalicelib.logs import SearchLogger, cause_of

NOTHING_LIKE_IT = (b"null", b"[]", b"5", b'"text"', b'{"cut off": ', b"{}", b"")
SAID = '"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}'
CONVERSE = (
    f'{{"output":[],{SAID}}}',
    f'{{"output":null,{SAID}}}',
    f'{{"output":{{"message":[]}},{SAID}}}',
    f'{{"output":{{"message":{{"content":[[]]}}}},{SAID}}}',
    f'{{"output":{{"message":{{"content":[null]}}}},{SAID}}}',
    f'{{"output":{{"message":{{"content":[{{"text":5}}]}}}},{SAID}}}',
    f'{{"output":{{"message":{{"content":[{{"text":"a"}}]}}}},{SAID},"trace":{{"promptRouter":[]}}}}',
    f'{{"output":{{"message":{{"content":[{{"text":"a"}}]}}}},{SAID},"trace":{{"promptRouter":{{"invokedModelId":5}}}}}}',
    '{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":5,"usage":{"inputTokens":1,"outputTokens":1}}',
    '{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"end_turn","usage":null}',
    '{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"end_turn","usage":{"inputTokens":"a"}}',
)
RETRIEVE = (
    '{"retrievalResults":null}',
    '{"retrievalResults":"text"}',
    '{"retrievalResults":[null]}',
    '{"retrievalResults":[[]]}',
    '{"retrievalResults":[{"content":null}]}',
    '{"retrievalResults":[{"content":{"text":5}}]}',
    '{"retrievalResults":[{"content":{"text":"a"},"score":"high"}]}',
    '{"retrievalResults":[{"content":{"text":"a"},"score":NaN}]}',
    '{"retrievalResults":[{"content":{"text":"a"},"metadata":[]}]}',
    '{"retrievalResults":[{"content":{"text":"a"},"location":{"s3Location":{"uri":5}}}]}',
)
SENTIMENT = (
    '{"SentimentScore":null}',
    '{"SentimentScore":[]}',
    '{"SentimentScore":{"Positive":1}}',
    '{"SentimentScore":{"Positive":"much","Negative":0}}',
    '{"SentimentScore":{"Positive":NaN,"Negative":0}}',
)
JOB = (
    '{"ingestionJob":null}',
    '{"ingestionJob":[]}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":"J"}}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":"J","startedAt":"yesterday"}}',
    '{"ingestionJob":{"status":null,"ingestionJobId":"J","startedAt":5}}',
    '{"ingestionJob":{"status":7,"ingestionJobId":"J","startedAt":5}}',
    '{"ingestionJob":{"status":"COMPLETE","ingestionJobId":"J","startedAt":5}}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":7,"startedAt":5}}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":"J","startedAt":5,"failureReasons":[7]}}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":"J","startedAt":5,"description":7}}',
    '{"ingestionJob":{"status":"STARTING","ingestionJobId":"J","startedAt":5,"statistics":[]}}',
)
PROMPT = Prompt("Be kind.", (), (), "How?", may_hand_over=False)
OPTIONS = ModelOptions(["a", "b"], 100, 0.5, 0.5, None, "1")


class Wire:
    """A real client whose calls are all answered with `body`; `calls` counts them."""

    def __init__(self, service: Any) -> None:
        self.body, self.calls = b"", 0
        self.client: Any = boto3.client(
            service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.client.meta.events.register_first("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.calls += 1
        return AWSResponse(request.url, 200, HTTPHeaders(), MockRawResponse(self.body))


wire_to = cache(Wire)
"""Making a client takes longer than all that is done with it here."""


def client(service: str, body: bytes) -> Any:
    """Return a client that is answered with these bytes."""
    wire = wire_to(service)
    wire.body, wire.calls = body, 0
    return wire.client


@pytest.mark.parametrize("body", [*NOTHING_LIKE_IT, *map(str.encode, CONVERSE)])
def test_a_model_that_answers_oddly_is_unavailable_and_no_other_is_asked(body: bytes) -> None:
    with pytest.raises(ModelUnavailable) as outage:
        BedrockModel(client("bedrock-runtime", body), OPTIONS).reply(PROMPT)
    assert isinstance(outage.value.__cause__, UnreadableAnswer)
    assert wire_to("bedrock-runtime").calls == 1


def test_a_prompt_that_we_put_together_wrongly_is_no_outage() -> None:
    lopsided: Any = (("a question without an answer",),)
    with pytest.raises(ValueError, match="zip"):
        BedrockModel(client("bedrock-runtime", b"{}"), OPTIONS).reply(Prompt("", lopsided, (), "How?", False))


@pytest.mark.parametrize("body", [*NOTHING_LIKE_IT, *map(str.encode, RETRIEVE)])
def test_passages_that_cannot_be_read_are_an_outage(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer) as outage:
        source = KnowledgeBase(
            client("bedrock-agent-runtime", body), "KB12345678", "kb", False, SearchLogger()
        )
        source.retrieve("a", 5, NOBODY_KNOWN)
    assert outage.value.dependency == "knowledge_base"


@pytest.mark.parametrize("body", [*NOTHING_LIKE_IT, *map(str.encode, SENTIMENT)])
def test_a_sentiment_that_cannot_be_read_is_an_outage(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer) as outage:
        SentimentGateway(client("comprehend", body), "en").detect("a")
    assert outage.value.dependency == "sentiment"


@pytest.mark.parametrize("body", [*NOTHING_LIKE_IT, *map(str.encode, JOB)])
def test_a_job_that_cannot_be_read_is_a_failed_call(body: bytes) -> None:
    jobs = IngestionGateway(client("bedrock-agent", body), "KB12345678", "DS12345678")
    for call in (
        lambda: jobs.get("JOB1234567"),
        lambda: jobs.start("t" * 33, "change"),
        lambda: jobs.newest(5),
    ):
        with pytest.raises(IngestionCallFailed) as outage:
            call()
        assert outage.value.code == "UnreadableAnswer"


@pytest.mark.parametrize("kind", [AttributeError, IndexError, KeyError, TypeError, ValueError])
def test_what_fails_in_reading_is_an_unreadable_answer_with_its_place(kind: type[Exception]) -> None:
    with pytest.raises(UnreadableAnswer) as outage, reading("tickets"):
        raise kind
    assert outage.value.dependency == "tickets"
    place = cause_of(outage.value)
    assert place.startswith(f"UnreadableAnswer: {kind.__name__} in test_unreadable_answers.py:")


def test_other_failures_pass_through_reading() -> None:
    with pytest.raises(ZeroDivisionError), reading("tickets"):
        raise ZeroDivisionError
    with pytest.raises(Unavailable, match="again") as outage, reading("tickets"):
        raise Unavailable("secrets")
    assert outage.value.dependency == "secrets"


@pytest.mark.parametrize(("value", "kind"), [(None, str), (5, str), ([], dict), ({}, list), ("5", int)])
def test_a_part_of_another_kind_is_not_taken(value: object, kind: type) -> None:
    with pytest.raises(TypeError):
        require(value, kind)


@pytest.mark.parametrize("value", ["much", float("nan"), float("inf"), "NaN"])
def test_a_number_that_cannot_be_compared_is_not_taken(value: float | str) -> None:
    with pytest.raises(ValueError, match=r"number|convert"):
        finite(value)
