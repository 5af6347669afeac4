"""Requests to addresses that an owner configured: only public ones, only for so long, only so much."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from chalicelib.errors import SendingFailed
from chalicelib.gateways.outbound import MAX_ANSWER_BYTES, HttpAnswer, Outbound
from tests.certificates import Authority

PATIENCE_SECONDS = 0.2
BODY = b"the whole body"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Answering = Callable[[socket.socket], None]


class Endpoint:
    """A server on this machine that answers each connection as it was told, and keeps what it was sent."""

    def __init__(self, answer: Answering, tls: ssl.SSLContext | None) -> None:
        self._answer = answer
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.received: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hooks?a=1"

    def close(self) -> None:
        # A close alone leaves a thread accepting.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                with suppress(OSError), self._secured(accepted) as line:
                    request = b""
                    while not request.endswith(BODY):
                        request += line.recv(65536)
                    self.received.append(request)
                    self._answer(line)

    def _secured(self, line: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(line, server_side=True) if self._tls else line


class Start(Protocol):
    """Starts an endpoint that sends these bytes, or does what it is told with the line."""

    def __call__(self, answer: Answering | bytes, tls: ssl.SSLContext | None = None) -> Endpoint: ...


@pytest.fixture
def endpoint() -> Iterator[Start]:
    running: list[Endpoint] = []

    def start(answer: Answering | bytes, tls: ssl.SSLContext | None = None) -> Endpoint:
        send = (lambda line: line.sendall(answer)) if isinstance(answer, bytes) else answer
        running.append(Endpoint(send, tls))
        return running[-1]

    yield start
    for each in running:
        with suppress(OSError):
            each.close()


def post(url: str, addresses: list[str] | None = None, allow_loopback: bool = True) -> HttpAnswer:
    outbound = Outbound(allow_loopback, PATIENCE_SECONDS)
    if addresses is not None:
        outbound = Outbound(allow_loopback, PATIENCE_SECONDS, lambda host, port: addresses)
    return outbound.post(url, {"X-Ours": "yes"}, BODY)


def test_a_request_arrives_whole_and_its_answer_comes_back(endpoint: Start) -> None:
    there = endpoint(OK)
    assert post(there.url) == HttpAnswer(200, b"ok")
    (request,) = there.received
    assert request.startswith(b"POST /hooks?a=1 HTTP/1.1\r\nHost: localhost:%d\r\n" % there.port)
    assert b"\r\nX-Ours: yes\r\n" in request
    assert request.endswith(b"\r\n\r\n" + BODY)


NOT_PUBLIC = [
    "10.0.0.1 172.16.0.1 192.168.1.1 127.0.0.1 127.8.8.8 0.0.0.0 100.64.0.1 224.0.0.1 255.255.255.255",
    "169.254.169.254 169.254.170.2 192.0.2.1 198.18.0.1 240.0.0.1",
    ":: ::1 fe80::1 fe80::1%lo fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1",
    "::ffff:8.8.8.8 64:ff9b::a00:1 2002:a00:1::1 2001:0:a00:1::1",
]


@pytest.mark.parametrize("address", " ".join(NOT_PUBLIC).split())
def test_an_address_that_is_not_public_is_never_connected_to(endpoint: Start, address: str) -> None:
    there = endpoint(OK)
    for scheme in ("http", "https"):
        with pytest.raises(SendingFailed, match="not a public https address"):
            post(f"{scheme}://example.com:{there.port}/", [address], allow_loopback=False)
    assert there.received == []


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "example.com"]
)
def test_only_https_is_spoken_to_others(url: str) -> None:
    with pytest.raises(SendingFailed, match="not a public https address"):
        post(url, ["93.184.216.34"])


def test_the_checked_address_is_the_one_connected_to(endpoint: Start) -> None:
    there = endpoint(OK)
    # A second lookup could answer otherwise (DNS rebinding); this name has no second one.
    assert post(f"http://rebinding.invalid:{there.port}/", ["10.0.0.1", "127.0.0.1"]).status == 200


def test_a_redirect_is_an_answer_like_any_other(endpoint: Start) -> None:
    elsewhere = endpoint(OK)
    there = endpoint(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())
    assert post(there.url).status == 302
    assert elsewhere.received == []


def test_no_more_than_so_much_of_an_answer_is_read(endpoint: Start) -> None:
    size = 8 * 1024 * 1024
    there = endpoint(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    assert len(post(there.url).body) == MAX_ANSWER_BYTES


def drip(start: bytes) -> Answering:
    """Send a byte at a time, each sooner than a read times out, and never come to an end."""

    def send(line: socket.socket) -> None:
        line.sendall(start)
        for _ in range(200):
            line.sendall(b"a")
            time.sleep(PATIENCE_SECONDS / 10)

    return send


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_endpoint_that_drips_is_cut_off_in_time(endpoint: Start, start: bytes) -> None:
    with pytest.raises(SendingFailed, match="took too long"):
        post(endpoint(drip(start)).url)


def test_an_endpoint_that_says_nothing_took_too_long(endpoint: Start) -> None:
    with pytest.raises(SendingFailed, match="took too long"):
        post(endpoint(lambda line: time.sleep(2 * PATIENCE_SECONDS)).url)


@pytest.mark.parametrize("answer", [b"", b"\x00\xff garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_garbage_is_a_failed_connection(endpoint: Start, answer: bytes) -> None:
    with pytest.raises(SendingFailed, match="the connection failed"):
        post(endpoint(answer).url)


def test_a_closed_port_and_an_unknown_name_are_told_apart(endpoint: Start) -> None:
    there = endpoint(OK)
    there.close()
    with pytest.raises(SendingFailed, match="the connection was refused"):
        post(there.url)
    with pytest.raises(SendingFailed, match="its name could not be resolved"):
        post("https://nowhere.invalid/")


@pytest.mark.parametrize(
    ("name", "is_trusted", "outcome"),
    [("localhost", True, None), ("localhost", False, "certificate"), ("other.example", True, "certificate")],
)
def test_a_certificate_must_be_trusted_and_bear_the_name(
    endpoint: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_trusted: bool,
    outcome: str | None,
) -> None:
    authority = Authority(tmp_path)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.roots))
    there = endpoint(OK, authority.server(name))
    url = f"https://localhost:{there.port}/"
    if outcome:
        with pytest.raises(SendingFailed, match=outcome):
            post(url)
        assert there.received == []
    else:
        assert post(url) == HttpAnswer(200, b"ok")
