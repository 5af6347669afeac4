"""The stand-in speaks AWS's protocols: routes, shapes, errors and request ids as in the service models."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import cbor2
import pytest
import requests
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from devstack.bedrock.wire.operations import UnlikeAws, sendable
from tests.devstack.bedrock_server import (
    DATA_SOURCE,
    KNOWLEDGE_BASE,
    NAMES,
    Documents,
    Server,
    running,
)

CONVERSE = "/model/local-extractive/converse"
SENTIMENT = "/service/Comprehend_20171127/operation/DetectSentiment"
RETRIEVE = f"/knowledgebases/{KNOWLEDGE_BASE}/retrieve"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(Documents({"a.md": "# Refunds\n\nRefunds take five days."})) as server:
        server.ingest()
        yield server


def post(server: Server, path: str, body: Any = None, **options: Any) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(server.url + path, data=data, timeout=5, **options)


def code_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.headers["x-amzn-ErrorType"]


def test_every_answer_carries_a_request_id_of_its_own(server: Server) -> None:
    paths = [CONVERSE, "/nowhere"]
    ids = {post(server, path, {}).headers["x-amzn-RequestId"] for path in paths}
    assert len(ids) == 2


def test_a_model_id_may_be_an_arn_whose_slash_is_encoded(server: Server) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.some.model-v1:0"
    with pytest.raises(server.runtime.exceptions.ValidationException, match="model identifier is invalid"):
        server.runtime.converse(modelId=arn, messages=[{"role": "user", "content": [{"text": "hello"}]}])


def test_a_knowledge_base_may_be_named_by_its_arn(server: Server) -> None:
    arn = f"arn:aws:bedrock:us-east-1:123456789012:knowledge-base/{KNOWLEDGE_BASE}"
    answer = server.agent_runtime.retrieve(knowledgeBaseId=arn, retrievalQuery={"text": "refunds"})
    assert len(answer["retrievalResults"]) == 1


def test_a_route_that_no_service_has_is_an_unknown_operation(server: Server) -> None:
    response = post(server, "/model/local-extractive/no-such-thing", {})
    assert code_of(response) == (404, "UnknownOperationException")


def test_an_operation_that_is_not_supported_is_named(server: Server) -> None:
    response = requests.get(f"{server.url}/guardrails", timeout=5)
    assert code_of(response) == (404, "UnknownOperationException")
    assert "ListGuardrails" in response.json()["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONVERSE, b"{"),
        (CONVERSE, b"[]"),
        (CONVERSE, b'"text"'),
        (CONVERSE, b"\xff\xfe"),
        (CONVERSE, b'{"messages": "\\ud800"}'),
        (CONVERSE, b"[" * 100_000),
        (SENTIMENT, b"\xff\xff"),
    ],
    ids=["cut", "list", "string", "not-utf8", "lone-surrogate", "deep", "not-cbor"],
)
def test_a_body_that_cannot_be_read_is_a_serialization_error(server: Server, path: str, body: bytes) -> None:
    assert code_of(post(server, path, body)) == (400, "SerializationException")


def searching(**search: Any) -> dict[str, Any]:
    return {"retrievalQuery": {"text": "a"}, "retrievalConfiguration": {"vectorSearchConfiguration": search}}


JOBS = f"/knowledgebases/{KNOWLEDGE_BASE}/datasources/{DATA_SOURCE}/ingestionjobs/"
TWO_IN_ONE = [{"role": "user", "content": [{"text": "a", "image": {}}]}]
BAD_GUARDRAIL = {"guardrailIdentifier": "NOT AN ID", "guardrailVersion": "1"}
BAD_STATUS = [{"attribute": "STATUS", "operator": "NE", "values": []}]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (CONVERSE, {"messages": [{"role": "user"}]}, 'parameter in messages[0]: "content"'),
        (CONVERSE, {"messages": "hello"}, "Invalid type for parameter messages"),
        (CONVERSE, {"mesages": []}, 'Unknown parameter in input: "mesages"'),
        (CONVERSE, {"messages": TWO_IN_ONE}, "Can only set one"),
        (CONVERSE, {"inferenceConfig": {"temperature": 1.5}}, "less than or equal to 1"),
        (CONVERSE, {"inferenceConfig": {"maxTokens": 0}}, "valid min value: 1"),
        (CONVERSE, {"requestMetadata": {str(n): "x" for n in range(17)}}, "length less than or equal to 16"),
        (CONVERSE, {"requestMetadata": {"key": "x" * 257}}, "'requestMetadata.key'"),
        (CONVERSE, {"guardrailConfig": BAD_GUARDRAIL}, "regular expression pattern"),
        (RETRIEVE, {}, '"retrievalQuery"'),
        (RETRIEVE, searching(numberOfResults=101), "less than or equal to 100"),
        (RETRIEVE, searching(filter={"andAll": []}), "valid min length: 2"),
        (JOBS, {"filters": BAD_STATUS}, "enum value set: [EQ]"),
    ],
)
def test_a_request_that_its_shape_forbids_is_refused(server: Server, path: str, body: Any, says: str) -> None:
    response = post(server, path, body)
    assert code_of(response) == (400, "ValidationException")
    assert says in response.json()["message"]


def test_a_null_member_counts_as_absent(server: Server) -> None:
    message = {"role": "user", "content": [{"text": "hello"}]}
    response = post(server, CONVERSE, {"messages": [message], "toolConfig": None})
    assert response.status_code == 200


def test_a_body_over_the_limit_is_refused(server: Server) -> None:
    response = post(server, CONVERSE, b'"' + b"a" * 26 * 1024 * 1024 + b'"')
    assert code_of(response) == (400, "ValidationException")


def test_comprehend_is_spoken_in_cbor_as_boto3_does_now(server: Server) -> None:
    body = cbor2.dumps({"Text": "Thank you, that was great!", "LanguageCode": "en"})
    response = post(server, SENTIMENT, body, headers={"smithy-protocol": "rpc-v2-cbor"})
    assert response.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor2.loads(response.content)["Sentiment"] == "POSITIVE"


def test_comprehend_is_spoken_in_json_as_older_clients_do(server: Server) -> None:
    headers = {"X-Amz-Target": "Comprehend_20171127.DetectSentiment"}
    body = {"Text": "Thank you, that was great!", "LanguageCode": "en"}
    assert post(server, "/", body, headers=headers).json()["Sentiment"] == "POSITIVE"
    refused = post(server, "/", {**body, "LanguageCode": "tlh"}, headers=headers)
    assert refused.json()["__type"].endswith("#UnsupportedLanguageException")
    assert refused.json()["Message"]


def test_an_unsupported_comprehend_operation_is_named(server: Server) -> None:
    with pytest.raises(ClientError, match="DetectKeyPhrases") as raised:
        server.comprehend.detect_key_phrases(Text="hello", LanguageCode="en")
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"


def _declared_errors() -> list[tuple[str, str, str]]:
    supported = {
        "bedrock-runtime": ("Converse", "CountTokens", "ApplyGuardrail"),
        "bedrock-agent-runtime": ("Retrieve",),
        "bedrock-agent": ("StartIngestionJob", "GetIngestionJob", "ListIngestionJobs", "StopIngestionJob"),
        "comprehend": ("DetectSentiment",),
    }
    session = boto3.Session(region_name="us-east-1")._session
    return [
        (service, operation, shape.name)
        for service, operations in supported.items()
        for operation in operations
        for shape in session.get_service_model(service).operation_model(operation).error_shapes
    ]


ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"stopReason": "bored"}, "'stopReason' failed to satisfy constraint: .* enum"),
        (
            {"usage": {"inputTokens": 1, "outputTokens": 1}},
            'Missing required parameter in usage: "totalTokens"',
        ),
        ({"usage": {**ANSWER["usage"], "totalTokens": "2"}}, "Invalid type for parameter usage.totalTokens"),
        ({"mood": "good"}, 'Unknown parameter in input: "mood"'),
        ({"trace": {"promptRouter": {"invokedModelId": "llama"}}}, "invokedModelId' failed .* pattern"),
    ],
)
def test_an_answer_that_aws_cannot_give_is_not_sent(changed: dict[str, Any], problem: str) -> None:
    shapes = boto3.Session().client("bedrock-runtime", region_name="us-east-1").meta.service_model
    operation = shapes.operation_model("Converse")
    assert sendable(ANSWER, operation) == ANSWER
    with pytest.raises(UnlikeAws, match=problem):
        sendable({**ANSWER, **changed}, operation)


HELLO = [{"text": "hello"}]
JOB = {**NAMES, "ingestionJobId": "ABCDEFGHIJ"}
GUARDRAIL = {"guardrailIdentifier": "testguardrail", "guardrailVersion": "1", "source": "INPUT"}
CALLS: dict[str, dict[str, Any]] = {
    "Converse": {"modelId": "local-extractive", "messages": [{"role": "user", "content": HELLO}]},
    "CountTokens": {
        "modelId": "local-extractive",
        "input": {"converse": {"messages": [{"role": "user", "content": HELLO}]}},
    },
    "ApplyGuardrail": {**GUARDRAIL, "content": [{"text": {"text": "hello"}}]},
    "Retrieve": {"knowledgeBaseId": KNOWLEDGE_BASE, "retrievalQuery": {"text": "refunds"}},
    "StartIngestionJob": NAMES,
    "GetIngestionJob": JOB,
    "ListIngestionJobs": NAMES,
    "StopIngestionJob": JOB,
    "DetectSentiment": {"Text": "hello", "LanguageCode": "en"},
}


@pytest.mark.parametrize(("service", "operation", "error"), _declared_errors())
def test_every_declared_error_arrives_as_its_boto3_exception(
    server: Server, service: str, operation: str, error: str
) -> None:
    client = server.client(service)
    assert server.fault(operation=operation, error=error, times=1).status_code == 200
    with pytest.raises(getattr(client.exceptions, error)) as raised:
        client._make_api_call(operation, dict(CALLS[operation]))
    assert raised.value.response["Error"]["Message"] == "Switched on through /_devstack/faults"


KEYS = st.sampled_from(["messages", "role", "content", "text", "retrievalQuery"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from([CONVERSE, RETRIEVE, "/nowhere", "/model/%2F/x"]),
    body=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()),
)
def test_no_request_at_all_makes_it_fail(server: Server, path: str, body: bytes) -> None:
    response = Client(server.stand_in).post(path, data=body)
    assert response.status_code in (200, 400, 404)
