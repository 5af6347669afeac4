"""What clients and agents get back, to the name."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from chalicelib.api.answers.chat import Message
from chalicelib.api.answers.tickets import TicketContext, TicketReceived
from chalicelib.api.chat import chat_answer, history
from chalicelib.api.tickets import customer_erased, ticket_context, ticket_received, tickets_answer
from chalicelib.chat.transcripts import Reading
from chalicelib.domain.conversation import (
    Citation,
    Exchange,
    ExchangePage,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Passage,
    Usage,
)
from chalicelib.domain.customer import CustomerContext
from chalicelib.domain.ticket import TicketFeedback, TicketPage
from chalicelib.tickets.desk import Received, TicketView
from chalicelib.tickets.erasure import Erased
from tests.builders import ADA, LINKED_REFUND, exchange_at, reply_at, ticket
from tests.fakes import START

NOON = "2026-11-20T12:00:00.000+00:00"
CITATION = {
    "index": 1,
    "title": "Reset",
    "url": "https://help.example.com/reset",
    "snippet": "Choose…",
    "score": 0.5,
}
LOST = Passage("# Late parcels\n\nWait for two days.", "Late parcels", "https://help.example.com/late", 0.9)
CONTEXT = CustomerContext(ADA.external_id, ADA, 2, -0.25, START, is_high_value=True, churn_risk="low")
CASE = ticket(
    reason="customer_request",
    customer_id="CUST-1001",
    session_id="cs_secret",
    external_ticket_id="ZD-1",
    metadata={"tags": ["vip"]},
    fingerprint="f1a9",
    feedback=(TicketFeedback(False, "kb_suggestions", None, START),),
)
CASE_AS_JSON = {
    "ticket_id": "T-1",
    "external_ticket_id": "ZD-1",
    "customer_external_id": "CUST-1001",
    "status": "open",
    "channel": "chat",
    "priority": "medium",
    "subject": "Wants a person",
    "description": "A person please",
    "reason": "customer_request",
    "metadata": {"tags": ["vip"]},
    "assignee": None,
    "contact": None,
    "created_at": NOON,
    "handled_by": "assistant",
    "last_message_at": None,
    "last_reply_at": None,
}
CUSTOMER_AS_JSON = {
    "customer_id": 7,
    "external_id": "CUST-1001",
    "name": "Ada Byron",
    "email": "ada@example.com",
    "company": "Engines Ltd",
    "tier": "premium",
    "lifetime_value": 120.5,
    "total_orders": 1,
    "recent_orders": [
        {
            "order_number": "O-77",
            "order_date": NOON,
            "status": "shipped",
            "total_amount": 49.0,
            "currency": "EUR",
            "items": "1 × scanner",
        }
    ],
    "open_tickets": 2,
    "avg_sentiment": -0.25,
    "last_interaction": NOON,
    "is_high_value": True,
    "churn_risk": "low",
}
SUGGESTIONS_AS_JSON = [
    {
        "title": "Late parcels",
        "url": "https://help.example.com/late",
        "snippet": "Wait for two days.",
        "score": 0.9,
    },
    {"title": "Refunds", "url": LINKED_REFUND.url, "snippet": "Refunds take 5 days.", "score": 0.4},
]


def received(context: CustomerContext | None = CONTEXT) -> TicketReceived:
    return ticket_received(Received(CASE, context, (LOST, LINKED_REFUND), ("interactions",), seconds=0.1234))


def opened(transcript: tuple[Exchange, ...] | None) -> TicketContext:
    return ticket_context(TicketView(CASE, CONTEXT, (LOST, LINKED_REFUND), transcript, ("storage",)))


def reading(*exchanges: Exchange) -> Reading:
    return Reading(ExchangePage(exchanges, None, None), None)


def messages_of(exchange: Exchange) -> list[Message]:
    return history("s", reading(exchange))["messages"]


def test_an_answer_has_the_fields_that_the_api_promises_and_no_more() -> None:
    assert chat_answer(exchange_at(START), "en") == {
        "response": "Choose Forgot password. [1]",
        "session_id": "s",
        "message_id": "m",
        "timestamp": NOON,
        "citations": [CITATION],
        "guardrail": {"intervened": True, "reasons": ["pii:EMAIL"]},
        "escalation": {"ticket_id": "T-1", "reason": "customer_request"},
        "model": "fake-model",
        "usage": {"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.001},
        "handled_by": "assistant",
        "degraded": ["sentiment"],
        "offered_contact": {"email": "ada@example.com", "phone": None, "name": None},
    }
    assert "offered_contact" not in chat_answer(exchange_at(START, offered_contact=None), "en")


def test_what_there_is_not_is_null_or_empty_and_never_left_out() -> None:
    bare = exchange_at(
        START,
        citations=(),
        usage=Usage(1, 1, None),
        guardrail=GuardrailVerdict(),
        handed_over=None,
        degraded=(),
        model=None,
    )
    answer = chat_answer(bare, "en")
    assert answer.keys() == chat_answer(exchange_at(START), "en").keys()
    assert (answer["citations"], answer["degraded"], answer["escalation"]) == ([], [], None)
    assert (answer["model"], answer["usage"]["cost_usd"]) == (None, None)
    assert answer["guardrail"] == {"intervened": False, "reasons": []}


@pytest.mark.parametrize("url", ["https://bucket.example.com/returns.md?signed", None])
def test_a_citation_has_its_link_and_names_no_object_of_the_bucket(url: str | None) -> None:
    source = Citation(1, "Returns", url, "Thirty days…", 0.5, document="returns.md")
    exchange = exchange_at(START, citations=(source,))
    told = {"index": 1, "title": "Returns", "url": url, "snippet": "Thirty days…", "score": 0.5}
    assert chat_answer(exchange, "en")["citations"] == messages_of(exchange)[1]["citations"] == [told]


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (START + timedelta(milliseconds=7), "2026-11-20T12:00:00.007+00:00"),
        (START.astimezone(timezone(timedelta(hours=-5))), NOON),
    ],
)
def test_times_are_iso_8601_in_utc_with_offset(moment: datetime, written: str) -> None:
    assert chat_answer(exchange_at(moment), "en")["timestamp"] == written


def test_a_message_to_an_agent_is_confirmed_and_is_one_message() -> None:
    passed_on = exchange_at(START, answer="", model=None, ticket_id="T-9")
    answer = chat_answer(passed_on, "en")
    assert "passed your message on" in answer["response"]
    assert "weitergegeben" in chat_answer(passed_on, "de")["response"]
    assert "**T-9**" in answer["response"]
    assert (answer["handled_by"], answer["model"]) == ("agent", None)
    assert [m["role"] for m in messages_of(passed_on)] == ["user"]


def test_an_agents_reply_is_a_message_with_its_author() -> None:
    assert messages_of(reply_at(START)) == [
        {
            "message_id": "r",
            "timestamp": NOON,
            "role": "agent",
            "content": "It is on its way.",
            "author": "Jo",
        }
    ]


def test_history_holds_two_messages_an_exchange_oldest_first() -> None:
    exchanges = (exchange_at(START, message_id="m1"), exchange_at(START, message_id="m2"))
    answer = history("s", reading(*exchanges))
    assert (answer["session_id"], answer["next"]) == ("s", None)
    assert [(m["message_id"], m["role"]) for m in answer["messages"]] == [
        *(("m1", "user"), ("m1", "assistant"), ("m2", "user"), ("m2", "assistant"))
    ]
    assert (answer["handled_by"], answer["ticket"], answer["newest"]) == ("assistant", None, "0")


def test_history_says_who_has_the_conversation_and_where_to_read_on() -> None:
    page = ExchangePage((), older_than=START, newer_than=START + timedelta(seconds=1))
    answer = history("s", Reading(page, replace(CASE, status="pending", last_reply_at=START)))
    assert answer["ticket"] == {"ticket_id": CASE.ticket_id, "status": "pending"}
    assert (answer["handled_by"], answer["next"]) == ("agent", "1795176000000")
    assert answer["newest"] == "1795176001000"


def test_a_message_holds_what_is_said_and_an_answer_what_belongs_to_it() -> None:
    rated = exchange_at(
        START,
        feedback=Feedback("down", "Too long.", START),
        handed_over=HandOverTicket("T-1", "missing_knowledge"),
    )
    shared = {"message_id": "m", "timestamp": NOON}
    question = {**shared, "role": "user", "content": "How do I reset my password?"}
    answer = {**shared, "role": "assistant", "content": "Choose Forgot password. [1]"}
    bare = exchange_at(START, citations=(), handed_over=None, offered_contact=None)
    assert messages_of(bare) == [question, answer]
    assert messages_of(rated) == [
        question,
        {
            **answer,
            "citations": [CITATION],
            "escalation": {"ticket_id": "T-1", "reason": "missing_knowledge"},
            "feedback": {"rating": "down", "comment": "Too long."},
            "offered_contact": {"email": "ada@example.com", "phone": None, "name": None},
        },
    ]


def test_a_received_ticket_comes_with_its_customer_and_suggestions() -> None:
    assert received() == {
        "ticket_id": "T-1",
        "status": "received",
        "customer_context": CUSTOMER_AS_JSON,
        "kb_suggestions": SUGGESTIONS_AS_JSON,
        "processing_time_ms": 123,
        "degraded": ["interactions"],
    }


def test_what_is_not_known_of_a_customer_is_null_and_never_left_out() -> None:
    unknown = replace(CONTEXT, open_tickets=None, avg_sentiment=None, last_interaction=None)
    nothing = {"open_tickets": None, "avg_sentiment": None, "last_interaction": None}
    assert received(unknown)["customer_context"] == CUSTOMER_AS_JSON | nothing
    assert received(None)["customer_context"] is None


def test_without_a_customer_database_the_other_half_of_the_context_is_told() -> None:
    found = received(replace(CONTEXT, customer=None))["customer_context"]
    of_database = ("customer_id", "name", "email", "company", "tier", "lifetime_value", "total_orders")
    assert found == CUSTOMER_AS_JSON | dict.fromkeys(of_database) | {"recent_orders": []}


def test_of_a_long_passage_the_first_words_are_told() -> None:
    long = replace(LOST, text="word " * 100)
    answer = ticket_received(Received(CASE, None, (long,), (), seconds=0))
    assert answer["kb_suggestions"][0]["snippet"].endswith("word …")
    assert len(answer["kb_suggestions"][0]["snippet"]) <= 242


def test_a_suggestion_that_is_not_for_everybody_says_for_whom() -> None:
    internal = replace(LOST, access=("premium", "agent"))
    answer = ticket_received(Received(CASE, None, (internal, LOST), (), seconds=0))
    assert [each.get("access") for each in answer["kb_suggestions"]] == [["premium", "agent"], None]
    assert "access" not in answer["kb_suggestions"][1]


def test_tickets_are_listed_with_what_goes_into_before() -> None:
    assert tickets_answer(TicketPage((CASE,), "2026#T-1")) == {"tickets": [CASE_AS_JSON], "next": "2026#T-1"}
    assert tickets_answer(TicketPage((), None)) == {"tickets": [], "next": None}


@pytest.mark.parametrize("transcript", [None, (exchange_at(START), exchange_at(START, message_id="m2"))])
def test_a_tickets_context_is_all_that_is_known_around_it(transcript: tuple[Exchange, ...] | None) -> None:
    context = dict(opened(transcript))
    messages = context.pop("transcript")
    feedback = {"helpful": False, "source": "kb_suggestions", "comment": None, "timestamp": NOON}
    assert context == {
        "ticket": CASE_AS_JSON,
        "customer_context": CUSTOMER_AS_JSON,
        "kb_suggestions": SUGGESTIONS_AS_JSON,
        "feedback": [feedback],
        "degraded": ["storage"],
    }
    # The id of a session's first message may lead into the session.
    told = [{k: v for k, v in m.items() if k != "message_id"} for m in messages_of(exchange_at(START))]
    assert messages == (told * 2 if transcript else None)


def test_an_erasure_is_counted() -> None:
    assert customer_erased("CUST 1", Erased(chats=1, exchanges=2, interactions=3, tickets=4, feedback=5)) == {
        "external_id": "CUST 1",
        "erased": {"chats": 1, "exchanges": 2, "interactions": 3, "tickets": 4, "feedback": 5},
    }


def test_all_answers_are_json_and_none_holds_what_is_inside() -> None:
    answers = [
        chat_answer(exchange_at(START), "en"),
        received(),
        opened(None),
        tickets_answer(TicketPage((CASE,), None)),
    ]
    text = json.dumps(answers)
    assert not any(secret in text for secret in ("cs_secret", "f1a9", 'refunds.md"'))
