"""Tickets that come by the queue of the running product, and what is told of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.api import TICKET, Api, new_id
from tests.product import within

QUEUE, DEAD_LETTERS = "support-tickets-intake", "support-tickets-intake-dlq"
TAKEN_SECONDS = 15
DEAD_SECONDS = 30
"""Five attempts, two seconds apart."""

pytestmark = pytest.mark.local_only


@pytest.fixture
def sqs(api: Api) -> Any:
    return api.aws("sqs")


def send(sqs: Any, body: Mapping[str, Any] | str) -> str:
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    text = body if isinstance(body, str) else json.dumps(body)
    message_id: str = sqs.send_message(QueueUrl=url, MessageBody=text)["MessageId"]
    return message_id


def found(api: Api, customer: str) -> list[dict[str, Any]]:
    """Return what was told to have been found for a customer's tickets."""
    events = api.send_as_agent("GET", "/events?limit=100").json()["events"]
    data = [event["data"] for event in events if event["type"] == "ticket.enriched"]
    return [each for each in data if each["customer_external_id"] == customer]


def test_a_queued_ticket_comes_back_once_with_what_was_found(api: Api, sqs: Any) -> None:
    ticket = {**TICKET, "ticket_id": new_id(), "customer_external_id": "CUST-1005"}
    for _ in range(2):
        send(sqs, ticket)
    assert within(TAKEN_SECONDS, lambda: found(api, "CUST-1005") != [])
    again = api.post_ticket(**ticket)
    told = [each for each in found(api, "CUST-1005") if each["ticket_id"] == ticket["ticket_id"]]
    assert [each["kb_suggestions"] for each in told] == [again["kb_suggestions"]]
    assert told[0]["customer_context"]["external_id"] == "CUST-1005"
    assert (told[0]["status"], told[0]["degraded"]) == ("open", [])


def test_a_message_that_is_no_ticket_is_a_dead_letter_and_others_pass_it(api: Api, sqs: Any) -> None:
    customer = new_id()
    poison = {send(sqs, body) for body in ("not JSON", "{}", json.dumps({**TICKET, "subject": 5}))}
    send(sqs, {**TICKET, "customer_external_id": customer})
    assert within(TAKEN_SECONDS, lambda: len(found(api, customer)) == 1)
    url = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    dead: set[str] = set()

    def all_dead() -> bool:
        for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            dead.add(each["MessageId"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return dead >= poison

    assert within(DEAD_SECONDS, all_dead)


def test_an_outage_is_waited_for_before_what_was_found_is_told(api: Api, sqs: Any) -> None:
    customer = new_id()
    api.break_down("Retrieve", error="InternalServerException")
    send(sqs, {**TICKET, "customer_external_id": customer})
    tickets = f"/tickets?customer={customer}"
    assert within(TAKEN_SECONDS, lambda: len(api.send_as_agent("GET", tickets).json()["tickets"]) == 1)
    assert found(api, customer) == []
    api.recover()
    assert within(TAKEN_SECONDS, lambda: found(api, customer) != [])
    (told,) = found(api, customer)
    assert told["degraded"] == []
    assert told["kb_suggestions"]
