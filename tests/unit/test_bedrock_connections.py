"""What becomes of a question when connections to Bedrock die unseen, behind a proxy that lets them."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

import pytest
from botocore.session import Session

from chalicelib.domain.conversation import Prompt
from chalicelib.gateways.aws import client_config
from chalicelib.gateways.bedrock import IDLE_SECONDS, BedrockModel
from chalicelib.gateways.converse import ModelOptions
from chalicelib.gateways.converse_stream import Heard
from devstack.bedrock.wire import event_stream
from tests.local_server import LocalHandler, LocalServer

FIRST, SECOND = "global.anthropic.claude-haiku-5-5", "global.amazon.nova-2-lite-v1:0"
PROMPT = Prompt("Be kind.", (), (), "How do I reset it?", may_hand_over=False)
COUNTED = {
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}
ANSWER = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "Like this."}]}},
        "stopReason": "end_turn",
        **COUNTED,
    }
).encode()
STREAMED = b"".join(
    event_stream.event(name, json.dumps(members).encode())
    for name, members in {
        "contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Like this."}},
        "messageStop": {"stopReason": "end_turn"},
        "metadata": COUNTED,
    }.items()
)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
READ_SECONDS = 0.2


class Model(LocalHandler):
    """Answers every question, whole or as a stream, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        kind, answer = "application/json", ANSWER
        if self.path.endswith("/converse-stream"):
            kind, answer = "application/vnd.amazon.eventstream", STREAMED
        self.answer(200, answer, {"Content-Type": kind})


class Proxy:
    """Passes bytes on, until `fate` says what meets the next that come over a connection made before."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._fates: dict[socket.socket, Literal["reset", "lost"]] = {}
        self._open: list[socket.socket] = []
        self.made = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def fate(self, fate: Literal["reset", "lost"]) -> None:
        """Let all connections that there are reset or swallow what comes."""
        self._fates.update(dict.fromkeys(self._open, fate))

    def close(self) -> None:
        """End all."""
        for each in (self._listener, *self._open):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.made += 1
                self._open.append(client)
                server = socket.create_connection(self._target)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), sink:
            while data := source.recv(65536):
                match self._fates.get(source):
                    case None:
                        sink.sendall(data)
                    case "reset":
                        source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                        source.close()
                        return


class Behind:
    """The gateway, behind the proxy; `heard` is how its answers come."""

    def __init__(self, proxy: Proxy, heard: Heard | None) -> None:
        self.proxy, self.now, self._heard = proxy, 1000.0, heard
        session = Session()
        session.set_credentials("x", "x")
        client: Any = session.create_client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=proxy.url,
            config=client_config(READ_SECONDS, attempts=1),
        )
        options = ModelOptions((FIRST, SECOND), 100, 0.7, 0.9, None, "1")
        self.model = BedrockModel(client, options, lambda _: None, lambda: self.now)

    def answers(self) -> str | None:
        """Ask; return the model that answered."""
        return self.model.reply(PROMPT, self._heard).model


@pytest.fixture(params=[None, str], ids=["whole", "streamed"])
def behind(request: pytest.FixtureRequest) -> Iterator[Behind]:
    """A gateway with a connection that was used before."""
    server = LocalServer(Model)
    proxy = Proxy(("127.0.0.1", server.port))
    gateway = Behind(proxy, request.param)
    assert gateway.answers() == FIRST
    yield gateway
    gateway.model._client.close()
    proxy.close()
    server.close()


def test_a_connection_is_kept_from_question_to_question(behind: Behind) -> None:
    behind.now += IDLE_SECONDS
    assert (behind.answers(), behind.proxy.made) == (FIRST, 1)


def test_a_reset_connection_costs_neither_the_answer_nor_the_model(behind: Behind) -> None:
    behind.proxy.fate("reset")
    assert (behind.answers(), behind.proxy.made) == (FIRST, 2)
    assert (behind.answers(), behind.proxy.made) == (FIRST, 2)


def test_a_connection_that_was_idle_for_long_is_not_trusted(behind: Behind) -> None:
    behind.proxy.fate("lost")
    behind.now += IDLE_SECONDS + 1
    assert (behind.answers(), behind.proxy.made) == (FIRST, 2)
