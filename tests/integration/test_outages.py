"""How the running product bears what breaks around it."""

import pytest

from tests.integration.api import Api


@pytest.mark.parametrize(
    ("operation", "name"), [("Retrieve", "knowledge_base"), ("DetectSentiment", "sentiment")]
)
def test_what_is_out_is_named_and_the_rest_goes_out(api: Api, operation: str, name: str) -> None:
    api.break_down(operation, error="InternalServerException")
    answer = api.ask("How do I reset my password?")
    assert answer["degraded"] == [name]
    assert (answer["citations"] == []) == (name == "knowledge_base")
    assert api.post_ticket()["degraded"] == [name]


def test_a_passing_throttle_of_the_model_is_borne(api: Api) -> None:
    api.break_down("Converse", error="ThrottlingException", times=1)
    assert api.ask("How do I reset my password?")["citations"]


def test_a_message_can_be_sent_again_after_an_outage_of_the_model(api: Api) -> None:
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


def test_a_malformed_answer_of_the_model_is_an_outage_not_a_crash(api: Api) -> None:
    api.break_down("Converse", malformed=True)
    assert api.send("POST", "/chat", json={"query": "How do I reset my password?"}).status_code == 503
