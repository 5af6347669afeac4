"""ConverseStream: what Converse answers, in events, with what may go wrong before and between them."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from devstack.bedrock.wire.operations import problems_with
from tests.devstack.bedrock_server import GUARDRAIL, Server, running

GUARDED: Any = {
    "guardrailIdentifier": "testguardrail",
    "guardrailVersion": "1",
    "trace": "enabled",
    "streamProcessingMode": "sync",
}
TOOL: Any = {"tools": [{"toolSpec": {"name": "hand_over", "inputSchema": {"json": {"type": "object"}}}}]}
INVOICES = (
    "Invoices are on the billing page, where they stay for as long as you are our customer, and longer."
)
BLOCKED = GUARDRAIL["BlockedOutputsMessaging"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def request(question: str, article: str = INVOICES) -> dict[str, Any]:
    passages = f'<passages>\n<passage index="1" title="Invoices">\n{article}\n</passage>\n</passages>'
    content = [{"text": passages}, {"guardContent": {"text": {"text": question}}}]
    return {
        "modelId": "local-extractive",
        "messages": [{"role": "user", "content": content}],
        "toolConfig": TOOL,
    }


def events(server: Server, question: str, article: str = INVOICES) -> Iterator[dict[str, Any]]:
    """Yield the events of an answer, each held against the service model."""
    client = server.runtime
    answer = client.converse_stream(**request(question, article), guardrailConfig=GUARDED)
    shape = client.meta.service_model.operation_model("ConverseStream").output_shape.members["stream"]
    with closing(answer["stream"]) as stream:
        for event in stream:
            assert problems_with(event, shape) == []
            yield event


def pieces(found: list[dict[str, Any]]) -> list[str]:
    deltas = (event["contentBlockDelta"]["delta"] for event in found if "contentBlockDelta" in event)
    return [delta["text"] for delta in deltas if "text" in delta]


@pytest.mark.parametrize(
    "question", ["Where are my invoices?", "I want to talk to a human", "How do I prune my roses?"]
)
def test_the_events_hold_what_converse_answers(server: Server, question: str) -> None:
    found = list(events(server, question))
    whole = server.runtime.converse(
        **request(question), guardrailConfig={n: v for n, v in GUARDED.items() if n != "streamProcessingMode"}
    )
    texts = [block["text"] for block in whole["output"]["message"]["content"] if "text" in block]
    assert "".join(pieces(found)) == "".join(texts)
    assert next(e["messageStop"] for e in found if "messageStop" in e)["stopReason"] == whole["stopReason"]
    assert found[-1]["metadata"]["usage"] == whole["usage"]
    assert found[-1]["metadata"]["trace"].keys() == whole["trace"].keys()


def test_an_answer_comes_in_pieces(server: Server) -> None:
    assert len(pieces(list(events(server, "Where are my invoices?")))) > 1


def test_what_is_sent_before_the_guardrail_blocks_has_passed_it(server: Server) -> None:
    article = INVOICES.replace("longer", "longer than at Globex")
    found = list(events(server, "Where are my invoices?", article))
    assert pieces(found)[-1] == BLOCKED
    assert len(pieces(found)) > 1
    assert "Globex" not in "".join(pieces(found))
    assert "Globex" in found[-1]["metadata"]["trace"]["guardrail"]["modelOutput"][0]


def test_what_is_masked_is_never_sent(server: Server) -> None:
    article = INVOICES.replace("longer", "longer; write to billing@example.com for them")
    text = "".join(pieces(list(events(server, "Where are my invoices?", article))))
    assert "{EMAIL}" in text
    assert "@" not in text


def test_an_error_before_the_first_event_is_an_answer_of_its_own(server: Server) -> None:
    server.fault(operation="ConverseStream", error="ThrottlingException", times=1)
    with pytest.raises(ClientError) as refused:
        list(events(server, "Where are my invoices?"))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ThrottlingException", "throttlingException"),
        ("ModelStreamErrorException", "modelStreamErrorException"),
    ],
)
def test_an_error_may_come_between_two_events(server: Server, error: str, code: str) -> None:
    server.fault(operation="ConverseStream", error=error, after_events=2, times=1)
    found: list[dict[str, Any]] = []
    with pytest.raises(EventStreamError) as failed:
        found.extend(events(server, "Where are my invoices?"))
    assert len(found) == 2
    assert failed.value.response["Error"]["Code"] == code


def test_a_connection_may_be_cut_in_the_middle(server: Server) -> None:
    server.fault(operation="ConverseStream", cut=True, after_events=2, times=1)
    with pytest.raises(ProtocolError):
        list(events(server, "Where are my invoices?"))


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "Converse", "pause_seconds": 0.1},
        {"operation": "ConverseStream", "after_events": 2},
        {"operation": "ConverseStream", "cut": True},
    ],
)
def test_a_fault_that_no_stream_can_have_is_refused(server: Server, fault: dict[str, Any]) -> None:
    assert server.fault(**fault).status_code == 400
