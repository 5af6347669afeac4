"""What agents get back, to the name."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from chalicelib.api.tickets import (
    customer_erased,
    ticket_answer,
    ticket_context,
    ticket_received,
    tickets_answer,
)
from chalicelib.domain.conversation import Passage
from chalicelib.domain.customer import Customer, CustomerContext, Order
from chalicelib.domain.ticket import Ticket, TicketFeedback, TicketPage
from chalicelib.tickets.desk import Received, TicketView
from chalicelib.tickets.erasure import Erased
from tests.fakes import START, exchange_at

ORDER = Order("SO-1", START - timedelta(days=3), "shipped", Decimal("49.90"), "EUR", "Card reader × 1")
CUSTOMER = Customer(
    customer_id=7,
    external_id="CUST-1001",
    name="Jo Nö",
    email="jo@example.com",
    company=None,
    tier="premium",
    lifetime_value=Decimal("12345.67"),
    total_orders=1,
    recent_orders=(ORDER,),
)
CONTEXT = CustomerContext(CUSTOMER, 2, -0.25, START, is_high_value=True, churn_risk="low")
SIGNED = "https://bucket.example.com/returns.md?signed"
PASSAGES = (
    Passage("# Late parcels\n\nWait for two days.", "Late parcels", "https://help.example.com/late", 0.9),
    Passage("word " * 100, "Returns", SIGNED, 0.5, "returns.md"),
)
CASE = Ticket(
    ticket_id="T-1",
    created_at=START,
    status="open",
    channel="chat",
    priority="high",
    subject="Late parcel",
    description="Where is it?",
    reason="customer_request",
    customer_id="CUST-1001",
    session_id="cs_secret",
    external_ticket_id="ZD-1",
    metadata={"tags": ["vip"]},
    fingerprint="f1a9",
    feedback=(TicketFeedback(False, "kb_suggestions", None, START),),
)
AS_JSON = {
    "ticket_id": "T-1",
    "external_ticket_id": "ZD-1",
    "customer_external_id": "CUST-1001",
    "status": "open",
    "channel": "chat",
    "priority": "high",
    "subject": "Late parcel",
    "description": "Where is it?",
    "reason": "customer_request",
    "metadata": {"tags": ["vip"]},
    "created_at": "2026-11-20T12:00:00.000+00:00",
}


def received(context: CustomerContext | None = CONTEXT) -> Received:
    return Received(CASE, context, PASSAGES, ("interactions",), seconds=0.1234)


def view(transcript: bool = True) -> TicketView:
    exchanges = (exchange_at(START), exchange_at(START, message_id="m2")) if transcript else None
    return TicketView(CASE, CONTEXT, PASSAGES, exchanges, ("storage",))


def test_a_received_ticket_has_the_fields_that_the_api_promises() -> None:
    answer = ticket_received(received())
    assert list(answer) == [
        "ticket_id",
        "status",
        "customer_context",
        "kb_suggestions",
        "processing_time_ms",
        "degraded",
    ]
    assert (answer["ticket_id"], answer["status"]) == ("T-1", "received")
    assert (answer["processing_time_ms"], answer["degraded"]) == (123, ["interactions"])


def test_a_customer_is_told_with_money_as_numbers_and_times_in_iso_8601() -> None:
    assert ticket_received(received())["customer_context"] == {
        "customer_id": 7,
        "external_id": "CUST-1001",
        "name": "Jo Nö",
        "email": "jo@example.com",
        "company": None,
        "tier": "premium",
        "lifetime_value": 12345.67,
        "total_orders": 1,
        "recent_orders": [
            {
                "order_number": "SO-1",
                "order_date": "2026-11-17T12:00:00.000+00:00",
                "status": "shipped",
                "total_amount": 49.9,
                "currency": "EUR",
                "items": "Card reader × 1",
            }
        ],
        "open_tickets": 2,
        "avg_sentiment": -0.25,
        "last_interaction": "2026-11-20T12:00:00.000+00:00",
        "is_high_value": True,
        "churn_risk": "low",
    }


def test_what_is_not_known_of_a_customer_is_null_and_never_left_out() -> None:
    unknown = replace(CONTEXT, open_tickets=None, avg_sentiment=None, last_interaction=None)
    context = ticket_received(received(unknown))["customer_context"]
    assert context.keys() == ticket_received(received())["customer_context"].keys()
    assert (context["open_tickets"], context["avg_sentiment"], context["last_interaction"]) == (None,) * 3


def test_an_unknown_customer_is_null() -> None:
    assert ticket_received(received(None))["customer_context"] is None


def test_a_suggestion_has_a_link_and_the_first_words_of_its_passage() -> None:
    first, second = ticket_received(received())["kb_suggestions"]
    assert first == {
        "title": "Late parcels",
        "url": "https://help.example.com/late",
        "snippet": "Wait for two days.",
        "score": 0.9,
    }
    assert second["url"] == SIGNED
    assert second["snippet"].endswith("word …")
    assert len(second["snippet"]) <= 242


def test_a_ticket_is_told_without_the_way_into_its_conversation() -> None:
    assert ticket_answer(CASE) == AS_JSON


def test_tickets_are_listed_with_what_goes_into_before() -> None:
    assert tickets_answer(TicketPage((CASE,), "2026#T-1")) == {"tickets": [AS_JSON], "next": "2026#T-1"}
    assert tickets_answer(TicketPage((), None)) == {"tickets": [], "next": None}


def test_a_tickets_context_is_all_that_is_known_around_it() -> None:
    context = ticket_context(view())
    assert list(context) == [
        "ticket",
        "customer_context",
        "kb_suggestions",
        "transcript",
        "feedback",
        "degraded",
    ]
    assert context["ticket"] == AS_JSON
    assert context["customer_context"] == ticket_received(received())["customer_context"]
    assert context["kb_suggestions"] == ticket_received(received())["kb_suggestions"]
    assert context["degraded"] == ["storage"]


def test_a_transcript_is_the_messages_of_the_conversation() -> None:
    transcript = ticket_context(view())["transcript"]
    assert [m["role"] for m in transcript] == ["user", "assistant"] * 2
    assert transcript[0]["content"] == "How do I reset my password?"
    assert transcript[1]["citations"][0]["url"] == "https://help.example.com/reset"


def test_a_transcript_holds_no_message_ids_for_the_first_may_lead_into_the_session() -> None:
    assert not any("message_id" in message for message in ticket_context(view())["transcript"])


def test_without_a_conversation_there_is_no_transcript_rather_than_an_empty_one() -> None:
    assert ticket_context(view(transcript=False))["transcript"] is None


def test_feedback_is_readable_with_the_ticket() -> None:
    assert ticket_context(view())["feedback"] == [
        {
            "helpful": False,
            "source": "kb_suggestions",
            "comment": None,
            "timestamp": "2026-11-20T12:00:00.000+00:00",
        }
    ]


def test_an_erasure_is_counted() -> None:
    assert customer_erased("CUST 1", Erased(chats=1, exchanges=2, interactions=3, tickets=4, feedback=5)) == {
        "external_id": "CUST 1",
        "erased": {"chats": 1, "exchanges": 2, "interactions": 3, "tickets": 4, "feedback": 5},
    }


def test_all_answers_are_json_and_none_holds_the_session() -> None:
    answers = [
        ticket_received(received()),
        ticket_context(view()),
        tickets_answer(TicketPage((CASE,), None)),
    ]
    assert "cs_secret" not in json.dumps(answers)
    assert "f1a9" not in json.dumps(answers)
