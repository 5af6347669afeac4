"""The local server beside API Gateway: who gets in, and what happens when that cannot be told."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from chalice import AuthResponse, Chalice
from chalice.app import AuthRequest
from chalice.config import Config
from chalice.local import LocalDevServer

from chalicelib.errors import InvalidSettings, Unavailable
from devstack.app.server import EdgeRequestHandler, PatientServer
from devstack.ports import HOST, free_port

app = Chalice(app_name="guarded", configure_logs=False)
FAILURES = {"secrets": Unavailable("secrets"), "settings": InvalidSettings("AGENT_TOKENS_SECRET_ID: missing")}


@app.authorizer()
def guard(request: AuthRequest) -> AuthResponse:
    """Let `good` in, and fail as told."""
    if request.token in FAILURES:
        raise FAILURES[request.token]
    return AuthResponse(routes=["*"] if request.token == "good" else [], principal_id="someone")


@app.route("/things/{name}", methods=["GET", "POST", "PATCH", "DELETE"], cors=True, authorizer=guard)
def thing(name: str) -> dict[str, str]:
    """Repeat the name as it came."""
    return {"name": name}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = LocalDevServer(app, Config(), HOST, free_port(), EdgeRequestHandler, PatientServer)
    serving = threading.Thread(target=server.server.serve_forever, args=(0.05,))
    serving.start()
    yield server.server.server_address[1]
    server.shutdown()
    server.server.server_close()
    serving.join()


def send(port: int, method: str, path: str, token: str | None = None) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        headers = {} if token is None else {"Authorization": token}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else None


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_the_right_token_is_let_in_by_every_method(port: int, method: str) -> None:
    assert send(port, method, "/things/one", "good") == (200, {"name": "one"})


@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "%25", "a+b", "%E8%AA%9E", "*", "a:b"])
def test_a_path_is_no_obstacle_and_comes_as_it_was_written(port: int, name: str) -> None:
    assert send(port, "GET", f"/things/{name}?x=1", "good") == (200, {"name": name})


def test_a_path_in_plain_utf_8_comes_percent_encoded(port: int) -> None:
    with socket.create_connection((HOST, port), timeout=10) as connection:
        head = (
            "GET /things/Jo-Nö%20語 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: good\r\n\r\n"
        )
        connection.sendall(head.encode())
        answer = b"".join(iter(partial(connection.recv, 65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"name": "Jo-N%C3%B6%20%E8%AA%9E"}


@pytest.mark.parametrize("token", [None, "", "  "])
def test_no_token_is_401(port: int, token: str | None) -> None:
    assert send(port, "GET", "/things/one", token) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("token", ["bad", "good good", "tökén"])
def test_a_wrong_token_is_403(port: int, token: str) -> None:
    refusal = {"Message": "User is not authorized to access this resource"}
    assert send(port, "GET", "/things/one", token) == (403, refusal)


@pytest.mark.parametrize("token", ["secrets", "settings"])
def test_an_authorizer_that_fails_lets_nobody_in_and_tells_nothing(port: int, token: str) -> None:
    assert send(port, "GET", "/things/one", token) == (500, {"message": "Internal Server Error"})


def test_a_preflight_needs_no_token(port: int) -> None:
    assert send(port, "OPTIONS", "/things/one") == (200, None)


def test_an_unknown_route_is_403_whatever_the_token(port: int) -> None:
    assert send(port, "GET", "/nowhere")[0] == 403
    assert send(port, "GET", "/nowhere", "tökén") == (403, {"message": "Forbidden"})
