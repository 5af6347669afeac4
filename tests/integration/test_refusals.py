"""What the served product refuses, in the error shape, also where Chalice itself would answer otherwise."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.integration.conftest import Api

JSON = {"Content-Type": "application/json"}


def check_error(response: requests.Response, status: int) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert isinstance(body["error"], str)
    assert body["code"]
    assert body["correlation_id"] == response.headers["X-Correlation-Id"]
    assert response.headers["Content-Type"] == "application/json"
    return body


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe", b"{}", b'{"query": "\\ud800"}', b'{"query": "\\u0007"}', b"[" * 60_000],
)
def test_a_broken_body_is_400_and_leaves_nothing(api: Api, body: bytes) -> None:
    before = len(api.items("customer-support-conversations"))
    refusal = check_error(api.send("POST", "/chat", data=body, headers=JSON), 400)
    assert refusal["fields"]
    assert len(api.items("customer-support-conversations")) == before


def test_a_body_of_another_type_is_415(api: Api) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        headers = {"Content-Type": content_type}
        check_error(api.send("POST", "/chat", data=b'{"query": "a"}', headers=headers), 415)


def test_a_body_without_a_type_is_415(api: Api) -> None:
    body = b'{"query": "a"}'
    head = (
        f"POST /chat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    status, _, answer = api.raw(head.encode() + body).partition(b"\r\n")
    assert b" 415 " in status
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "unsupported_media_type"


def test_a_large_body_is_413(api: Api) -> None:
    check_error(api.send("POST", "/chat", json={"query": "a", "more": "x" * 70_000}), 413)


@pytest.mark.local_only
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/chat"), ("GET", "/chat"), ("PATCH", "/chat/x"), ("POST", "/")]
)
def test_a_wrong_method_is_405(api: Api, method: str, path: str) -> None:
    response = api.send(method, path, json={"query": "a"})
    check_error(response, 405)
    assert response.headers["Allow"]


@pytest.mark.local_only
def test_an_unknown_route_keeps_the_gateways_own_shape(api: Api) -> None:
    response = api.send("GET", "/nowhere")
    assert (response.status_code, response.json()) == (403, {"message": "Missing Authentication Token"})


def test_another_ones_session_is_403(api: Api) -> None:
    api.ask("Hello", session_id="made-up-by-a-client")
    check_error(api.send("GET", "/chat/made-up-by-a-client"), 403)
    issued = api.ask("Hello")["session_id"]
    forged = issued[:-1] + ("0" if issued[-1] != "0" else "1")
    check_error(api.send("GET", f"/chat/{forged}"), 403)
    check_error(api.send("DELETE", f"/chat/{forged}"), 403)


@pytest.mark.local_only
@pytest.mark.parametrize("session_id", ["%00", "a%20b", "%F0%9F%98%80", "x" * 200])
def test_a_malformed_session_in_the_path_is_400(api: Api, session_id: str) -> None:
    check_error(api.send("GET", f"/chat/{session_id}"), 400)


def test_a_browser_of_another_site_may_ask(api: Api) -> None:
    preflight = api.send("OPTIONS", "/chat", headers={"Origin": "https://shop.example.com"})
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    answer = api.send(
        "POST", "/chat", json={"query": "Hello"}, headers={"Origin": "https://shop.example.com"}
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def post(body: bytes, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} /chat HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_chunked_body_is_read(api: Api) -> None:
    chunks = b'9\r\n{"query":\r\n8\r\n"Hello"}\r\n0\r\n\r\n'
    answer = api.raw(post(chunks, "Content-Type: application/json", "Transfer-Encoding: chunked"))
    assert b" 200 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post(b"", "Content-Length: abc"), b"400"),
        (post(b"", "Content-Length: -5"), b"400"),
        (post(b"", "Content-Length: 99999999999"), b"413"),
        (post(b"zz\r\n", "Transfer-Encoding: chunked"), b"400"),
        (post(b"", method="BREW"), b"501"),
        (post(b"", "X-Long: " + "x" * 70_000), b"431"),
    ],
)
def test_what_never_gets_to_the_app_is_refused_in_json(api: Api, request_bytes: bytes, status: bytes) -> None:
    head, _, body = api.raw(request_bytes).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert json.loads(body)["message"]


@pytest.mark.local_only
def test_forty_customers_who_connect_at_once_are_all_answered(api: Api) -> None:
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(api.ask, ["Hello"] * 40))
    assert len({a["session_id"] for a in answers}) == 40
