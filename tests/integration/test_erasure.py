"""Erasing a customer from the running product."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.api import Api, as_headers, new_id, refused

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


def test_all_of_a_customer_is_erased_and_counted_and_nothing_of_another(api: Api) -> None:
    gone, stays = new_id("CUST"), new_id("CUST")
    sessions = {}
    for customer in (gone, stays):
        proof = api.proof_of(customer)
        first = api.ask("How do I reset my password?", message_id="m-1", **proof)
        sessions[customer] = first["session_id"]
        api.ask("I want to talk to a human", session_id=first["session_id"], **proof)
        rating = {"message_id": "m-1", "rating": "up"}
        path = f"/chat/{first['session_id']}/feedback"
        assert api.send("POST", path, json=rating | proof).status_code == 200
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
    kept = api.send("GET", f"/chat/{sessions[stays]}", headers=as_headers(api.proof_of(stays))).json()
    assert len(kept["messages"]) == 4


def test_a_customer_is_erased_whatever_their_id_holds(api: Api) -> None:
    customer = f"Jo Nö, Inc. a/b 100%25 a+b?c#d&e=f 日本 😀 * '; DROP TABLE x; -- {new_id()}"
    api.post_ticket(customer_external_id=customer)
    assert erase(api, customer) == NOTHING | {"interactions": 1, "tickets": 1}
    assert traces(api, customer) == []


@pytest.mark.local_only
def test_an_answer_under_way_does_not_outlive_the_erasure_of_its_customer(api: Api) -> None:
    customer = new_id("CUST")
    session = api.ask("How do I reset my password?", **api.proof_of(customer))["session_id"]
    body = {"query": "I want to talk to a human", "session_id": session, **api.proof_of(customer)}
    api.break_down("Converse", delay_seconds=0.2)
    with ThreadPoolExecutor(1) as second:
        asking = second.submit(api.send, "POST", "/chat", json=body)
        while not asking.done():
            erase(api, customer)
    assert refused(asking.result(), 409)["code"] == "erased"
    assert traces(api, customer, session) == []


@pytest.mark.local_only
def test_a_conversation_goes_on_empty_after_it_was_erased(api: Api) -> None:
    session = api.ask("How do I reset my password?")["session_id"]
    assert api.send("DELETE", f"/chat/{session}").status_code == 204
    later = api.ask("How do I get a refund?", session_id=session)
    kept = api.send("GET", f"/chat/{session}").json()["messages"]
    assert [message["content"] for message in kept] == ["How do I get a refund?", later["response"]]


@pytest.mark.local_only
def test_a_plain_slash_in_a_path_leads_elsewhere(api: Api) -> None:
    assert api.send_as_agent("DELETE", "/customers/a/b/data").status_code == 403


@pytest.mark.local_only
def test_a_malformed_customer_is_400(api: Api) -> None:
    refusal = refused(api.send_as_agent("DELETE", "/customers/%FF/data"), 400)
    assert [problem["field"] for problem in refusal["fields"]] == ["external_id"]


@pytest.mark.local_only
def test_the_teams_own_records_of_a_customer_stay(api: Api) -> None:
    api.post_ticket(customer_external_id="CUST-1010")
    assert erase(api, "CUST-1010")["tickets"] >= 1
    assert api.post_ticket(customer_external_id="CUST-1010")["customer_context"]["name"]
