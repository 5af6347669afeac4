"""A customer and an agent talk with each other, over HTTP from the hand-over to the next one."""

from typing import Any

from tests.integration.api import Api

HUMAN = "I want to talk to a human"
FOUND = "Follow a parcel under **Orders > Track**."


def read(api: Api, session_id: str, **query: str) -> dict[str, Any]:
    """Read a conversation, and insist on an answer."""
    response = api.send("GET", f"/chat/{session_id}", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def as_agent(api: Api, method: str, path: str, **body: Any) -> dict[str, Any]:
    """Do something as an agent, and insist on an answer."""
    response = api.send_as_agent(method, path, **({"json": body} if method != "GET" else {"params": body}))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_customer_and_an_agent_talk_until_the_ticket_is_closed(api: Api) -> None:
    opened = api.ask(HUMAN)
    session_id, ticket_id = opened["session_id"], opened["escalation"]["ticket_id"]
    ticket = f"/tickets/{ticket_id}"

    waiting = read(api, session_id)
    assert (waiting["handled_by"], waiting["ticket"]["status"]) == ("assistant", "open")
    contact = api.send("PUT", f"/chat/{session_id}/contact", json={"email": "jo@example.com"})
    assert contact.status_code == 200
    assert ticket_id in api.ask("What's the status of my ticket?", session_id=session_id)["response"]
    newest = read(api, session_id)["newest"]

    as_agent(api, "PATCH", ticket, assignee="Agent", priority="high")
    listed = as_agent(api, "GET", "/tickets", status="open", assignee="Agent")["tickets"]
    assert [each["contact"]["email"] for each in listed if each["ticket_id"] == ticket_id] == [
        "jo@example.com"
    ]
    drafted = as_agent(api, "POST", ticket + "/draft")
    assert drafted["draft"]
    sent = [as_agent(api, "POST", ticket + "/replies", message="I'm here.", reply_id="r-1") for _ in range(2)]
    assert sent[0]["timestamp"] == sent[1]["timestamp"]

    news = read(api, session_id, after=newest)
    assert [(m["role"], m.get("author"), m["content"]) for m in news["messages"]] == [
        ("agent", "Agent", "I'm here.")
    ]
    assert news["handled_by"] == "agent"
    passed_on = api.ask("Where is my parcel?", session_id=session_id)
    assert (passed_on["handled_by"], passed_on["model"]) == ("agent", None)
    transcript = as_agent(api, "GET", ticket + "/context")["transcript"]
    assert [m["content"] for m in transcript[-2:]] == ["I'm here.", "Where is my parcel?"]

    as_agent(api, "POST", ticket + "/replies", message=f"Hi Jo,\n\n{FOUND}\n\nBest regards,\nKim", close=True)
    assert api.send_as_agent("POST", ticket + "/replies", json={"message": "?"}).status_code == 409
    closed = read(api, session_id, after=news["newest"])
    article = as_agent(api, "POST", ticket + "/article")
    assert article["markdown"] == f"# Where is my parcel?\n\n{FOUND}\n"
    assert article["sidecar"] == {"metadataAttributes": {"title": "Where is my parcel?"}}
    assert (closed["handled_by"], closed["ticket"]["status"]) == ("assistant", "closed")
    assert [m["role"] for m in closed["messages"]] == ["user", "agent"]
    assert read(api, session_id, after=closed["newest"])["messages"] == []
    again = api.ask(HUMAN, session_id=session_id)
    assert again["escalation"]["ticket_id"] != ticket_id
    assert read(api, session_id)["ticket"] == {
        "ticket_id": again["escalation"]["ticket_id"],
        "status": "open",
    }
