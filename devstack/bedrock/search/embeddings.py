"""Meaning as vectors, from any OpenAI-compatible `/embeddings` endpoint such as Ollama's."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import requests
from numpy.typing import NDArray

_BATCH_TEXTS = 32
_TIMEOUT_SECONDS = (3.05, 60.0)  # to connect, to answer


Vectors = NDArray[np.float32]
"""One vector, or a row for each of several texts."""


class EmbeddingsUnavailable(Exception):
    """The embedding server cannot be reached or does not answer as it should."""


class Embedder(Protocol):
    """Turns texts into vectors of one length; `name` changes whenever its vectors do."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text. Raises EmbeddingsUnavailable."""
        ...


class OpenAiEmbedder:
    """Asks LOCAL_EMBED_URL for the vectors of LOCAL_EMBED_MODEL."""

    def __init__(self, url: str, model: str) -> None:
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model

    @property
    def name(self) -> str:
        return self._model

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text. Raises EmbeddingsUnavailable."""
        return np.concatenate([self._embed_batch(batch) for batch in _batches(texts)])

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
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


def _vectors(answer: Any, expected: int) -> Vectors:
    """Return the vectors in the order of their texts, at length 1. Raises ValueError, KeyError, TypeError."""
    entries = sorted(answer["data"], key=lambda entry: int(entry.get("index", 0)))
    vectors = np.array([entry["embedding"] for entry in entries], dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != expected or not vectors.size or not np.isfinite(vectors).all():
        raise ValueError("the vectors do not match the texts")
    return normalised(vectors)


def normalised(vectors: NDArray[np.floating]) -> Vectors:
    """Return the rows at length 1; those of zeros as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
