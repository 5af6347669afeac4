"""Tickets of the running product, as a ticketing system and its agents see them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api import TICKET, Api, as_headers, new_id, refused
from tests.product import within

SQL = "Robert'); DROP TABLE customers; DROP TABLE orders; --\" OR '1'='1"


def without_timing(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in answer if name not in ("processing_time_ms", "correlation_id")}


def context_of(api: Api, ticket_id: str) -> dict[str, Any]:
    response = api.send_as_agent("GET", f"/tickets/{ticket_id}/context")
    assert response.status_code == 200, response.text
    context: dict[str, Any] = response.json()
    return context


@pytest.mark.local_only
def test_a_ticket_comes_back_with_the_customer_and_the_right_articles(api: Api) -> None:
    answer = api.post_ticket(customer_external_id="CUST-1003")
    customer = answer["customer_context"]
    assert (answer["status"], answer["degraded"]) == ("received", [])
    assert 0 < answer["processing_time_ms"] < 5000
    assert (customer["external_id"], customer["tier"]) == ("CUST-1003", "premium")
    assert (customer["email"], customer["lifetime_value"]) == ("priya@example.com", 2120.7)
    assert customer["total_orders"] >= len(customer["recent_orders"]) > 0
    assert customer["recent_orders"][0]["order_number"] == "TW-46455"
    assert customer["recent_orders"][0]["total_amount"] == 266.9
    assert customer["open_tickets"] >= 1
    assert customer["churn_risk"] in ("low", "medium", "high")
    suggestions = answer["kb_suggestions"]
    assert any("late-or-lost-parcel" in suggestion["url"] for suggestion in suggestions)
    assert all(suggestion["title"] and suggestion["snippet"] for suggestion in suggestions)
    assert [s["score"] for s in suggestions] == sorted((s["score"] for s in suggestions), reverse=True)


def test_a_ticket_is_kept_with_all_that_was_sent(api: Api) -> None:
    sent: dict[str, Any] = {
        "ticket_id": new_id(),
        "external_ticket_id": "ZD № 4711",
        "customer_external_id": "CUST-1002",
        "subject": "Größe 😀",
        "description": "Zeile 1\nZeile 2\t…",
        "channel": "phone",
        "priority": "urgent",
        "metadata": {"tags": ["vip", 1, 2.5, None, True], "länder": {"日本": {"deep": []}}},
    }
    api.post_ticket(**sent, created_at="2026-11-19T08:30:00.5+02:00")
    assert context_of(api, sent["ticket_id"])["ticket"] == {
        **sent,
        "status": "open",
        "reason": None,
        "created_at": "2026-11-19T06:30:00.500+00:00",
        "handled_by": "assistant",
        **dict.fromkeys(("assignee", "contact", "last_message_at", "last_reply_at")),
    }


def test_twenty_clients_at_once_with_one_ticket_end_in_one_ticket(api: Api) -> None:
    ticket = {"ticket_id": new_id(), "customer_external_id": "CUST-1005", "created_at": "2026-11-20"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.post_ticket(**ticket), range(20)))
    assert {answer["ticket_id"] for answer in answers} == {ticket["ticket_id"]}
    assert [without_timing(answer) for answer in answers] == [without_timing(answers[0])] * 20
    kept = [i for i in api.items("support-tickets") if i["ticket_id"]["S"] == ticket["ticket_id"]]
    assert len(kept) == 1
    logged = [i for i in api.items("customer-interactions") if i.get("ticket_id") == kept[0]["ticket_id"]]
    assert len(logged) == 1


def test_twenty_clients_at_once_with_one_id_and_two_bodies_end_in_one(api: Api) -> None:
    ticket_id = new_id()

    def post(n: int) -> int:
        body = {**TICKET, "ticket_id": ticket_id, "subject": f"Body {n % 2}"}
        return api.send_as_agent("POST", "/tickets", json=body).status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(post, range(20))) == [200] * 10 + [409] * 10


def test_sql_in_every_text_is_harmless(api: Api) -> None:
    ticket_id = new_id()
    answer = api.post_ticket(
        ticket_id=ticket_id,
        customer_external_id=SQL,
        subject=SQL,
        description=SQL,
        external_ticket_id=SQL,
        metadata={SQL: [SQL]},
    )
    assert (answer["customer_context"], answer["degraded"]) == (None, [])
    feedback = {"helpful": False, "source": SQL, "comment": SQL}
    assert api.send_as_agent("POST", f"/tickets/{ticket_id}/feedback", json=feedback).status_code == 200
    context = context_of(api, ticket_id)
    assert context["ticket"]["subject"] == SQL
    assert context["feedback"][0]["comment"] == SQL
    for page in ({"before": SQL}, {"status": SQL}, {"limit": SQL}):
        assert api.send_as_agent("GET", "/tickets", params=page).status_code == 400
    assert api.post_ticket(customer_external_id="CUST-1001")["customer_context"]["total_orders"] > 0


def test_a_card_number_is_masked_before_it_is_kept(api: Api) -> None:
    card = "4111 1111 1111 1111"
    answer = api.post_ticket(description=f"My card is {card}", metadata={"card": card})
    assert card not in str(context_of(api, answer["ticket_id"]))
    assert card not in str(api.items("support-tickets"))


def test_tickets_are_moved_and_listed_newest_first_page_by_page(api: Api) -> None:
    ids = [new_id() for _ in range(5)]
    for n, ticket_id in enumerate(ids):
        api.post_ticket(ticket_id=ticket_id, created_at=f"2001-01-0{n + 1}T00:00:00Z")
        api.send_as_agent("PATCH", f"/tickets/{ticket_id}", json={"status": "pending"})
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"status": "pending", "limit": 2, "before": None}
    while not found or page["before"]:
        answer = api.send_as_agent("GET", "/tickets", params=page).json()
        assert 0 < len(answer["tickets"]) <= 2
        found += answer["tickets"]
        page["before"] = answer["next"]
    assert [ticket["ticket_id"] for ticket in found if ticket["ticket_id"] in ids] == ids[::-1]
    assert {ticket["status"] for ticket in found} == {"pending"}
    dates = [ticket["created_at"] for ticket in found]
    assert dates == sorted(dates, reverse=True)


def test_a_ticket_that_nobody_knows_is_404(api: Api) -> None:
    response = api.send_as_agent("GET", "/tickets/T-NOBODY/context")
    assert refused(response, 404)["code"] == "unknown_ticket"


def test_a_ticket_from_a_chat_has_its_transcript_but_not_its_session(api: Api) -> None:
    proof = api.proof_of("CUST-1008")
    asked = api.ask("How do I reset my password?", **proof)
    session_id = asked["session_id"]
    handed_over = api.ask("I want to talk to a human", session_id=session_id, **proof)
    rating = {"message_id": asked["message_id"], "rating": "down", "comment": "no help"}
    assert api.send("POST", f"/chat/{session_id}/feedback", json=rating | proof).status_code == 200
    context = context_of(api, handed_over["escalation"]["ticket_id"])
    messages = api.send("GET", f"/chat/{session_id}", headers=as_headers(proof)).json()["messages"]
    without_ids = [{name: m[name] for name in m if name != "message_id"} for m in messages]
    assert context["transcript"] == without_ids
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    assert messages[1]["citations"] == asked["citations"]
    assert messages[1]["feedback"] == {"rating": "down", "comment": "no help"}
    assert context["ticket"]["reason"] == "customer_request"
    assert context["customer_context"]["external_id"] == "CUST-1008"
    assert session_id not in str(context)
    assert session_id not in str(api.send_as_agent("GET", "/tickets").json())


def test_a_chat_counts_as_an_interaction_of_its_customer(api: Api) -> None:
    api.ask("How do I reset my password?", **api.proof_of("CUST-1009"))

    def is_known() -> bool:
        customer = api.post_ticket(customer_external_id="CUST-1009")["customer_context"]
        return customer["last_interaction"] is not None and customer["avg_sentiment"] is not None

    assert within(5, is_known)
