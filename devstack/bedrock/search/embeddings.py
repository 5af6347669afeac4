"""Meaning as vectors, from any OpenAI-compatible `/embeddings` endpoint such as Ollama's."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import requests

_BATCH_TEXTS = 32
_TIMEOUT_SECONDS = (3.05, 60.0)  # to connect, to answer


class EmbeddingsUnavailable(Exception):
    """The embedding server cannot be reached or does not answer as it should."""


class Embedder(Protocol):
    """Turns texts into vectors of one length; `name` changes whenever its vectors do."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text. Raises EmbeddingsUnavailable."""
        ...


class OpenAiEmbedder:
    """Asks LOCAL_EMBED_URL for the vectors of LOCAL_EMBED_MODEL."""

    def __init__(self, url: str, model: str) -> None:
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model

    @property
    def name(self) -> str:
        return self._model

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector of length 1 for each text. Raises EmbeddingsUnavailable."""
        return [vector for batch in _batches(texts) for vector in self._embed_batch(batch)]

    def _embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        request = {"model": self._model, "input": list(texts)}
        try:
            response = requests.post(self._url, json=request, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise EmbeddingsUnavailable(
                f"LOCAL_EMBED_URL: {self._url} cannot be reached ({type(error).__name__})."
            ) from error
        if not response.ok:
            raise EmbeddingsUnavailable(
                f"LOCAL_EMBED_URL: {self._url} answered {response.status_code}"
                f" for LOCAL_EMBED_MODEL {self._model!r}."
            )
        try:
            return _vectors(response.json(), len(texts))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EmbeddingsUnavailable(
                f"LOCAL_EMBED_URL: {self._url} did not answer with one vector for each text."
            ) from error


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), _BATCH_TEXTS):
        yield texts[start : start + _BATCH_TEXTS]


def _vectors(answer: Any, expected: int) -> list[list[float]]:
    """Return the vectors in the order of their texts, at length 1. Raises ValueError, KeyError, TypeError."""
    entries = sorted(answer["data"], key=lambda entry: int(entry.get("index", 0)))
    vectors = [[float(number) for number in entry["embedding"]] for entry in entries]
    if len(vectors) != expected or not all(vectors) or len({len(vector) for vector in vectors}) > 1:
        raise ValueError("the vectors do not match the texts")
    return [_normalised(vector) for vector in vectors]


def _normalised(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(number * number for number in vector))
    if not math.isfinite(length):
        raise ValueError("a vector is not finite")
    return [number / length for number in vector] if length else list(vector)
