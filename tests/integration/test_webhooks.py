"""Webhooks of the running product: what happens to tickets arrives once, in order and signed."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.api import Api, new_id
from tests.product import within
from tests.webhooks import Receiver, receiving
from tooling.project import ROOT

SAMPLE = ROOT / "samples" / "conversation_with_a_person.py"
NOTICED_SECONDS = 15
"""What the endpoint of the test before did not take holds up the events behind it for five seconds."""
RETRIED_SECONDS = 30


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    """Receive what is told while the test runs."""
    with receiving(api.aws("secretsmanager")) as receiver:
        yield receiver


@pytest.mark.local_only
def test_a_talk_with_a_person_is_told_once_in_order_and_signed(api: Api, receiver: Receiver) -> None:
    session = {"session_id": api.ask("Hello")["session_id"]}
    opened = api.ask("I want to talk to a human", **session)["escalation"]
    ticket_id = opened["ticket_id"]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == ["ticket.created"])
    route = f"/tickets/{ticket_id}"
    api.send_as_agent("PATCH", route, json={"assignee": "Jo"})
    api.send_as_agent("POST", f"{route}/replies", json={"message": "Hello?", "reply_id": "r-1"})
    api.ask("My parcel is late.", message_id=new_id(), **session)
    api.send_as_agent("POST", f"{route}/replies", json={"message": "It comes today.", "close": True})
    expected = [
        *("ticket.created", "ticket.updated", "ticket.replied", "ticket.message"),
        *("ticket.replied", "ticket.updated"),
    ]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == expected)
    told = [each for each in receiver.arrived if each["data"].get("ticket_id") == ticket_id]
    assert all(each["signed"] for each in told)
    assert len({each["id"] for each in told}) == len(told)
    assert [each["data"]["status"] for each in told] == ["open"] * 4 + ["closed"] * 2
    assert session["session_id"] not in str(told)
    assert (told[2]["data"]["message"], told[3]["data"]["message"]) == ("Hello?", "My parcel is late.")


@pytest.mark.local_only
def test_the_samples_conversation_closes_the_loop(api: Api, receiver: Receiver) -> None:
    options = ["--url", api.url, "--token", api.agent_token]
    ran = subprocess.run([sys.executable, SAMPLE, *options], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    said = [line.partition(":")[2].strip() for line in ran.stdout.splitlines()]
    ticket_id = said[0].rpartition(" ")[2]
    expected = [
        *("ticket.created", "ticket.updated", "ticket.replied", "ticket.message"),
        *("ticket.replied", "ticket.updated", "ticket.updated"),
    ]
    assert within(NOTICED_SECONDS, lambda: receiver.types_of(ticket_id) == expected)
    # The list has no order for what happened in the same millisecond.
    assert sorted(said[-len(expected) :]) == sorted(f"are told {each}" for each in expected)
    assert said[-len(expected) - 1].startswith("gets a new ticket: T-")
    assert ticket_id not in said[-len(expected) - 1]
    rated = [each for each in receiver.arrived if each["data"].get("ticket_id") == ticket_id][-1]["data"]
    assert rated["customer_feedback"] == {"rating": "up", "comment": None}
    assert all(each["signed"] for each in receiver.arrived)


@pytest.mark.local_only
def test_what_an_endpoint_did_not_take_comes_again_soon(api: Api, receiver: Receiver) -> None:
    ticket_id = new_id()
    receiver.failing = {ticket_id}
    api.post_ticket(ticket_id=ticket_id)
    api.send_as_agent("PATCH", f"/tickets/{ticket_id}", json={"status": "closed"})
    both = ["ticket.created", "ticket.updated"]
    assert within(2 * RETRIED_SECONDS, lambda: receiver.types_of(ticket_id) == both)
    again = next(each for each in receiver.arrived if each["data"].get("ticket_id") == ticket_id)
    assert again["at"] - receiver.failed_at[ticket_id] < RETRIED_SECONDS
    events = api.send_as_agent("GET", "/events?status=delivered").json()["events"]
    assert {each["type"] for each in events if each["data"].get("ticket_id") == ticket_id} == set(both)
