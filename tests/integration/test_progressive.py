"""An answer of the running product that is read while it is written."""

import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.integration.api import Api, as_headers, refused

QUESTION = "How do I reset my password?"


def read_along(api: Api, asking: "Future[Any]", message_id: str, **headers: str) -> list[dict[str, Any]]:
    """Look until the answer is there; return what was found at each look."""
    found = []
    while not asking.done():
        looked = api.send("GET", f"/chat/pending/{message_id}", headers=headers)
        if looked.status_code == 200:
            found.append(looked.json())
        time.sleep(0.05)
    return found


@pytest.mark.local_only
@pytest.mark.parametrize("customer", [None, "CUST-1001"], ids=["nobody known", "a proven customer"])
def test_what_is_read_is_what_the_answer_begins_with(api: Api, customer: str | None) -> None:
    api.break_down("ConverseStream", pause_seconds=0.3)
    message_id, proof = str(uuid.uuid4()), api.proof_of(customer) if customer else {}
    with ThreadPoolExecutor(1) as second:
        asking = second.submit(api.ask, QUESTION, message_id=message_id, progressive=True, **proof)
        found = read_along(api, asking, message_id, **as_headers(proof))
    answer = asking.result()
    assert answer["degraded"] == []
    assert any(not each["done"] and each["text"] for each in found)
    assert all(answer["response"].startswith(each["text"]) for each in found)
    last = api.send("GET", f"/chat/pending/{message_id}", headers=as_headers(proof)).json()
    assert (last["text"], last["done"]) == (answer["response"], True)
    if customer:
        assert refused(api.send("GET", f"/chat/pending/{message_id}"), 404)["code"] == "nothing_pending"
    api.send("DELETE", f"/chat/{answer['session_id']}", headers=as_headers(proof))
    refused(api.send("GET", f"/chat/pending/{message_id}", headers=as_headers(proof)), 404)


@pytest.mark.local_only
@pytest.mark.parametrize(
    "fault",
    [
        {"error": "ThrottlingException", "after_events": 3, "times": 1},
        {"error": "InternalServerException", "after_events": 2, "times": 1},
        {"cut": True, "after_events": 2, "times": 1},
    ],
    ids=["throttled", "failed", "cut"],
)
def test_an_answer_that_breaks_off_is_written_again(api: Api, fault: dict[str, Any]) -> None:
    plain = api.ask(QUESTION)
    api.break_down("ConverseStream", **fault)
    answer = api.ask(QUESTION, message_id=str(uuid.uuid4()), progressive=True)
    assert (answer["response"], answer["degraded"]) == (plain["response"], [])


@pytest.mark.local_only
def test_what_is_left_of_an_answer_that_failed_is_nothing(api: Api) -> None:
    message_id = str(uuid.uuid4())
    api.break_down("ConverseStream", error="ModelStreamErrorException", after_events=3)
    body = {"query": QUESTION, "message_id": message_id, "progressive": True}
    refused(requests.post(f"{api.url}/chat", json=body, timeout=35), 503)
    refused(api.send("GET", f"/chat/pending/{message_id}"), 404)
    api.recover()
    assert api.ask(QUESTION, message_id=message_id, progressive=True)["citations"]
