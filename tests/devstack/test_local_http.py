"""The local server beside API Gateway: who gets in, what happens when that cannot be told, and in a crowd."""

import gzip
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import pytest
from chalice import AuthResponse, Chalice
from chalice.app import AuthRequest
from chalice.config import Config

from chalicelib.api.http import PROTECTION
from chalicelib.errors import InvalidSettings, Unavailable
from devstack.app.http import AT_ONCE, PEER, PatientServer
from devstack.ports import HOST, free_port
from tests.product import within

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


class Room:
    """How many requests were in the app at once, while the door was shut."""

    def __init__(self) -> None:
        self.door = threading.Event()
        self._lock = threading.Lock()
        self._inside = 0
        self.most = 0

    def stay(self) -> None:
        """Come in, and leave when the door opens."""
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self.door.wait(10)
        with self._lock:
            self._inside -= 1


room = Room()


@app.route("/room")
def enter_room() -> dict[str, str]:
    """Stay until the door opens."""
    room.stay()
    return {"left": "room"}


@app.route("/address")
def tell_address() -> dict[str, str]:
    """Say where the request came from."""
    assert app.current_request
    return {"address": app.current_request.context["identity"]["sourceIp"]}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = PatientServer(app, Config(config_from_disk={"minimum_compression_size": 1024}), free_port())
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    serving.join()


def send(
    port: int, method: str, path: str, token: str | None = None, host: str = "localhost"
) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        headers = {"Host": host} if token is None else {"Host": host, "Authorization": token}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        # All refusals here are the server's own.
        assert answer.status < 400 or PROTECTION.items() <= dict(answer.headers).items()
        return answer.status, json.loads(body) if body else None


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no loopback address but 127.0.0.1")
def test_the_app_hears_the_address_of_who_connects_whatever_they_say(port: int) -> None:
    from_another = http.client.HTTPConnection(HOST, port, timeout=10, source_address=("127.0.0.2", 0))
    with closing(from_another) as connection:
        connection.request("GET", "/address", headers={PEER: "192.0.2.1", "X-Forwarded-For": "192.0.2.1"})
        assert json.load(connection.getresponse()) == {"address": "127.0.0.2"}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_the_right_token_is_let_in_by_every_method(port: int, method: str) -> None:
    assert send(port, method, "/things/one", "good") == (200, {"name": "one"})


@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "%25", "a+b", "%E8%AA%9E", "*", "a:b"])
def test_a_path_is_no_obstacle_and_comes_as_it_was_written(port: int, name: str) -> None:
    assert send(port, "GET", f"/things/{name}?x=1", "good") == (200, {"name": name})


def test_a_path_in_plain_utf_8_comes_percent_encoded(port: int) -> None:
    with socket.create_connection((HOST, port), timeout=10) as connection:
        ask_for(connection, "Jo-Nö%20語")
        assert read_body(connection) == {"name": "Jo-N%C3%B6%20%E8%AA%9E"}


def ask_for(connection: socket.socket, name: str) -> None:
    lines = [f"GET /things/{name} HTTP/1.1", "Host: localhost", "Connection: close", "Authorization: good"]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())


def read_body(connection: socket.socket) -> Any:
    answer = b"".join(iter(partial(connection.recv, 65536), b""))
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("token", [None, "", "  "])
def test_no_token_is_401(port: int, token: str | None) -> None:
    assert send(port, "GET", "/things/one", token) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("token", ["bad", "good good", "tökén"])
def test_a_wrong_token_is_403(port: int, token: str) -> None:
    refusal = {"Message": "User is not authorized to access this resource"}
    assert send(port, "GET", "/things/one", token) == (403, refusal)


@pytest.mark.parametrize("token", ["secrets", "settings"])
def test_an_authorizer_that_fails_lets_nobody_in_and_tells_nothing(port: int, token: str) -> None:
    assert send(port, "GET", "/things/one", token) == (503, {"message": "Service Unavailable"})


def test_a_preflight_needs_no_token(port: int) -> None:
    assert send(port, "OPTIONS", "/things/one") == (200, None)


def test_an_unknown_route_is_403_whatever_the_token(port: int) -> None:
    for token in (None, "secret", "tökén"):
        assert send(port, "GET", "/nowhere", token) == (403, {"message": "Missing Authentication Token"})


@app.route("/long")
def tell_much() -> dict[str, str]:
    """Say more than what is sent as it is."""
    return {"said": "word " * 1000}


@pytest.mark.parametrize(("accepted", "is_packed"), [("br, gzip", True), ("br", False), ("", False)])
def test_a_long_answer_is_compressed_for_who_takes_it(port: int, accepted: str, is_packed: bool) -> None:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        connection.request("GET", "/long", headers={"Accept-Encoding": accepted})
        answer = connection.getresponse()
        body = answer.read()
    assert (answer.getheader("Content-Encoding") == "gzip") == is_packed
    assert json.loads(gzip.decompress(body) if is_packed else body) == tell_much()


def test_a_short_answer_is_sent_as_it_is(port: int) -> None:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        connection.request("GET", "/address", headers={"Accept-Encoding": "gzip"})
        assert connection.getresponse().getheader("Content-Encoding") is None


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "[half", ""])
def test_a_name_that_is_not_this_machine_is_refused(port: int, host: str) -> None:
    refusal = {"message": "Forbidden"}
    assert send(port, "GET", "/things/one", "good", host) == (403, refusal)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "shop.localhost:8000"])
def test_the_names_of_this_machine_are_served(port: int, host: str) -> None:
    assert send(port, "GET", "/things/one", "good", host) == (200, {"name": "one"})


def test_five_hundred_connections_at_once_are_all_answered(port: int) -> None:
    with ExitStack() as opened:
        crowd = [opened.enter_context(socket.create_connection((HOST, port), timeout=30)) for _ in range(500)]
        for number, connection in enumerate(crowd):
            ask_for(connection, str(number))
        answers = [read_body(connection)["name"] for connection in crowd]
    assert answers == [str(number) for number in range(500)]


def test_the_app_works_on_a_few_requests_while_others_wait(port: int) -> None:
    with ThreadPoolExecutor(2 * AT_ONCE) as crowd:
        answers = [crowd.submit(send, port, "GET", "/room") for _ in range(2 * AT_ONCE)]
        assert within(5, lambda: room.most == AT_ONCE)
        time.sleep(0.1)
        room.door.set()
    assert [answer.result() for answer in answers] == [(200, {"left": "room"})] * 2 * AT_ONCE
    assert room.most == AT_ONCE
