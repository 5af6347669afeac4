"""What the served product refuses, in the error shape, also where Chalice itself would answer otherwise."""

import json

import pytest

from tests.integration.api import TICKET, Api, new_id, refused

JSON = {"Content-Type": "application/json"}


def post(body: bytes, *headers: str, method: str = "POST") -> bytes:
    """Return a request to /chat as it goes over the wire."""
    lines = [f"{method} /chat HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_broken_body_is_400_and_leaves_nothing(api: Api) -> None:
    before = len(api.items("customer-support-conversations"))
    refusal = refused(api.send("POST", "/chat", data=b'{"query": "\\u0007"}', headers=JSON), 400)
    assert [problem["field"] for problem in refusal["fields"]] == ["query"]
    assert len(api.items("customer-support-conversations")) == before


def test_a_bad_ticket_is_400_and_leaves_nothing(api: Api) -> None:
    body = {**TICKET, "ticket_id": new_id(), "channel": "fax"}
    refusal = refused(api.send_as_agent("POST", "/tickets", json=body), 400)
    assert [problem["field"] for problem in refusal["fields"]] == ["channel"]
    assert body["ticket_id"] not in {item["ticket_id"]["S"] for item in api.items("support-tickets")}


def test_a_body_of_another_type_is_415(api: Api) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(api.send("POST", "/chat", data=b'{"query": "a"}', headers=headers), 415)


def test_a_body_without_a_type_is_415(api: Api) -> None:
    body = b'{"query": "a"}'
    status, _, answer = api.raw(post(body, f"Content-Length: {len(body)}")).partition(b"\r\n")
    assert b" 415 " in status
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "unsupported_media_type"


def test_a_large_body_is_413(api: Api) -> None:
    refused(api.send("POST", "/chat", json={"query": "a", "more": "x" * 70_000}), 413)


@pytest.mark.local_only
@pytest.mark.parametrize("method", ["PUT", "TRACE", "BREW"])
def test_a_wrong_method_is_405(api: Api, method: str) -> None:
    response = api.send(method, "/chat", json={"query": "a"})
    refused(response, 405)
    assert response.headers["Allow"]


@pytest.mark.local_only
def test_an_unknown_route_keeps_the_gateways_own_shape(api: Api) -> None:
    response = api.send("GET", "/nowhere")
    assert (response.status_code, response.json()) == (403, {"message": "Missing Authentication Token"})


def test_another_ones_session_is_403(api: Api) -> None:
    issued = api.ask("Hello")["session_id"]
    forged = issued[:-1] + ("0" if issued[-1] != "0" else "1")
    refused(api.send("GET", f"/chat/{forged}"), 403)
    refused(api.send("DELETE", f"/chat/{forged}"), 403)


@pytest.mark.local_only
def test_a_malformed_session_in_the_path_is_400(api: Api) -> None:
    refused(api.send("GET", "/chat/%F0%9F%98%80"), 400)


def test_a_browser_of_another_site_may_ask(api: Api) -> None:
    origin = {"Origin": "https://shop.example.com"}
    preflight = api.send("OPTIONS", "/chat", headers=origin)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    answer = api.send("POST", "/chat", json={"query": "Hello"}, headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


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
        (post(b"", "X-Long: " + "x" * 70_000), b"431"),
    ],
)
def test_what_never_gets_to_the_app_is_refused_in_json(api: Api, request_bytes: bytes, status: bytes) -> None:
    head, _, body = api.raw(request_bytes).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert json.loads(body)["message"]
