"""The agents' routes: who gets in, statuses, shapes and refusals, over fakes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

import app as app_module
from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.chat.sessions import Sessions
from chalicelib.domain.customer import Interaction
from chalicelib.errors import Unavailable
from chalicelib.tickets.erasure import Erasure
from tests.fakes import START, exchange_at
from tests.unit.test_http import error_of
from tests.unit.test_ticket_desk import Desk, open_ticket_desk

TOKEN = "token-of-zendesk"
TICKET = {"customer_external_id": "CUST-1001", "subject": "Late parcel", "description": "Where is it?"}
ROUTES = [
    ("POST", "/tickets"),
    ("GET", "/tickets"),
    ("PATCH", "/tickets/T-1"),
    ("GET", "/tickets/T-1/context"),
    ("POST", "/tickets/T-1/feedback"),
    ("DELETE", "/customers/CUST-1001/data"),
]


@dataclass
class Web:
    """The app's agent side over a ticket desk of fakes."""

    client: Client
    desk: Desk
    tokens: dict[str, str]

    def send(
        self, method: str, path: str, body: object = None, token: str | None = f"Bearer {TOKEN}"
    ) -> HTTPResponse:
        """Send a request as an agent; a body that is not bytes is sent as JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
        return self.client.http.request(method, path, headers=headers, body=raw)

    def post(self, **fields: Any) -> dict[str, Any]:
        """Post a ticket, and insist on an answer."""
        response = self.send("POST", "/tickets", TICKET | fields)
        assert response.status_code == 200, response.body
        answer: dict[str, Any] = response.json_body
        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    tokens = {"zendesk": TOKEN, "next": "token-of-tomorrow"}
    for desk in open_ticket_desk():
        sessions = Sessions(lambda: "secret", accept_made_up_ids=True)
        erasure = Erasure(sessions, desk.conversations, desk.interactions, desk.tickets, lambda _: None)
        services = SimpleNamespace(
            tickets=desk.desk, erasure=erasure, agent_tokens=AgentTokens(lambda: tokens)
        )
        monkeypatch.setattr(app_module, "services", lambda services=services: services)
        with Client(app_module.app) as client:
            yield Web(client, desk, tokens)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_no_agent_route_answers(web: Web, method: str, path: str) -> None:
    web.post(ticket_id="T-1")
    assert web.send(method, path, TICKET, token=None).status_code == 401
    assert list(web.desk.tickets.kept) == ["T-1"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "token", ["Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer", "Bearer \xff"]
)
def test_with_a_wrong_token_no_agent_route_answers(web: Web, method: str, path: str, token: str) -> None:
    web.post(ticket_id="T-1")
    assert web.send(method, path, TICKET, token=token).status_code == 403
    assert list(web.desk.tickets.kept) == ["T-1"]


@pytest.mark.parametrize("token", [f"bearer {TOKEN}", f" Bearer  {TOKEN} ", "Bearer token-of-tomorrow"])
def test_any_agents_token_opens(web: Web, token: str) -> None:
    assert web.send("GET", "/tickets", token=token).status_code == 200


def test_what_opens_one_route_opens_all_because_the_gateway_remembers_it_by_token() -> None:
    services = SimpleNamespace(agent_tokens=AgentTokens(lambda: {"zendesk": TOKEN}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_module, "services", lambda: services)
        policies = [policy_for(token) for token in (f"Bearer {TOKEN}", "Bearer wrong")]
    assert policies == [
        ("zendesk", ["arn:aws:execute-api:us-east-1:123456789012:abc/dev/*/*"]),
        ("nobody", []),
    ]


def policy_for(token: str) -> tuple[str, list[str]]:
    """Return who API Gateway takes the caller for, and what it lets them invoke."""
    arn = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/tickets"
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
    answer = app_module.agent(event, {})
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    return answer["principalId"], statement["Resource"]


def test_secrets_out_of_reach_let_nobody_in(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Mapping[str, str]:
        raise Unavailable("secrets")

    services = SimpleNamespace(agent_tokens=AgentTokens(fail), tickets=web.desk.desk)
    monkeypatch.setattr(app_module, "services", lambda: services)
    with pytest.raises(Unavailable):  # Lambda fails then, and the gateway answers 500
        web.send("POST", "/tickets", TICKET)
    assert web.desk.tickets.kept == {}


def test_a_posted_ticket_is_kept_and_answered_with_what_is_known(web: Web) -> None:
    answer = web.post(ticket_id="T-1", channel="email", priority="high", metadata={"a": [1]})
    assert list(answer) == [
        "ticket_id",
        "status",
        "customer_context",
        "kb_suggestions",
        "processing_time_ms",
        "degraded",
        "correlation_id",
    ]
    assert (answer["ticket_id"], answer["status"], answer["degraded"]) == ("T-1", "received", [])
    assert answer["customer_context"]["external_id"] == "CUST-1001"
    assert [s["title"] for s in answer["kb_suggestions"]] == ["Delivery times", "Refunds"]
    kept = web.desk.tickets.kept["T-1"]
    assert (kept.customer_id, kept.channel, kept.priority) == ("CUST-1001", "email", "high")


def test_an_unknown_customer_is_null_and_nothing_is_missing(web: Web) -> None:
    answer = web.post(customer_external_id="Nobody, Ünknown/1")
    assert (answer["customer_context"], answer["degraded"]) == (None, [])


def test_the_same_ticket_again_is_the_same_answer_and_another_one_409(web: Web) -> None:
    first, second = (web.post(ticket_id="T-1") for _ in range(2))
    for timing in ("processing_time_ms", "correlation_id"):
        first.pop(timing), second.pop(timing)
    assert first == second
    response = web.send("POST", "/tickets", TICKET | {"ticket_id": "T-1", "subject": "Another"})
    error_of(response, 409, "ticket_id_reused")
    assert len(web.desk.tickets.kept) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[" * 65_000, "body"),
        (b'{"metadata":' + b'{"a":' * 9_000, "body"),
        (b"\xff", "body"),
        (b"[]", "body"),
        ({}, "customer_external_id"),
        (TICKET | {"subject": None}, "subject"),
        (TICKET | {"description": "\u200b"}, "description"),
        (TICKET | {"ticket_id": "a b"}, "ticket_id"),
        (TICKET | {"channel": "fax"}, "channel"),
        (TICKET | {"priority": 1}, "priority"),
        (TICKET | {"metadata": []}, "metadata"),
        (TICKET | {"created_at": "yesterday"}, "created_at"),
        (TICKET | {"created_at": "2030-01-01T00:00:00Z"}, "created_at"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_ticket_is_refused_by_field_and_not_kept(web: Web, body: object, field: str) -> None:
    refusal = error_of(web.send("POST", "/tickets", body), 400, "invalid_request")
    assert field in [f["field"] for f in refusal["fields"]]
    assert web.desk.tickets.kept == {}


def test_a_body_over_64_kb_is_refused(web: Web) -> None:
    body = TICKET | {"metadata": {"a": "x" * 65_536}}
    error_of(web.send("POST", "/tickets", body), 413, "body_too_large")


def test_a_ticket_that_cannot_be_kept_is_503(web: Web) -> None:
    web.desk.tickets.down = Unavailable("tickets")
    response = web.send("POST", "/tickets", TICKET)
    error_of(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "5"


def test_postgres_out_of_reach_is_named_and_the_ticket_kept(web: Web) -> None:
    web.desk.customers.down = Unavailable("customers")
    answer = web.post()
    assert (answer["customer_context"], answer["degraded"]) == (None, ["customer"])
    assert answer["ticket_id"] in web.desk.tickets.kept


def test_tickets_are_listed_page_by_page_newest_first(web: Web) -> None:
    for n in range(5):
        web.post(ticket_id=f"T-{n}", created_at=f"2026-11-0{n + 1}")
    pages, before = [], ""
    while before is not None:
        page = web.send("GET", f"/tickets?limit=2{before and '&before=' + before}").json_body
        pages.append([t["ticket_id"] for t in page["tickets"]])
        before = page["next"] and page["next"].replace("+", "%2B").replace("#", "%23")
    assert pages == [["T-4", "T-3"], ["T-2", "T-1"], ["T-0"]]


def test_tickets_are_listed_by_status(web: Web) -> None:
    for n in range(2):
        web.post(ticket_id=f"T-{n}")
    moved = web.send("PATCH", "/tickets/T-1", {"status": "closed"}).json_body
    assert (moved["ticket_id"], moved["status"], moved["subject"]) == ("T-1", "closed", "Late parcel")
    for status, ids in (("closed", ["T-1"]), ("open", ["T-0"]), ("pending", [])):
        page = web.send("GET", f"/tickets?status={status}").json_body
        assert [t["ticket_id"] for t in page["tickets"]] == ids


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("status=solved", "status"), ("before=", "before")],
)
def test_a_wrong_page_is_refused_by_field(web: Web, query: str, field: str) -> None:
    refusal = error_of(web.send("GET", f"/tickets?{query}"), 400, "invalid_request")
    assert [f["field"] for f in refusal["fields"]] == [field]


def test_a_tickets_context_has_its_feedback_and_no_transcript_without_a_chat(web: Web) -> None:
    web.post(ticket_id="a:b")
    body = {"helpful": False, "source": "kb_suggestions", "comment": "Old"}
    accepted = web.send("POST", "/tickets/a%3Ab/feedback", body)
    assert (accepted.status_code, accepted.json_body["status"]) == (200, "accepted")
    context = web.send("GET", "/tickets/a%3Ab/context").json_body
    assert list(context) == [
        "ticket",
        "customer_context",
        "kb_suggestions",
        "transcript",
        "feedback",
        "degraded",
        "correlation_id",
    ]
    assert context["ticket"]["ticket_id"] == "a:b"
    assert context["transcript"] is None
    (feedback,) = context["feedback"]
    assert {name: feedback[name] for name in body} == body


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tickets/T-0/context", None),
        ("POST", "/tickets/T-0/feedback", {"helpful": True}),
        ("PATCH", "/tickets/T-0", {"status": "closed"}),
    ],
)
def test_an_unknown_ticket_is_404_and_a_malformed_one_400(
    web: Web, method: str, path: str, body: object
) -> None:
    error_of(web.send(method, path, body), 404, "unknown_ticket")
    refusal = error_of(web.send(method, path.replace("T-0", "a%20b"), body), 400, "invalid_request")
    assert [f["field"] for f in refusal["fields"]] == ["ticket_id"]


@pytest.mark.parametrize("body", [{}, {"helpful": "yes"}, {"helpful": 1}, {"helpful": True, "comment": 5}])
def test_bad_feedback_is_refused_and_not_kept(web: Web, body: object) -> None:
    web.post(ticket_id="T-1")
    error_of(web.send("POST", "/tickets/T-1/feedback", body), 400, "invalid_request")
    assert web.desk.tickets.kept["T-1"].feedback == ()


def test_a_customer_is_erased_and_counted_and_a_repetition_counts_nothing(web: Web) -> None:
    customer = "Jo Nö/100%"
    web.post(customer_external_id=customer, ticket_id="T-1")
    web.send("POST", "/tickets/T-1/feedback", {"helpful": True})
    web.desk.conversations.kept.append(exchange_at(START, handed_over=None, customer_id=customer))
    web.desk.interactions.kept.append(Interaction(customer, START, "chat", 0.5, session_id="s"))
    erased = web.send("DELETE", "/customers/Jo%20N%C3%B6%2F100%25/data").json_body
    assert erased["external_id"] == customer
    assert erased["erased"].pop("interactions") >= 2
    assert erased["erased"] == {"chats": 1, "exchanges": 1, "tickets": 1, "feedback": 1}
    assert (web.desk.tickets.kept, web.desk.conversations.kept) == ({}, [])
    again = web.send("DELETE", "/customers/Jo%20N%C3%B6%2F100%25/data").json_body
    assert set(again["erased"].values()) == {0}


@pytest.mark.parametrize("external_id", ["%20", "%FF", "a%0Ab", "x" * 129])
def test_a_malformed_customer_is_refused(web: Web, external_id: str) -> None:
    refusal = error_of(web.send("DELETE", f"/customers/{external_id}/data"), 400, "invalid_request")
    assert [f["field"] for f in refusal["fields"]] == ["external_id"]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/tickets"), ("GET", "/tickets/T-1"), ("POST", "/customers/a/data")]
)
def test_a_wrong_method_is_refused_in_our_shape(web: Web, method: str, path: str) -> None:
    error_of(web.send(method, path, {}), 405, "method_not_allowed")
