"""Which web pages may use the API from a browser, by route and origin."""

from collections.abc import Iterator

import pytest
from chalice import AuthResponse, Chalice, Response
from chalice.app import AuthRequest
from chalice.test import Client, HTTPResponse

import app as app_module
from chalicelib.api.cors import Origins, answer_preflights
from chalicelib.api.http import answers_errors, install
from chalicelib.errors import InvalidSettings, UnknownTicket

SHOP, DESK, OTHER = "https://shop.example", "https://desk.example", "https://other.example"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def serve(origins: Origins | None) -> Chalice:
    """Return an app with a public route and one for agents; None stands for settings that are wrong."""
    app = Chalice("small", configure_logs=False)

    def current() -> Origins:
        if origins is None:
            raise InvalidSettings("CHAT_CORS_ORIGINS: wrong")
        return origins

    install(app, current)

    @app.authorizer()
    def guard(_request: AuthRequest) -> AuthResponse:
        return AuthResponse(routes=["*"], principal_id="agent")

    @app.route("/chat/{session_id}", methods=["GET", "DELETE"])
    def chat(session_id: str) -> dict[str, str]:
        return {"session_id": session_id}

    @app.route("/page", methods=["GET"])
    def page() -> Response:
        return Response("", {"Vary": "Accept-Language"})

    @app.route("/tickets", authorizer=guard)
    @answers_errors
    def tickets() -> None:
        raise UnknownTicket

    answer_preflights(app)
    return app


@pytest.fixture
def lists() -> Iterator[Client]:
    """An app that lists a page of customers and one of agents."""
    with Client(serve(Origins(public=(SHOP, DESK), agents=(DESK,)))) as client:
        yield client


def send(client: Client, path: str, origin: str | None, method: str = "GET") -> HTTPResponse:
    headers = {"Authorization": "Bearer x"} | ({"Origin": origin} if origin else {})
    return client.http.request(method, path, headers=headers)


def test_an_answer_varies_by_its_own_header_as_well_as_by_origin(lists: Client) -> None:
    assert send(lists, "/page", SHOP).headers["Vary"] == "Accept-Language, Origin"
    assert send(lists, "/chat/s", SHOP).headers["Vary"] == "Origin"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "origin", "granted"),
    [
        ("/chat/s", SHOP, SHOP),
        ("/chat/s", DESK, DESK),
        ("/chat/s", OTHER, None),
        ("/chat/s", "null", None),
        ("/chat/s", None, None),
        ("/tickets", DESK, DESK),
        ("/tickets", SHOP, None),
    ],
)
def test_a_page_may_read_an_answer_only_if_its_origin_is_listed(
    lists: Client, method: str, path: str, origin: str | None, granted: str | None
) -> None:
    headers = send(lists, path, origin, method).headers
    assert headers.get(ALLOW_ORIGIN) == granted
    assert headers["Vary"] == "Origin"
    assert ("Access-Control-Expose-Headers" in headers) == (granted is not None)


@pytest.mark.parametrize(
    ("host", "origin", "granted"),
    [
        ("shop.example", "https://shop.example", True),
        ("shop.example", "http://shop.example", True),
        ("https://shop.example", "http://shop.example", False),
        ("shop.example", "https://shop.example:8443", False),
        ("shop.example:*", "https://shop.example:8443", True),
        ("shop.example", "https://www.shop.example", False),
        ("*.shop.example", "https://a.b.shop.example", True),
        ("*.shop.example", "https://shop.example", False),
        ("*.shop.example", "https://evil.example/.shop.example", False),
        ("shop.example", "https://shopXexample", False),
        ("*", OTHER, True),
    ],
)
def test_a_page_with_the_widget_may_use_the_chat_too(host: str, origin: str, granted: bool) -> None:
    with Client(serve(Origins(public=(DESK,), agents=(DESK,), widgets=(host,)))) as client:
        assert send(client, "/chat/s", origin).headers.get(ALLOW_ORIGIN) == (origin if granted else None)
        assert ALLOW_ORIGIN not in send(client, "/tickets", origin).headers


@pytest.mark.parametrize("origin", [OTHER, "null", None])
def test_where_any_page_may_read_the_answer_is_the_same_for_all(origin: str | None) -> None:
    with Client(serve(Origins(public=("*",), agents=()))) as client:
        headers = send(client, "/chat/s", origin).headers
    assert headers[ALLOW_ORIGIN] == "*"
    assert "Vary" not in headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_without_a_list_the_routes_of_agents_are_closed_to_pages(method: str) -> None:
    with Client(serve(Origins(public=("*",), agents=()))) as client:
        headers = send(client, "/tickets", DESK, method).headers
    assert not [name for name in headers if name.startswith("Access-Control-")]


def test_a_preflight_says_what_may_be_sent(lists: Client) -> None:
    preflight = lists.http.request("OPTIONS", "/chat/s", headers={"Origin": SHOP})
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "DELETE,GET,OPTIONS"
    allowed = preflight.headers["Access-Control-Allow-Headers"].split(",")
    assert {"Content-Type", "X-Customer-Id", "X-Customer-Hash", "X-Customer-Hash-Expires"} <= set(allowed)


def test_a_preflight_from_elsewhere_grants_nothing(lists: Client) -> None:
    preflight = lists.http.request("OPTIONS", "/tickets", headers={"Origin": OTHER})
    assert not [name for name in preflight.headers if name.startswith("Access-Control-")]


def test_with_wrong_settings_no_page_of_another_origin_is_let_in() -> None:
    with Client(serve(None)) as client:
        answer = send(client, "/chat/s", SHOP)
    assert answer.status_code == 200
    assert ALLOW_ORIGIN not in answer.headers


@pytest.mark.parametrize("path", app_module.app.routes)
def test_each_route_of_the_app_answers_preflights(path: str) -> None:
    assert "OPTIONS" in app_module.app.routes[path]
