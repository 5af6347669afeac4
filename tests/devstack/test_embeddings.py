"""Vectors from an OpenAI-compatible server, and the index that uses them."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from devstack.bedrock.search.embeddings import EmbeddingsUnavailable, OpenAiEmbedder
from devstack.bedrock.search.index import Index

# The little model's dimensions: what a text is about, whatever it is called.
MEANINGS = (("dog", "puppy", "hound"), ("car", "automobile", "vehicle"), ("soup", "broth"))


def vector(text: str) -> list[float]:
    words = text.lower().replace("\n", " ").split()
    return [float(sum(word in names for word in words)) for names in MEANINGS] + [0.1]


class EmbeddingServer:
    """An HTTP server that embeds like a tiny model, or answers as a test wants."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[list[str]], tuple[int, bytes]] = self.embedded
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append({"path": self.path, **body})
                status, answer = outer.answer(body["input"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @staticmethod
    def embedded(texts: list[str]) -> tuple[int, bytes]:
        data = [{"index": number, "embedding": vector(text)} for number, text in enumerate(texts)]
        return 200, json.dumps({"data": data[::-1]}).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    yield running
    running.close()


def test_asks_the_model_and_keeps_the_order_of_the_texts(server: EmbeddingServer) -> None:
    dog, car = OpenAiEmbedder(server.url + "/", "tiny").embed(["dog", "car"])
    assert dog[0] > 0.9
    assert car[1] > 0.9
    assert server.requests[0]["path"] == "/v1/embeddings"
    assert server.requests[0]["model"] == "tiny"


def test_vectors_have_length_one(server: EmbeddingServer) -> None:
    (one,) = OpenAiEmbedder(server.url, "tiny").embed(["dog dog dog soup"])
    assert sum(number * number for number in one) == pytest.approx(1)


def test_asks_for_many_texts_in_batches(server: EmbeddingServer) -> None:
    assert len(OpenAiEmbedder(server.url, "tiny").embed(["dog"] * 70)) == 70
    assert [len(request["input"]) for request in server.requests] == [32, 32, 6]


@pytest.mark.parametrize(
    "answer",
    [
        (404, b"no such model"),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"data": []}'),
        (200, b'{"data": [{"embedding": []}]}'),
        (200, b'{"data": [{"embedding": ["x"]}]}'),
        (200, b'{"data": [{"embedding": [1e999]}]}'),
        (200, b'{"data": [{"embedding": [NaN]}]}'),
    ],
)
def test_an_odd_answer_names_the_setting(server: EmbeddingServer, answer: tuple[int, bytes]) -> None:
    server.answer = lambda _texts: answer
    with pytest.raises(EmbeddingsUnavailable, match="LOCAL_EMBED_URL"):
        OpenAiEmbedder(server.url, "tiny").embed(["dog"])


def test_an_unreachable_server_names_the_setting() -> None:
    with pytest.raises(EmbeddingsUnavailable, match=r"LOCAL_EMBED_URL.*cannot be reached"):
        OpenAiEmbedder("http://127.0.0.1:9/v1", "tiny").embed(["dog"])


def fill(index: Index) -> None:
    index.put("pets", "1", "Feeding", "A hound eats twice a day.", {})
    index.put("cars", "1", "Parking", "Every vehicle needs a permit.", {})


def test_finds_by_meaning_what_shares_no_word(server: EmbeddingServer) -> None:
    index = Index(None, OpenAiEmbedder(server.url, "tiny"))
    fill(index)
    hits = index.search("automobile", 2)
    assert hits[0].uri == "cars"
    assert 0 < hits[1].score < hits[0].score <= 1
    index.close()


def test_searches_by_words_and_says_so_when_the_server_is_down(
    server: EmbeddingServer, caplog: pytest.LogCaptureFixture
) -> None:
    index = Index(None, OpenAiEmbedder(server.url, "tiny"))
    fill(index)
    server.answer = lambda _texts: (500, b"")
    with caplog.at_level(logging.WARNING):
        assert [hit.uri for hit in index.search("permit", 2)] == ["cars"]
    assert "LOCAL_EMBED_URL" in caplog.text
    index.close()


def test_keeps_the_old_version_when_the_server_is_down_at_ingestion(server: EmbeddingServer) -> None:
    index = Index(None, OpenAiEmbedder(server.url, "tiny"))
    fill(index)
    server.answer = lambda _texts: (500, b"")
    with pytest.raises(EmbeddingsUnavailable):
        index.put("pets", "2", "Feeding", "Changed.", {})
    assert index.etags() == {"pets": "1", "cars": "1"}
    index.close()


def test_documents_of_another_model_count_as_changed_until_put_again(
    server: EmbeddingServer, tmp_path: Path
) -> None:
    path = tmp_path / "index.db"
    plain = Index(path)
    fill(plain)
    plain.close()
    index = Index(path, OpenAiEmbedder(server.url, "tiny"))
    assert index.etags() == {"pets": "", "cars": ""}
    index.put("pets", "1", "Feeding", "A hound eats twice a day.", {})
    assert index.etags() == {"pets": "1", "cars": ""}
    assert index.search("puppy", 5)[0].uri == "pets"
    index.close()
