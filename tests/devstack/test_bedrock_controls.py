"""Faults are switched on and off over HTTP, with errors that the operation declares; calls are counted."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from devstack.bedrock.controls import Calls, Faults, answer
from devstack.bedrock.wire.protocol import ServiceError
from tests.devstack.bedrock_server import KNOWLEDGE_BASE, Server, running, wait_for

DECLARED = {
    "Retrieve": frozenset({"ThrottlingException", "InternalServerException"}),
    "DetectSentiment": frozenset({"InternalServerException"}),
}


@pytest.fixture
def faults() -> Faults:
    return Faults(DECLARED)


def sent(faults: Faults, method: str, body: Any = None, host: str = "127.0.0.1:4566", query: str = "") -> Any:
    """Send a request to the faults' path; return the status and the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    builder = EnvironBuilder(
        "/_devstack/faults", f"http://{host}/", query_string=query, method=method, data=data
    )
    response = answer(Request(builder.get_environ()), faults, Calls())
    assert response is not None
    return response.status_code, response.json


def switch_on(faults: Faults, **fault: Any) -> None:
    assert sent(faults, "PUT", {"operation": "Retrieve", **fault})[0] == 200


def codes(faults: Faults, times: int) -> list[str]:
    """Apply the fault of Retrieve some times; return the error of each, or whether it is malformed."""
    found = []
    for _ in range(times):
        try:
            found.append("malformed" if faults.begin("Retrieve").malformed else "")
        except ServiceError as error:
            found.append(error.code)
    return found


def test_a_fault_strikes_as_often_as_asked(faults: Faults) -> None:
    switch_on(faults, error="ThrottlingException", times=2)
    assert codes(faults, 3) == ["ThrottlingException", "ThrottlingException", ""]
    assert faults.active() == []


def test_a_fault_without_times_stays_until_its_operation_is_cleared(faults: Faults) -> None:
    switch_on(faults, error="InternalServerException")
    sent(faults, "DELETE", query="operation=DetectSentiment")
    assert codes(faults, 2) == ["InternalServerException"] * 2
    assert sent(faults, "GET")[1]["faults"][0]["operation"] == "Retrieve"
    sent(faults, "DELETE", query="operation=Retrieve")
    assert codes(faults, 1) == [""]


def test_a_rate_throttles_what_comes_too_soon(faults: Faults) -> None:
    switch_on(faults, rate_per_second=0.1)
    assert codes(faults, 2) == ["", "ThrottlingException"]


def test_a_slow_answer_is_an_answer(faults: Faults) -> None:
    switch_on(faults, delay_seconds=0.05)
    began = time.monotonic()
    assert codes(faults, 1) == [""]
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"operation": "Retrieve", "error": "ConflictException"}, "declares these errors: InternalServer"),
        ({"operation": "InvokeModel", "delay_seconds": 1}, "must be one of DetectSentiment, IngestionJob"),
        ({"operation": "DetectSentiment", "rate_per_second": 1}, "no ThrottlingException"),
        ({"operation": "IngestionJob", "error": "ThrottlingException"}, "declares these errors"),
        ({"operation": "IngestionJob", "malformed": True}, "no answer that could be malformed"),
        ({"operation": "Retrieve"}, "needs one of"),
        ({"operation": "Retrieve", "times": 0, "delay_seconds": 1}, "times"),
        ({"operation": "Retrieve", "times": 1.5, "delay_seconds": 1}, "times"),
        ({"operation": "Retrieve", "delay_seconds": -1}, "delay_seconds"),
        ({"operation": "Retrieve", "delay_seconds": True}, "delay_seconds"),
        ({"operation": "Retrieve", "malformed": "yes"}, "malformed"),
        ({"operation": "Retrieve", "colour": "red"}, "colour: Extra inputs"),
        ({"error": "ThrottlingException"}, "operation: Field required"),
        (b"{", "Invalid JSON"),
        ([], "should be an object"),
        (b"\xff", "Invalid JSON"),
    ],
    ids=str,
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(faults: Faults, fault: Any, says: str) -> None:
    status, body = sent(faults, "PUT", fault)
    assert status == 400
    assert says in body["error"]
    assert faults.active() == []


def test_other_methods_are_refused(faults: Faults) -> None:
    assert sent(faults, "POST")[0] == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4566", "127.0.0.1.evil.example"])
def test_a_page_on_another_host_name_cannot_switch_faults(faults: Faults, host: str) -> None:
    assert sent(faults, "PUT", {"operation": "Retrieve", "malformed": True}, host)[0] == 403
    assert faults.active() == []


def test_localhost_is_this_machine_too(faults: Faults) -> None:
    assert sent(faults, "GET", host="localhost")[0] == 200


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def retrieve(server: Server) -> Any:
    return server.agent_runtime.retrieve(knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": "refunds"})


def test_calls_are_counted_including_the_refused_ones(server: Server) -> None:
    server.fault(operation="Retrieve", error="ResourceNotFoundException", times=1)
    with pytest.raises(server.agent_runtime.exceptions.ResourceNotFoundException):
        retrieve(server)
    retrieve(server)
    assert requests.get(f"{server.url}/_devstack/calls", timeout=5).json() == {"calls": {"Retrieve": 2}}


def test_a_malformed_answer_lacks_what_it_should_hold(server: Server) -> None:
    server.fault(operation="Retrieve", malformed=True)
    # Not by boto3, which the app lets refuse such an answer wherever it is imported.
    body = {"retrievalQuery": {"text": "refunds"}}
    answer = requests.post(f"{server.url}/knowledgebases/{KNOWLEDGE_BASE}/retrieve", json=body, timeout=5)
    assert (answer.status_code, "retrievalResults" in answer.text) == (200, False)


def test_closing_lets_go_of_a_slow_answer(server: Server) -> None:
    # Before the other thread fails: a client makes its exceptions again for each of two that ask at once.
    shutting_down = server.agent_runtime.exceptions.InternalServerException
    server.fault(operation="Retrieve", delay_seconds=60, times=1)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(retrieve, server)
        path = f"{server.url}/_devstack/faults"
        wait_for(lambda: None if requests.get(path, timeout=5).json()["faults"] else {})
        server.stand_in.close()
        with pytest.raises(shutting_down):
            asking.result(timeout=5)
