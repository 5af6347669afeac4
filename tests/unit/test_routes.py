"""What holds for every route: who gets in, and what is answered when it fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app import app
from chalicelib.api.cors import PREFLIGHT
from chalicelib.errors import Unavailable
from tests.web import AGENT, JSON, TOKEN, Web, fields_of, refusal, serving

TICKET = {"customer_external_id": "CUST-1001", "subject": "Late parcel", "description": "Where is it?"}


@dataclass(frozen=True)
class Route:
    """A route, and a request that it takes."""

    method: str
    path: str
    body: Any = None
    wrong_paths: tuple[str, ...] = ()
    """The path with something in it that is refused, where there is room for it."""
    needs_no_field: bool = False
    """Whether each field of the body may be left out, if not all of them."""
    takes_nothing: bool = False
    """Whether all of them may be left out."""


CUSTOMERS = [
    Route("POST", "/chat", {"query": "Hello"}),
    Route("POST", "/chat/open", {"token": "T-1.1795780800.5f0c"}),
    Route("GET", "/chat/pending/m", None, ("/chat/pending/a%20b",)),
    Route("GET", "/chat/s", None, ("/chat/a%20b", "/chat/s?limit=x", "/chat/s?after=soon")),
    Route("DELETE", "/chat/s", None, ("/chat/a%20b",)),
    Route(
        "PUT", "/chat/s/contact", {"email": "a@example.com"}, ("/chat/a%20b/contact",), needs_no_field=True
    ),
    Route("POST", "/chat/s/feedback", {"message_id": "m", "rating": "up"}, ("/chat/a%20b/feedback",)),
]
AGENTS = [
    Route("POST", "/tickets", TICKET),
    Route("GET", "/tickets", None, ("/tickets?limit=0", "/tickets?status=x", "/tickets?owner=x")),
    Route("PATCH", "/tickets/T-1", {"status": "closed"}, ("/tickets/a%20b",), needs_no_field=True),
    Route("POST", "/tickets/T-1/replies", {"message": "Hello"}, ("/tickets/a%20b/replies",)),
    Route(
        "POST", "/tickets/T-1/draft", {"instruction": "Short"}, ("/tickets/a%20b/draft",), takes_nothing=True
    ),
    Route("POST", "/tickets/T-1/article", None, ("/tickets/a%20b/article",)),
    Route("GET", "/tickets/T-1/context", None, ("/tickets/a%20b/context",)),
    Route("GET", "/events", None, ("/events?limit=0", "/events?status=x", "/events?before=1", "/events?x=1")),
    Route("GET", "/insights", None, ("/insights?days=0", "/insights?days=x", "/insights?x=1")),
    Route("POST", "/events/evt_1/resend", None, ("/events/a%20b/resend",)),
    Route("POST", "/tickets/T-1/feedback", {"helpful": True}, ("/tickets/a%20b/feedback",)),
    Route("DELETE", "/customers/CUST-1001/data", None, ("/customers/%FF/data",)),
    Route("POST", "/kb/sync"),
    Route("GET", "/kb/sync"),
]
ROUTES = [*CUSTOMERS, *AGENTS]
FILES = ("/", "/widget.js", "/libraries.js", "/agent", "/openapi.json")


def each(routes: list[Route]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", routes, ids=lambda route: f"{route.method} {route.path}")


with_body = each([route for route in ROUTES if route.body])


class Down:
    """A service of which nothing can be reached."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def ask(*_: object) -> None:
            self.asked.append(name)
            raise Unavailable("somewhere inside")

        return ask


@pytest.fixture
def down() -> Down:
    return Down()


@pytest.fixture
def web(down: Down) -> Iterator[Web]:
    names = (
        "chat",
        "pending",
        "transcripts",
        "tickets",
        "replies",
        "drafts",
        "articles",
        "erasure",
        "sync",
        "deliveries",
        "insights",
    )
    with serving(JSON | AGENT, **dict.fromkeys(names, down)) as web:
        yield web


def test_every_route_is_tried_here() -> None:
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    names = {
        "s": "{session_id}",
        "m": "{message_id}",
        "T-1": "{ticket_id}",
        "CUST-1001": "{external_id}",
        "evt_1": "{event_id}",
    }
    tried = {
        (route.method, "/".join(names.get(part, part) for part in route.path.split("/"))) for route in ROUTES
    }
    preflights = {(PREFLIGHT, path) for _, path in served}
    needing_nothing = {("GET", path) for path in (*FILES, "/agents/me", "/health")}
    heads = {("HEAD", path) for path in FILES}
    assert served - tried == {*needing_nothing, *heads, *preflights}


@each(ROUTES)
def test_an_outage_is_503_and_says_nothing_of_where(web: Web, down: Down, route: Route) -> None:
    response = web.send(route.method, route.path, route.body)
    assert "inside" not in refusal(response, 503, "unavailable")["error"]
    assert response.headers["Retry-After"] == "5"
    assert down.asked


@each(AGENTS)
def test_only_an_agent_gets_in(web: Web, down: Down, route: Route) -> None:
    assert web.send(route.method, route.path, route.body, JSON).status_code == 401
    for token in (f"Bearer {TOKEN}x", "Bearer \xff"):
        headers = JSON | {"Authorization": token}
        assert web.send(route.method, route.path, route.body, headers).status_code == 403
    assert down.asked == []


@each(CUSTOMERS)
def test_a_customer_needs_no_token(web: Web, down: Down, route: Route) -> None:
    web.send(route.method, route.path, route.body, JSON)
    assert down.asked


@with_body
def test_a_body_that_cannot_be_read_is_400(web: Web, down: Down, route: Route) -> None:
    assert fields_of(web.send(route.method, route.path, b"not json")) == ["body"]
    if not route.takes_nothing:
        missing = ["body"] if route.needs_no_field else list(route.body)
        assert fields_of(web.send(route.method, route.path, {})) == missing
    assert down.asked == []


@with_body
def test_a_body_over_64_kb_is_413(web: Web, down: Down, route: Route) -> None:
    body = route.body | {"padding": "x" * 65_536}
    refusal(web.send(route.method, route.path, body), 413, "body_too_large")
    assert down.asked == []


@with_body
def test_a_body_that_is_not_json_is_415(web: Web, down: Down, route: Route) -> None:
    headers = AGENT | {"Content-Type": "text/plain"}
    response = web.send(route.method, route.path, route.body, headers)
    refusal(response, 415, "unsupported_media_type")
    assert down.asked == []


@each([route for route in ROUTES if route.wrong_paths])
def test_a_path_or_a_query_that_cannot_be_read_is_400(web: Web, down: Down, route: Route) -> None:
    for path in route.wrong_paths:
        assert len(fields_of(web.send(route.method, path, route.body))) == 1
    assert down.asked == []


@each(ROUTES)
def test_a_wrong_method_is_405_in_our_shape(web: Web, route: Route) -> None:
    refusal(web.send("TRACE", route.path, {}), 405, "method_not_allowed")
