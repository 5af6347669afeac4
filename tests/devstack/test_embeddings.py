"""Vectors from an OpenAI-compatible server, and the index that uses them."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.bedrock.search.embeddings import EmbeddingsUnavailable, OpenAiEmbedder
from devstack.bedrock.search.index import Index
from tests.devstack.bedrock_server import FakeEndpoint, serving

# The small model's dimensions: what a text is about, by whichever name.
MEANINGS = (("dog", "puppy", "hound"), ("car", "automobile", "vehicle"), ("soup", "broth"))


def vector(text: str) -> list[float]:
    words = text.lower().replace("\n", " ").split()
    return [float(sum(word in names for word in words)) for names in MEANINGS] + [0.1]


def embeddings(asked: dict[str, Any]) -> Any:
    data = [{"index": number, "embedding": vector(text)} for number, text in enumerate(asked["input"])]
    return {"data": data[::-1]}


@pytest.fixture
def model() -> FakeEndpoint:
    return FakeEndpoint(embeddings)


@pytest.fixture
def embedder(model: FakeEndpoint) -> Iterator[OpenAiEmbedder]:
    with serving(model) as url:
        yield OpenAiEmbedder(f"{url}/v1/", "tiny")


@pytest.fixture
def index(embedder: OpenAiEmbedder) -> Iterator[Index]:
    filled = Index(None, embedder)
    fill(filled)
    yield filled
    filled.close()


def fill(index: Index) -> None:
    index.put("pets", "1", "Feeding", "A hound eats twice a day.", {})
    index.put("cars", "1", "Parking", "Every vehicle needs a permit.", {})


def test_vectors_of_length_one_come_in_the_order_of_the_texts(
    embedder: OpenAiEmbedder, model: FakeEndpoint
) -> None:
    dog, car = embedder.embed(["dog dog soup", "car"])
    assert (max(dog), max(car)) == (dog[0], car[1])
    assert sum(number * number for number in dog) == pytest.approx(1)
    assert model.request.path == "/v1/embeddings"
    assert model.asked == [{"model": "tiny", "input": ["dog dog soup", "car"]}]


def test_many_texts_are_asked_for_in_batches(embedder: OpenAiEmbedder, model: FakeEndpoint) -> None:
    assert len(embedder.embed(["dog"] * 70)) == 70
    assert [len(request["input"]) for request in model.asked] == [32, 32, 6]


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"embedding": []}]}',
        b'{"data": [{"embedding": ["x"]}]}',
        b'{"data": [{"embedding": [1e999]}]}',
        b'{"data": [{"embedding": [NaN]}]}',
    ],
)
def test_an_odd_answer_names_the_setting(answer: bytes) -> None:
    with serving(FakeEndpoint(answer)) as url, pytest.raises(EmbeddingsUnavailable, match="LOCAL_EMBED_URL"):
        OpenAiEmbedder(url, "tiny").embed(["dog"])


def test_an_unreachable_server_names_the_setting() -> None:
    with pytest.raises(EmbeddingsUnavailable, match=r"LOCAL_EMBED_URL.*cannot be reached"):
        OpenAiEmbedder("http://127.0.0.1:9/v1", "tiny").embed(["dog"])


def test_the_index_finds_by_meaning_what_shares_no_word(index: Index) -> None:
    hits = index.search("automobile", 2)
    assert hits[0].uri == "cars"
    assert 0 < hits[1].score < hits[0].score <= 1


def test_words_and_meaning_add_up(index: Index) -> None:
    assert index.search("vehicle", 1)[0].score > index.search("automobile", 1)[0].score


def test_the_index_searches_by_words_and_says_so_when_the_server_is_down(
    index: Index, model: FakeEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    model.status = 500
    with caplog.at_level(logging.WARNING):
        assert [hit.uri for hit in index.search("permit", 2)] == ["cars"]
    assert "LOCAL_EMBED_URL" in caplog.text


def test_a_question_is_read_by_meaning_as_soon_as_the_server_is_back(
    index: Index, model: FakeEndpoint
) -> None:
    question = "Braucht ein Automobile eine Parkerlaubnis?"
    index.words("Wo gibt es Suppe?")
    read = []
    for model.status in (500, 200):
        read.append("vehicl" in {stem for word in index.words(question) for stem in word.stems})
    assert read == [False, True]


def test_the_index_keeps_the_old_version_when_the_server_is_down(index: Index, model: FakeEndpoint) -> None:
    model.status = 500
    with pytest.raises(EmbeddingsUnavailable):
        index.put("pets", "2", "Feeding", "Changed.", {})
    assert index.etags() == {"pets": "1", "cars": "1"}


def test_documents_of_another_model_count_as_changed_until_put_again(
    embedder: OpenAiEmbedder, tmp_path: Path
) -> None:
    plain = Index(tmp_path / "index.db")
    fill(plain)
    plain.close()
    index = Index(tmp_path / "index.db", embedder)
    assert index.etags() == {"pets": "", "cars": ""}
    index.put("pets", "1", "Feeding", "A hound eats twice a day.", {})
    assert index.etags() == {"pets": "1", "cars": ""}
    assert index.search("puppy", 5)[0].uri == "pets"
    index.close()
