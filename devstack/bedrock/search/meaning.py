"""Compare what chunks mean with what a question means.

A chunk has a vector of its own and one for each of its paragraphs, since a long text's vector says little
about any one sentence. A question is as close to a chunk as the mean of three cosines: with the chunk, with
its closest paragraph, and with the chunk and its neighbours together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devstack.bedrock.search.embeddings import Embedder, Vectors, normalised
from devstack.bedrock.search.ranking import Scores
from devstack.bedrock.search.text import without_targets

_PARAGRAPH_END = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"#{1,6} (.+)")
_WORD_WITH_DIGIT = re.compile(r"\S*\d\S*")
_LONGEST_PARAGRAPH = 400
_MOST_CHUNKS_READ_WHOLE = 200


def chunk_vectors(embedder: Embedder, title: str, chunks: Sequence[str]) -> Iterator[Vectors]:
    """Yield the vectors of each chunk of a document: the whole chunk's, then its parts'.

    Raises EmbeddingsUnavailable. Of a long document the mean of the parts stands for a whole: it takes half
    the time, which is by the characters.
    """
    for chunk in chunks:
        whole, *parts = texts_to_embed(title, chunk)
        if len(chunks) <= _MOST_CHUNKS_READ_WHOLE:
            yield embedder.embed([whole, *parts])
        else:
            vectors = embedder.embed(parts)
            yield np.concatenate([normalised(vectors.mean(axis=0, keepdims=True)), vectors])


def texts_to_embed(title: str, chunk: str) -> list[str]:
    """Return what stands for a chunk: itself with its document's title, then its paragraphs and headings."""
    paragraphs = (_paragraph(title, each) for each in _PARAGRAPH_END.split(chunk) if each.strip())
    return [f"{title}\n\n{_without_numbers(chunk)}", title, *paragraphs]


def _paragraph(title: str, text: str) -> str:
    heading = _HEADING.fullmatch(text.strip())
    return f"{title}: {heading[1]}" if heading else _without_numbers(text)[:_LONGEST_PARAGRAPH]


def _without_numbers(text: str) -> str:
    """Return the lines without numbers and codes, each once: of 50,000 rows of prices one is left.

    They mean nothing to the model, and are found as words.
    """
    lines = (" ".join(_WORD_WITH_DIGIT.sub(" ", line).split()) for line in without_targets(text).splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line))


@dataclass(frozen=True)
class Meanings:
    """The vectors of chunks: all of them, where each chunk's begin, and one for each with its neighbours."""

    chunk_ids: tuple[int, ...]
    vectors: Vectors
    starts: NDArray[np.intp]
    around: Vectors

    @classmethod
    def of(cls, vectors: Mapping[int, Vectors], document_of: Mapping[int, int]) -> Meanings | None:
        """Put together the vectors of chunks, each the whole chunk's first; None without any."""
        width = max((each.shape[1] for each in vectors.values()), default=0)
        chunk_ids = tuple(sorted(key for key, each in vectors.items() if each.shape[1] == width))
        if not chunk_ids:
            return None
        lengths = [len(vectors[key]) for key in chunk_ids]
        wholes = {key: vectors[key][0] for key in chunk_ids}
        around = [
            sum(wholes[near] for near in (key - 1, key, key + 1) if document_of.get(near) == document_of[key])
            for key in chunk_ids
        ]
        return cls(
            chunk_ids,
            np.concatenate([vectors[key] for key in chunk_ids]),
            np.cumsum([0, *lengths[:-1]]),
            normalised(np.stack(around)),
        )

    def scores(self, question: Vectors) -> Scores:
        """Return how close each chunk is to a question's vector, 0 to 1."""
        if question.shape[0] != self.vectors.shape[1]:
            return {}
        cosines = self.vectors @ question
        closest = np.maximum.reduceat(cosines, self.starts)
        means = (cosines[self.starts] + closest + self.around @ question) / 3
        return dict(zip(self.chunk_ids, np.clip(means, 0.0, 1.0).tolist(), strict=True))
