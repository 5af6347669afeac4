"""The contracts of interactions, tickets and counters, on the fakes and on DynamoDB."""

from datetime import timedelta

import boto3
import pytest

from chalicelib.errors import Unavailable
from chalicelib.models import Interaction, Ticket
from chalicelib.stores.interactions import Interactions
from chalicelib.stores.state import Counters
from chalicelib.stores.tickets import Tickets
from tests.fakes import START, FakeCounters, FakeTickets, exchange_at

MINUTE = timedelta(minutes=1)


def ticket(**changes: object) -> Ticket:
    values: dict[str, object] = {
        "ticket_id": "T-1",
        "created_at": START,
        "status": "open",
        "channel": "chat",
        "priority": "medium",
        "subject": "Wants a person",
        "description": "Can I talk to a human?",
        "reason": "customer_request",
        "session_id": "s",
    }
    return Ticket(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(params=["fake", "dynamodb"])
def counters(request: pytest.FixtureRequest) -> Counters | FakeCounters:
    if request.param == "fake":
        return FakeCounters()
    request.getfixturevalue("tables")
    return Counters()


@pytest.fixture(params=["fake", "dynamodb"])
def tickets(request: pytest.FixtureRequest) -> Tickets | FakeTickets:
    if request.param == "fake":
        return FakeTickets()
    request.getfixturevalue("tables")
    return Tickets(365)


def test_a_counter_starts_at_nothing_and_adds_up(counters: Counters | FakeCounters) -> None:
    assert counters.value("a", START, MINUTE) == 0
    assert counters.add("a", 2, START, MINUTE) == 2
    assert counters.add("a", 3, START, MINUTE) == 5
    assert counters.value("a", START, MINUTE) == 5


def test_counters_of_other_names_and_windows_are_their_own(counters: Counters | FakeCounters) -> None:
    counters.add("a", 1, START, MINUTE)
    assert counters.value("b", START, MINUTE) == 0
    assert counters.value("a", START + MINUTE, MINUTE) == 0


def test_a_counter_expires_after_its_window(tables: None) -> None:
    Counters().add("a", 1, START, MINUTE)
    (item,) = boto3.client("dynamodb").scan(TableName="support-state")["Items"]
    assert item["ttl"] == {"N": str(1795176000 + 120)}


def test_counters_without_their_table_are_an_outage(aws: None) -> None:
    with pytest.raises(Unavailable):
        Counters().add("a", 1, START, MINUTE)
    with pytest.raises(Unavailable):
        Counters().value("a", START, MINUTE)


def test_a_ticket_is_new_once(tickets: Tickets | FakeTickets) -> None:
    assert tickets.add(ticket()) == ticket()
    assert tickets.add(ticket(subject="another")) == ticket()


def test_a_ticket_is_stored_with_its_reason_and_its_way_to_the_conversation(tables: None) -> None:
    Tickets(365).add(ticket(customer_id="CUST-1001"))
    (item,) = boto3.client("dynamodb").scan(TableName="support-tickets")["Items"]
    assert {name: next(iter(value.values())) for name, value in item.items()} == {
        "ticket_id": "T-1",
        "created_at": "2026-11-20T12:00:00.000+00:00",
        "status": "open",
        "channel": "chat",
        "priority": "medium",
        "subject": "Wants a person",
        "description": "Can I talk to a human?",
        "reason": "customer_request",
        "customer_id": "CUST-1001",
        "session_id": "s",
        "ttl": str(1795176000 + 365 * 86400),
    }


def test_a_ticket_without_a_customer_stays_out_of_the_index_by_customer(tables: None) -> None:
    Tickets(365).add(ticket())
    answer = boto3.client("dynamodb").scan(TableName="support-tickets", IndexName="customer-created_at")
    assert answer["Items"] == []


def test_erasing_a_tickets_text_leaves_the_case(tables: None) -> None:
    store = Tickets(365)
    store.add(ticket())
    store.erase_text("T-1", "(gone)")
    store.erase_text("T-unknown", "(gone)")
    (item,) = boto3.client("dynamodb").scan(TableName="support-tickets")["Items"]
    assert (item["subject"], item["description"]) == ({"S": "(gone)"}, {"S": "(gone)"})
    assert item["reason"] == {"S": "customer_request"}


def test_tickets_without_their_table_are_an_outage(aws: None) -> None:
    with pytest.raises(Unavailable):
        Tickets(1).add(ticket())
    with pytest.raises(Unavailable):
        Tickets(1).erase_text("T-1", "(gone)")


def test_an_interaction_is_logged_without_a_word_of_text_and_erased_with_its_exchange(tables: None) -> None:
    log = Interactions(90)
    log.add(Interaction("CUST-1001", START, "chat", -0.5, session_id="s"))
    log.add(Interaction("CUST-1001", START + MINUTE, "chat", None, session_id="other"))
    scan = boto3.client("dynamodb").scan
    items = sorted(scan(TableName="customer-interactions")["Items"], key=lambda i: i["timestamp"]["S"])
    assert set(items[0]) == {"customer_id", "timestamp", "channel", "sentiment", "session_id", "ttl"}
    assert items[0]["ttl"] == {"N": str(1795176000 + 90 * 86400)}
    log.erase([exchange_at(START), exchange_at(START, customer_id=None)])
    assert [i["session_id"]["S"] for i in scan(TableName="customer-interactions")["Items"]] == ["other"]


def test_interactions_without_their_table_are_an_outage(aws: None) -> None:
    log = Interactions(90)
    with pytest.raises(Unavailable):
        log.add(Interaction("CUST-1001", START, "chat", None))
    with pytest.raises(Unavailable):
        log.erase([exchange_at(START)])
