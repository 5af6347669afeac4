"""The agents' routes for tickets and customers: what goes in and comes out, over fakes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

import app as app_module
from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.domain.customer import Interaction
from chalicelib.errors import Unavailable
from tests.builders import exchange_at
from tests.fakes import START
from tests.scene import Scene
from tests.web import AGENT, JSON, TOKEN, TOKENS, Web, fields_of, refusal, serving

TICKET = {"customer_external_id": "CUST-1001", "subject": "Late parcel", "description": "Where is it?"}


@dataclass(frozen=True)
class Office(Web):
    """The agents' side of a scene."""

    scene: Scene

    def post(self, **fields: Any) -> dict[str, Any]:
        """Post a ticket, and insist on an answer."""
        response = self.send("POST", "/tickets", TICKET | fields)
        assert response.status_code == 200, response.body
        answer: dict[str, Any] = response.json_body
        return answer


@pytest.fixture
def web(scene: Scene) -> Iterator[Office]:
    desk = {"tickets": scene.desk, "replies": scene.replies, "drafts": scene.drafts}
    with serving(JSON | AGENT, **desk, articles=scene.articles, erasure=scene.erasure) as web:
        yield Office(web.client, web.headers, scene)


@pytest.mark.parametrize("token", [f"bearer {TOKEN}", f" Bearer  {TOKEN} ", "Bearer token-of-tomorrow"])
def test_any_agents_token_opens(web: Office, token: str) -> None:
    assert web.send("GET", "/tickets", headers={"Authorization": token}).status_code == 200


def test_a_token_says_whose_it_is(web: Office) -> None:
    assert web.send("GET", "/agents/me").json_body["name"] == "zendesk"
    assert web.send("GET", "/agents/me", headers=JSON).status_code == 401
    assert web.send("GET", "/agents/me", headers={"Authorization": "Bearer wrong"}).status_code == 403


def test_what_opens_one_route_opens_all_as_the_gateway_remembers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    services = SimpleNamespace(agent_tokens=AgentTokens(lambda: TOKENS))
    monkeypatch.setattr(app_module, "services", lambda: services)
    assert policy_for(f"Bearer {TOKEN}") == (
        "zendesk",
        ["arn:aws:execute-api:us-east-1:123456789012:abc/dev/*/*"],
    )
    assert policy_for("Bearer wrong") == ("nobody", [])


def policy_for(token: str) -> tuple[str, list[str]]:
    """Return who API Gateway takes the caller for, and what it lets them invoke."""
    arn = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/tickets"
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
    answer = app_module.agent(event, {})
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    return answer["principalId"], statement["Resource"]


def test_secrets_out_of_reach_let_nobody_in() -> None:
    def fail() -> Mapping[str, str]:
        raise Unavailable("secrets")

    with (
        serving(JSON | AGENT, agent_tokens=AgentTokens(fail)) as web,
        pytest.raises(Unavailable),  # Lambda fails then, and the gateway answers 500
    ):
        web.send("POST", "/tickets", TICKET)


def test_a_posted_ticket_is_kept_and_answered_with_what_is_known(web: Office) -> None:
    answer = web.post(ticket_id="T-1", channel="email", priority="high", metadata={"a": [1]})
    assert list(answer) == [
        *("ticket_id", "status", "customer_context", "kb_suggestions", "processing_time_ms"),
        *("degraded", "correlation_id"),
    ]
    assert (answer["ticket_id"], answer["status"], answer["degraded"]) == ("T-1", "received", [])
    assert answer["customer_context"]["external_id"] == "CUST-1001"
    assert [s["title"] for s in answer["kb_suggestions"]] == ["Reset your password", "Refunds"]
    kept = web.scene.tickets.kept["T-1"]
    assert (kept.customer_id, kept.channel, kept.priority) == ("CUST-1001", "email", "high")
    response = web.send("POST", "/tickets", TICKET | {"ticket_id": "T-1", "subject": "Another"})
    refusal(response, 409, "ticket_id_reused")


def test_a_ticket_from_the_future_is_refused_by_field_and_not_kept(web: Office) -> None:
    assert fields_of(web.send("POST", "/tickets", TICKET | {"created_at": "2030-01-01"})) == ["created_at"]
    assert web.scene.tickets.kept == {}


def test_tickets_are_moved_and_listed_by_status_page_by_page(web: Office) -> None:
    for n in range(4):
        web.post(ticket_id=f"T-{n}", created_at=f"2026-11-0{n + 1}")
    moved = web.send("PATCH", "/tickets/T-1", {"status": "closed"}).json_body
    assert (moved["ticket_id"], moved["status"], moved["subject"]) == ("T-1", "closed", "Late parcel")
    newest = web.send("GET", "/tickets?status=open&limit=2").json_body
    older = web.send("GET", f"/tickets?status=open&limit=2&before={quote(newest['next'])}").json_body
    pages = [[t["ticket_id"] for t in page["tickets"]] for page in (newest, older)]
    assert (pages, older["next"]) == ([["T-3", "T-2"], ["T-0"]], None)


