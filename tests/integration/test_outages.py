"""How the running product bears what breaks around it."""

import time

from tests.integration.conftest import Api
from tests.product import within


def test_without_the_knowledge_base_the_answer_says_what_is_missing(api: Api) -> None:
    api.break_down("Retrieve", error="InternalServerException")
    answer = api.ask("How do I reset my password?")
    assert answer["degraded"] == ["knowledge_base"]
    assert answer["citations"] == []


def test_without_sentiment_the_answer_goes_out(api: Api) -> None:
    api.break_down("DetectSentiment", error="InternalServerException")
    assert api.ask("How do I reset my password?")["degraded"] == ["sentiment"]


def test_a_passing_throttle_of_the_model_is_borne(api: Api) -> None:
    api.break_down("Converse", error="ThrottlingException", times=1)
    assert api.ask("How do I reset my password?")["citations"]


def test_a_lasting_outage_of_the_model_is_503_and_the_same_message_can_be_sent_again(api: Api) -> None:
    session = api.ask("Hello")["session_id"]
    message = {"query": "How do I reset my password?", "session_id": session, "message_id": "retry-me"}
    api.break_down("Converse", error="ServiceUnavailableException")
    refused = api.send("POST", "/chat", json=message)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["code"] == "model_unavailable"
    assert len(api.send("GET", f"/chat/{session}").json()["messages"]) == 2
    api.recover()
    answered = api.send("POST", "/chat", json=message)
    assert answered.status_code == 200
    assert answered.json()["message_id"] == "retry-me"
    assert len(api.send("GET", f"/chat/{session}").json()["messages"]) == 4


def test_a_person_is_reached_even_while_the_model_is_out(api: Api) -> None:
    api.break_down("Converse", error="ServiceUnavailableException")
    assert api.ask("I want to talk to a human")["escalation"]["reason"] == "customer_request"


def test_a_model_that_hangs_is_given_up_before_the_gateway_does(api: Api) -> None:
    api.break_down("Converse", delay_seconds=40)
    started = time.monotonic()
    response = api.send("POST", "/chat", json={"query": "How do I reset my password?"})
    assert response.status_code == 503
    assert time.monotonic() - started < 29


def test_a_knowledge_base_that_hangs_costs_a_few_seconds_and_the_citations(api: Api) -> None:
    api.break_down("Retrieve", delay_seconds=40)
    started = time.monotonic()
    answer = api.ask("How do I reset my password?")
    assert answer["degraded"] == ["knowledge_base"]
    assert time.monotonic() - started < 12


def test_a_malformed_answer_of_the_model_is_an_outage_not_a_crash(api: Api) -> None:
    api.break_down("Converse", malformed=True)
    assert api.send("POST", "/chat", json={"query": "How do I reset my password?"}).status_code == 503


def test_deep_health_names_what_is_out_of_reach(api: Api) -> None:
    api.break_down("Retrieve", error="InternalServerException")
    # What was found is remembered for ten seconds, and another test may just have looked.
    assert within(15, lambda: api.send("GET", "/health?deep=1").json()["status"] == "degraded")
    health = api.send("GET", "/health?deep=1").json()
    assert health["checks"]["knowledge_base"] == "unreachable"
    assert health["checks"]["dynamodb"] == "ok"
