"""Faults are switched on and off over HTTP, only with errors that the operation declares."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.devstack.bedrock_server import KNOWLEDGE_BASE, NAMES, Server, running, wait_for


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    yield shared
    requests.delete(f"{shared.url}/_devstack/faults", timeout=5)


def retrieve(server: Server) -> Any:
    return server.agent_runtime.retrieve(knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": "refunds"})


def active(server: Server) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = requests.get(f"{server.url}/_devstack/faults", timeout=5).json()["faults"]
    return faults


def test_a_fault_strikes_as_often_as_asked(server: Server) -> None:
    server.fault(operation="Retrieve", error="ThrottlingException", message="Rate exceeded", times=2)
    for _ in range(2):
        with pytest.raises(server.agent_runtime.exceptions.ThrottlingException, match="Rate exceeded"):
            retrieve(server)
    assert retrieve(server)["retrievalResults"] == []
    assert active(server) == []


def test_calls_are_counted_the_refused_ones_too(server: Server) -> None:
    def count() -> int:
        calls = requests.get(f"{server.url}/_devstack/calls", timeout=5).json()["calls"]
        return int(calls.get("Retrieve", 0))

    before = count()
    retrieve(server)
    server.fault(operation="Retrieve", error="ResourceNotFoundException")
    with pytest.raises(server.agent_runtime.exceptions.ResourceNotFoundException):
        retrieve(server)
    assert count() == before + 2


def test_a_fault_without_times_stays_until_cleared(server: Server) -> None:
    server.fault(operation="Retrieve", error="InternalServerException")
    for _ in range(3):
        with pytest.raises(server.agent_runtime.exceptions.InternalServerException):
            retrieve(server)
    requests.delete(f"{server.url}/_devstack/faults", params={"operation": "Retrieve"}, timeout=5)
    retrieve(server)


def test_other_operations_are_not_touched(server: Server) -> None:
    server.fault(operation="Converse", error="ModelNotReadyException")
    retrieve(server)
    requests.delete(f"{server.url}/_devstack/faults", params={"operation": "Retrieve"}, timeout=5)
    assert [fault["operation"] for fault in active(server)] == ["Converse"]


def test_a_slow_answer_is_an_answer(server: Server) -> None:
    server.fault(operation="Retrieve", delay_seconds=0.2)
    began = time.monotonic()
    assert retrieve(server)["retrievalResults"] == []
    assert time.monotonic() - began >= 0.2


def test_closing_lets_go_of_a_slow_answer() -> None:
    with running() as server, ThreadPoolExecutor(1) as pool:
        retrieve(server)
        # Before the other thread fails: a client makes its exceptions anew for each of two that ask at once.
        shutting_down = server.agent_runtime.exceptions.InternalServerException
        server.fault(operation="Retrieve", delay_seconds=60, times=1)
        asking = pool.submit(retrieve, server)
        wait_for(lambda: None if active(server) else {})
        began = time.monotonic()
        server.stand_in.close()
        with pytest.raises(shutting_down):
            asking.result()
        assert time.monotonic() - began < 5


def test_a_malformed_answer_lacks_what_it_should_hold(server: Server) -> None:
    server.fault(operation="Retrieve", malformed=True, times=1)
    assert "retrievalResults" not in retrieve(server)


def test_a_rate_throttles_what_comes_too_soon(server: Server) -> None:
    server.fault(operation="StartIngestionJob", rate_per_second=0.1)
    job = server.agent.start_ingestion_job(**NAMES)["ingestionJob"]
    server.finished(job["ingestionJobId"])
    with pytest.raises(server.agent.exceptions.ThrottlingException):
        server.agent.start_ingestion_job(**NAMES)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"operation": "Converse", "error": "ConflictException"}, "ModelTimeoutException"),
        ({"operation": "InvokeModel", "error": "ThrottlingException"}, "must be one of ApplyGuardrail"),
        ({"operation": "DetectSentiment", "rate_per_second": 1}, "no ThrottlingException"),
        ({"operation": "Converse"}, "needs one of"),
        ({"operation": "Converse", "times": 0, "delay_seconds": 1}, "times"),
        ({"operation": "Converse", "times": 1.5, "delay_seconds": 1}, "times"),
        ({"operation": "Converse", "delay_seconds": -1}, "delay_seconds"),
        ({"operation": "Converse", "delay_seconds": True}, "delay_seconds"),
        ({"operation": "Converse", "malformed": "yes"}, "malformed"),
        ({"operation": "Converse", "colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"error": "ThrottlingException"}, "operation: Field required"),
    ],
    ids=str,
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(
    server: Server, fault: dict[str, Any], says: str
) -> None:
    response = server.fault(**fault)
    assert response.status_code == 400
    assert says in response.json()["error"]
    assert active(server) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_fault_is_refused(server: Server, body: bytes) -> None:
    assert requests.put(f"{server.url}/_devstack/faults", data=body, timeout=5).status_code == 400


def test_other_methods_are_refused(server: Server) -> None:
    assert requests.post(f"{server.url}/_devstack/faults", timeout=5).status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4566", "127.0.0.1.evil.example"])
def test_a_page_on_another_host_name_cannot_switch_faults(server: Server, host: str) -> None:
    fault = json.dumps({"operation": "Converse", "error": "ThrottlingException"})
    response = requests.put(f"{server.url}/_devstack/faults", data=fault, headers={"Host": host}, timeout=5)
    assert response.status_code == 403
    assert active(server) == []


def test_localhost_is_this_machine_too(server: Server) -> None:
    headers = {"Host": "localhost"}
    assert requests.get(f"{server.url}/_devstack/faults", headers=headers, timeout=5).status_code == 200
