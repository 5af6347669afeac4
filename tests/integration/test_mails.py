"""Mails of the running product lie in its folder: to the team, and to a customer who has left the page."""

import re
from email.message import EmailMessage
from typing import Any

import pytest

from tests.integration.api import Api, new_id, refused
from tests.product import within

HUMAN = "I want to talk to a human"
TEAM = "team@example.com"
MAILED_SECONDS = 30
LINK = re.compile(r"^http://127\.0\.0\.1:\d+/#conversation=(\S+)$", re.MULTILINE)


def hand_over(api: Api, to: str) -> tuple[str, str]:
    """Ask for a person and leave an address; return the session and the ticket."""
    opened = api.ask(HUMAN)
    session_id, ticket_id = opened["session_id"], opened["escalation"]["ticket_id"]
    assert api.send("PUT", f"/chat/{session_id}/contact", json={"email": to}).status_code == 200
    return session_id, ticket_id


def reply(api: Api, ticket_id: str, message: str) -> None:
    response = api.send_as_agent("POST", f"/tickets/{ticket_id}/replies", json={"message": message})
    assert response.status_code == 200, response.text


def event(api: Api, ticket_id: str, kind: str) -> dict[str, Any]:
    """Return the newest event of a kind that a ticket had."""
    events = api.send_as_agent("GET", "/events?limit=100").json()["events"]
    found: dict[str, Any] = next(
        each for each in events if each["type"] == kind and each["data"]["ticket_id"] == ticket_id
    )
    return found


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


@pytest.mark.local_only
def test_a_reply_reaches_who_has_left_and_the_mail_leads_back(api: Api) -> None:
    to = f"{new_id('jo')}@example.com"
    session_id, ticket_id = hand_over(api, to)
    reply(api, ticket_id, "Es ist unterwegs 📦.\n<b>Grüße</b>")
    assert within(MAILED_SECONDS, lambda: len(api.mails(to)) == 1)
    (mail,) = api.mails(to)
    text = text_of(mail)
    assert "> Es ist unterwegs 📦.\n> <b>Grüße</b>\n" in text.replace("\r\n", "\n")
    assert session_id not in str(mail)
    (token,) = LINK.findall(text.replace("\r\n", "\n"))
    assert api.send("POST", "/chat/open", json={"token": token}).json()["session_id"] == session_id
    refused(api.send("POST", "/chat/open", json={"token": token[:-1]}), 403)
    assert [m for m in api.mails(TEAM) if ticket_id in m["Subject"]]
    assert api.send("DELETE", f"/chat/{session_id}").status_code == 204
    assert refused(api.send("POST", "/chat/open", json={"token": token}), 403)["code"] == "link_not_valid"


@pytest.mark.local_only
def test_a_reply_that_was_read_is_not_mailed(api: Api) -> None:
    to = f"{new_id('jo')}@example.com"
    session_id, ticket_id = hand_over(api, to)
    reply(api, ticket_id, "It is on its way.")
    assert api.send("GET", f"/chat/{session_id}").status_code == 200
    assert within(MAILED_SECONDS, lambda: event(api, ticket_id, "ticket.replied")["status"] == "delivered")
    (receiver,) = event(api, ticket_id, "ticket.replied")["receivers"]
    assert receiver["reason"] == "the customer has read it in the chat"
    assert api.mails(to) == []


@pytest.mark.local_only
def test_a_mail_that_is_refused_can_be_read_of_and_sent_again(api: Api) -> None:
    api.break_down("SendEmail", error="MessageRejected", times=1)
    ticket_id = api.post_ticket(ticket_id=new_id())["ticket_id"]
    assert within(MAILED_SECONDS, lambda: event(api, ticket_id, "ticket.created")["status"] == "failed")
    failed = event(api, ticket_id, "ticket.created")
    (receiver,) = failed["receivers"]
    assert (receiver["name"], receiver["status"]) == (f"mail to {TEAM}", "failed")
    assert receiver["reason"] == "SES answered MessageRejected"
    assert api.send_as_agent("POST", f"/events/{failed['event_id']}/resend").status_code == 200
    assert within(MAILED_SECONDS, lambda: any(ticket_id in m["Subject"] for m in api.mails(TEAM)))
