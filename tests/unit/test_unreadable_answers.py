"""Answers of AWS that are cut off or of another shape are outages, whatever Python makes of them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

from chalicelib.answers import finite, reading, require
from chalicelib.domain.conversation import Feedback, Prompt
from chalicelib.domain.customer import Interaction
from chalicelib.domain.ingestion import IngestionJob, JobKey, SyncLease
from chalicelib.domain.ticket import Ticket, TicketFeedback
from chalicelib.errors import IngestionCallFailed, ModelUnavailable, Unavailable, UnreadableAnswer
from chalicelib.gateways.bedrock import BedrockModel
from chalicelib.gateways.converse import ModelOptions
from chalicelib.gateways.ingestion import IngestionGateway
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.gateways.sentiment import SentimentGateway
from chalicelib.logs import cause_of
from chalicelib.services import TABLES
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.interactions import Interactions
from chalicelib.stores.state import Counters
from chalicelib.stores.sync_state import SyncStates
from chalicelib.stores.tickets import Tickets
from tests.fakes import START, exchange_at

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
TICKET = Ticket("T-1", START, "open", "chat", "low", "Late", "Where?")
INGESTED = IngestionJob("J", "STARTING", START, None, "change")
MINUTE = timedelta(minutes=1)


def answers(body: bytes) -> Callable[..., AWSResponse]:
    """Make AWS answer with these bytes."""

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders(), MockRawResponse(body))

    return answer


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
        return answers(self.body)(request)


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
        KnowledgeBase(client("bedrock-agent-runtime", body), "KB12345678", "kb").retrieve("a", 5)
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


class DynamoDB:
    """Tables that answer with what they are told."""

    def __init__(self) -> None:
        self.body = b""
        self.conversations = Conversations(30, lambda: START)
        for connection in (
            self.conversations._connection,
            *(table._get_connection().connection for table in TABLES),
        ):
            events: Any = connection.client.meta.events
            events.register_first("before-send", lambda request, **_: answers(self.body)(request))


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDB]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        _forget_connections()
        yield DynamoDB()
        _forget_connections()


def _forget_connections() -> None:
    for table in TABLES:
        table._connection = None


def every_call(conversations: Conversations) -> dict[str, tuple[str, Callable[[], object]]]:
    """Return each call of each store that reads an answer, with the name of its outage."""
    tickets, interactions = Tickets(365, lambda: START), Interactions(90, lambda: START)
    counters, sync = Counters(), SyncStates("DS12345678")
    exchange, interaction = exchange_at(START), Interaction("CUST-1", START, "chat", None)
    return {
        "latest": ("conversations", lambda: conversations.latest("s", 5)),
        "by_client_message": ("conversations", lambda: conversations.by_client_message("s", "m")),
        "everything": ("conversations", lambda: conversations.everything("s")),
        "sessions_of": ("conversations", lambda: conversations.sessions_of("CUST-1")),
        "rate": ("conversations", lambda: conversations.rate("s", "m", Feedback("up", None, START))),
        "add": ("conversations", lambda: conversations.add(exchange)),
        "add_once": ("conversations", lambda: conversations.add_once(exchange)),
        "erase": ("conversations", lambda: conversations.erase([exchange])),
        "get": ("tickets", lambda: tickets.get("T-1")),
        "tickets": ("tickets", lambda: tickets.page(None, 5, None)),
        "open_of": ("tickets", lambda: tickets.open_of("CUST-1")),
        "add_ticket": ("tickets", lambda: tickets.add(TICKET)),
        "move": ("tickets", lambda: tickets.move("T-1", "closed")),
        "rate_ticket": ("tickets", lambda: tickets.rate("T-1", TicketFeedback(True, None, None, START))),
        "erase_tickets": ("tickets", lambda: tickets.erase(["T-1"])),
        "log": ("interactions", lambda: interactions.add(interaction)),
        "interactions": ("interactions", lambda: interactions.latest("CUST-1", 5)),
        "erase_interactions": ("interactions", lambda: interactions.erase([interaction])),
        "count": ("counters", lambda: counters.add("a", 1, START, MINUTE)),
        "counted": ("counters", lambda: counters.value("a", START, MINUTE)),
        "state": ("sync_state", lambda: sync.read()),
        "request": ("sync_state", lambda: sync.request("change", START)),
        "lease": ("sync_state", lambda: sync.lease(SyncLease("me", START), START)),
        "keep": ("sync_state", lambda: sync.keep(INGESTED)),
        "jobs": ("sync_state", lambda: sync.jobs([JobKey(START, "J")])),
    }


@pytest.mark.parametrize("body", [b"null", b"[]", b"5", b'"text"'])
def test_whatever_is_asked_of_dynamodb_an_odd_answer_is_an_outage(dynamodb: DynamoDB, body: bytes) -> None:
    dynamodb.body = body
    for store, call in every_call(dynamodb.conversations).values():
        with pytest.raises(UnreadableAnswer) as outage:
            call()
        assert outage.value.dependency == store


FOUND = b'{"Responses":{%s},"UnprocessedKeys":{}}'
ITEMS = b'{"Items":[%s],"Count":1,"ScannedCount":1}'


@pytest.mark.parametrize(
    ("names", "body"),
    [
        # No answer of these operations is without these, so this one was cut off.
        ("latest everything sessions_of rate tickets open_of interactions", b"{}"),
        ("move rate_ticket log count request lease", b"{}"),
        ("erase_tickets jobs", b"{}"),
        ("by_client_message get counted state", b'{"Item":[]}'),
        ("by_client_message get", b'{"Item":{"ticket_id":{"S":"T-1"},"session_id":{"S":"s"}}}'),
        ("get", b'{"Item":{"ticket_id":{"N":"5"}}}'),
        ("latest everything sessions_of tickets open_of interactions", ITEMS % b"{}"),
        ("latest everything sessions_of rate tickets open_of interactions", ITEMS % b"null"),
        ("latest everything sessions_of rate", ITEMS % b'{"timestamp":{"N":"today"}}'),
        ("interactions tickets open_of", ITEMS % b'{"timestamp":{"N":"5"},"created_at":{"S":"today"}}'),
        ("move rate_ticket", b'{"Attributes":{"ticket_id":{"S":"T-1"}}}'),
        ("log count request lease", b'{"Attributes":[]}'),
        ("count", b'{"Attributes":{"value":{"S":"many"}}}'),
        ("erase_tickets jobs", b'{"Responses":[]}'),
        (
            "erase_tickets",
            b'{"Responses":{"support-tickets":[{"ticket_id":{"S":"T-1"}}]},"UnprocessedKeys":{}}',
        ),
        ("jobs", b'{"Responses":{"support-state":[{"pk":{"S":"sync-job#J"}}]},"UnprocessedKeys":{}}'),
    ],
)
def test_an_item_that_lacks_what_it_must_hold_is_an_outage(
    dynamodb: DynamoDB, names: str, body: bytes
) -> None:
    dynamodb.body = body
    calls = every_call(dynamodb.conversations)
    for store, call in (calls[name] for name in names.split()):
        with pytest.raises(UnreadableAnswer) as outage:
            call()
        assert outage.value.dependency == store


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
