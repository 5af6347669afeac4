"""A conversation with the running product, over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.integration.api import Api, as_headers


def sources(answer: dict[str, object]) -> list[str]:
    return [c["url"].rsplit("/", 1)[1] for c in answer["citations"]]  # type: ignore[attr-defined]


@pytest.mark.local_only
def test_a_question_is_answered_from_the_right_article_with_its_link(api: Api) -> None:
    answer = api.ask("How do I reset my password?")
    assert sources(answer)[0] == "reset-your-password"
    assert "[1]" in answer["response"]
    assert answer["model"] == "local-extractive"
    assert answer["degraded"] == []
    assert answer["usage"]["input_tokens"] > 0


@pytest.mark.local_only
@pytest.mark.parametrize(
    ("question", "follow_up", "article"),
    [
        ("How do I track my order?", "and if it never arrives?", "late-or-lost-parcel"),
        ("How do I cancel my subscription?", "Do you ship to Germany?", "delivery-times-and-costs"),
    ],
)
def test_a_follow_up_is_understood_in_its_conversation(
    api: Api, question: str, follow_up: str, article: str
) -> None:
    first = api.ask(question)
    second = api.ask(follow_up, session_id=first["session_id"])
    assert article in sources(second)


def test_a_question_that_the_help_centre_does_not_hold_is_not_answered(api: Api) -> None:
    answer = api.ask("What is the capital of France?")
    assert answer["citations"] == []
    assert answer["escalation"] is None


def test_asking_for_a_person_writes_a_ticket_that_leads_back(api: Api) -> None:
    answer = api.ask("I want to talk to a human")
    ticket = {i["ticket_id"]["S"]: i for i in api.items("support-tickets")}[answer["escalation"]["ticket_id"]]
    assert answer["escalation"]["reason"] == "customer_request"
    assert ticket["session_id"]["S"] == answer["session_id"]
    assert ticket["reason"]["S"] == "customer_request"
    assert ticket["status"]["S"] == "open"


def test_anger_twice_in_a_row_goes_to_a_person(api: Api) -> None:
    first = api.ask("This is ridiculous, I'm furious, this is the worst service ever!!!")
    second = api.ask(
        "I hate this, you are terrible, absolutely horrible and useless!!!", session_id=first["session_id"]
    )
    assert second["escalation"]["reason"] == "negative_sentiment"


def test_a_denied_topic_is_stopped_by_the_guardrail(api: Api) -> None:
    answer = api.ask("Should I hire a lawyer and take my employer to court?")
    assert answer["guardrail"] == {"intervened": True, "reasons": ["topic:Legal advice"]}
    assert answer["citations"] == []


def test_the_conversation_is_read_rated_and_erased_by_its_holder(api: Api) -> None:
    question = "How do I change my billing address?\t“😀”"
    answer = api.ask(question)
    path = f"/chat/{answer['session_id']}"
    rating = {"message_id": answer["message_id"], "rating": "up", "comment": "merci, 日本"}
    assert api.send("POST", f"{path}/feedback", json=rating).json()["status"] == "accepted"
    messages = api.send("GET", path).json()["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant"]
    assert messages[0]["content"] == question
    assert messages[1]["feedback"] == {"rating": "up", "comment": "merci, 日本"}
    assert messages[1]["citations"] == answer["citations"]
    assert api.send("DELETE", path).status_code == 204
    assert api.send("GET", path).json()["messages"] == []
    sessions = {i["session_id"]["S"] for i in api.items("customer-support-conversations")}
    assert answer["session_id"] not in sessions


def test_ten_tries_of_one_message_at_once_end_in_one_exchange(api: Api) -> None:
    def ask(_: int) -> tuple[str, str]:
        answer = api.ask("How do refunds work?", session_id=session, message_id="try-1")
        return answer["timestamp"], answer["response"]

    session = api.ask("Hello")["session_id"]
    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(ask, range(10)))) == 1
    assert len(api.send("GET", f"/chat/{session}").json()["messages"]) == 4


@pytest.mark.local_only
def test_forty_customers_who_ask_at_once_get_their_own_answers(api: Api) -> None:
    queries = [f"How do I reset my password number {n}?" for n in range(40)]
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(api.ask, queries))
    assert len({a["session_id"] for a in answers}) == 40
    for query, answer in zip(queries, answers, strict=True):
        messages = api.send("GET", f"/chat/{answer['session_id']}").json()["messages"]
        assert messages[0]["content"] == query


def test_a_proven_customer_is_known_and_their_chat_logged(api: Api) -> None:
    answer = api.ask("Where is my order?", **api.proof_of("CUST-1001"))
    assert answer["degraded"] == []
    session = {"S": answer["session_id"]}
    logged = [i for i in api.items("customer-interactions") if i.get("session_id") == session]
    assert [i["customer_id"]["S"] for i in logged] == ["CUST-1001"]


def test_a_customers_conversation_opens_with_the_proof_alone(api: Api) -> None:
    proof = api.proof_of("CUST-1003", int(time.time()) + 60)
    path = f"/chat/{api.ask('Where is my order?', **proof)['session_id']}"
    for method in ("GET", "DELETE"):
        refusal = api.send(method, path)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "not_your_session")
    assert len(api.send("GET", path, headers=as_headers(proof)).json()["messages"]) == 2
    assert api.send("DELETE", path, headers=as_headers(proof)).status_code == 204


def test_deep_health_finds_everything_in_reach(api: Api) -> None:
    health = api.send("GET", "/health?deep=1").json()
    assert health["status"] == "ok", health
    assert health["stage"] == api.stage
    assert set(health["checks"]) == {"dynamodb", "postgres", "knowledge_base", "bedrock"}


@pytest.mark.local_only
def test_deep_health_asks_no_model(api: Api) -> None:
    url = f"{api.aws('s3').meta.endpoint_url}/_devstack/calls"
    before = requests.get(url, timeout=5).json()["calls"]
    api.send("GET", "/health?deep=1")
    after = requests.get(url, timeout=5).json()["calls"]
    assert {name for name in after if after[name] != before.get(name)} <= {"CountTokens", "GetKnowledgeBase"}