def test_a_ticket_is_taken_and_found_by_its_customer_and_assignee(web: Office) -> None:
    for n in range(2):
        web.post(ticket_id=f"T-{n}")
    taken = web.send("PATCH", "/tickets/T-1", {"assignee": "Jo Nö", "priority": "urgent"}).json_body
    assert (taken["assignee"], taken["priority"], taken["handled_by"]) == ("Jo Nö", "urgent", "assistant")
    for query in (f"assignee={quote('Jo Nö')}", f"customer=CUST-1001&assignee={quote('Jo Nö')}"):
        found = web.send("GET", f"/tickets?{query}").json_body["tickets"]
        assert [t["ticket_id"] for t in found] == ["T-1"]
    assert web.send("PATCH", "/tickets/T-1", {"assignee": None}).json_body["assignee"] is None


def test_a_reply_is_sent_under_the_name_of_the_tokens_owner(web: Office) -> None:
    web.post(ticket_id="T-1")
    sent = web.send("POST", "/tickets/T-1/replies", {"message": "On its way.", "reply_id": "r-1"})
    assert list(sent.json_body) == ["reply_id", "timestamp", "correlation_id"]
    assert sent.json_body["reply_id"] == "r-1"
    (message,) = web.send("GET", "/tickets/T-1/context").json_body["transcript"]
    assert (message["role"], message["author"], message["content"]) == ("agent", "zendesk", "On its way.")


def test_a_draft_is_answered_with_sources_and_what_is_missing(web: Office) -> None:
    web.post(ticket_id="T-1")
    web.scene.model.says("Hello. [1]\n\nMissing:\n- The date")
    drafted = web.send("POST", "/tickets/T-1/draft", {"instruction": "Short."})
    assert list(drafted.json_body) == [
        *("draft", "citations", "missing", "usage", "degraded", "correlation_id")
    ]
    assert (drafted.json_body["draft"], drafted.json_body["missing"]) == ("Hello. [1]", ["The date"])
    assert drafted.json_body["citations"][0]["title"] == "Reset your password"


def test_a_draft_needs_no_body(web: Office) -> None:
    web.post(ticket_id="T-1")
    assert web.send("POST", "/tickets/T-1/draft", headers=AGENT).status_code == 200
    assert web.send("POST", "/tickets/T-1/draft", {}, headers=AGENT).status_code == 415


def test_an_article_is_answered_with_its_sidecar(web: Office) -> None:
    web.post(ticket_id="T-1")
    web.send("POST", "/tickets/T-1/replies", {"message": "Choose Settings > Merge.", "close": True})
    web.scene.model.says("# Merge accounts\n\nChoose Settings > Merge.")
    drafted = web.send("POST", "/tickets/T-1/article", headers=AGENT).json_body
    assert list(drafted) == ["title", "markdown", "sidecar", "usage", "correlation_id"]
    assert drafted["sidecar"] == {"metadataAttributes": {"title": "Merge accounts"}}
    assert drafted["markdown"] == "# Merge accounts\n\nChoose Settings > Merge.\n"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/tickets/T-9/replies", {"message": "Hello"}, 404, "unknown_ticket"),
        ("/tickets/T-1/replies", {"message": "Hello"}, 409, "ticket_closed"),
        ("/tickets/T-1/replies", {"message": "Hello", "reply_id": "r-1"}, 409, "reply_id_reused"),
    ],
)
def test_a_reply_that_cannot_be_sent_is_refused(
    web: Office, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    web.post(ticket_id="T-1")
    web.send("POST", "/tickets/T-1/replies", {"message": "Bye.", "reply_id": "r-1", "close": True})
    refusal(web.send("POST", path, body), status, code)


def test_a_field_of_a_reply_that_is_not_known_is_refused(web: Office) -> None:
    assert fields_of(web.send("POST", "/tickets/T-1/replies", {"message": "Hi", "reply": "r"})) == ["reply"]


def test_a_tickets_context_has_its_feedback(web: Office) -> None:
    web.post(ticket_id="a:b")
    body = {"helpful": False, "source": "kb_suggestions", "comment": "Old"}
    accepted = web.send("POST", "/tickets/a%3Ab/feedback", body)
    assert (accepted.status_code, accepted.json_body["status"]) == (200, "accepted")
    context = web.send("GET", "/tickets/a%3Ab/context").json_body
    assert context["ticket"]["ticket_id"] == "a:b"
    (feedback,) = context["feedback"]
    assert {name: feedback[name] for name in body} == body


def test_a_customer_is_erased_and_counted(web: Office) -> None:
    customer = "Jo Nö/100%"
    web.post(customer_external_id=customer, ticket_id="T-1")
    web.send("POST", "/tickets/T-1/feedback", {"helpful": True})
    web.scene.conversations.kept.append(exchange_at(START, handed_over=None, customer_id=customer))
    web.scene.interactions.kept.append(Interaction(customer, START, "chat", 0.5, session_id="s"))
    erased = web.send("DELETE", "/customers/Jo%20N%C3%B6%2F100%25/data").json_body
    assert erased["external_id"] == customer
    assert erased["erased"].pop("interactions") >= 2
    assert erased["erased"] == {"chats": 1, "exchanges": 1, "tickets": 1, "feedback": 1}
    assert (web.scene.tickets.kept, web.scene.conversations.kept) == ({}, [])
