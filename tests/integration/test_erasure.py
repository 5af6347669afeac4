"""Erasing a customer from the running product."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.conftest import Api
from tests.integration.test_refusals import check_error
from tests.integration.test_tickets import new_id

TABLES = ("customer-support-conversations", "customer-interactions", "support-tickets", "support-state")
NOTHING = {"chats": 0, "exchanges": 0, "interactions": 0, "tickets": 0, "feedback": 0}


def erase(api: Api, customer: str) -> dict[str, Any]:
    response = api.send_as_agent("DELETE", f"/customers/{quote(customer, safe='')}/data")
    assert response.status_code == 200, response.text
    assert response.json()["external_id"] == customer
    erased: dict[str, Any] = response.json()["erased"]
    return erased


def traces(api: Api, *texts: str) -> list[str]:
    """Return the tables in which any of these texts stands."""
    return [table for table in TABLES if any(text in str(api.items(table)) for text in texts)]


def test_everything_of_a_customer_is_erased_and_counted_and_nothing_of_another(api: Api) -> None:
    gone, stays = new_id("CUST"), new_id("CUST")
    sessions = {}
    for customer in (gone, stays):
        proof = api.proof_of(customer)
        first = api.ask("How do I reset my password?", message_id="m-1", **proof)
        sessions[customer] = first["session_id"]
        api.ask("I want to talk to a human", session_id=first["session_id"], **proof)
        rating = {"message_id": "m-1", "rating": "up"}
        path = f"/chat/{first['session_id']}/feedback"
        assert api.send("POST", path, json=rating).status_code == 200
        ticket = api.post_ticket(customer_external_id=customer, description=f"I am {customer}")
        feedback = {"helpful": True, "comment": "fine"}
        path = f"/tickets/{ticket['ticket_id']}/feedback"
        assert api.send_as_agent("POST", path, json=feedback).status_code == 200
    erased = erase(api, gone)
    assert erased.pop("interactions") >= 3
    assert erased == {"chats": 1, "exchanges": 2, "tickets": 2, "feedback": 2}
    assert traces(api, gone, sessions[gone]) == []
    assert set(traces(api, stays, sessions[stays])) >= set(TABLES[:3])
    assert erase(api, gone) == NOTHING
    assert len(api.send("GET", f"/chat/{sessions[stays]}").json()["messages"]) == 4


@pytest.mark.parametrize(
    "customer",
    ["Jo Nö, Inc.", "a/b/c", "100%", "100%25", "a+b", "a?b#c&d=e", "日本 😀", "*", "'; DROP TABLE x; --"],
)
def test_a_customer_is_erased_by_any_name(api: Api, customer: str) -> None:
    customer = f"{customer} {new_id()}"
    api.post_ticket(customer_external_id=customer)
    assert erase(api, customer) == NOTHING | {"interactions": 1, "tickets": 1}
    assert traces(api, customer) == []


@pytest.mark.local_only
def test_a_plain_slash_is_another_route_and_an_encoded_one_part_of_the_name(api: Api) -> None:
    assert api.send_as_agent("DELETE", "/customers/a/b/data").status_code == 403
    assert erase(api, "a/b") == NOTHING


def test_a_customer_of_whom_there_is_nothing_is_erased_too(api: Api) -> None:
    assert erase(api, new_id("CUST")) == NOTHING


@pytest.mark.local_only
@pytest.mark.parametrize("external_id", ["%20", "%00", "%FF", "x" * 129])
def test_a_malformed_customer_is_400(api: Api, external_id: str) -> None:
    refusal = check_error(api.send_as_agent("DELETE", f"/customers/{external_id}/data"), 400)
    assert [problem["field"] for problem in refusal["fields"]] == ["external_id"]


@pytest.mark.local_only
def test_the_teams_own_records_of_a_customer_stay(api: Api) -> None:
    api.post_ticket(customer_external_id="CUST-1010")
    assert erase(api, "CUST-1010")["tickets"] >= 1
    assert api.post_ticket(customer_external_id="CUST-1010")["customer_context"]["name"]
