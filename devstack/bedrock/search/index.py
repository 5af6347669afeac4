"""The local knowledge base's index: finds the chunks that answer a question.

Documents are ranked as a whole, in their title, headings and body, and by their best chunk;
each is then shown by that chunk. With an embedder, the share of the question's words that matches and the
cosine of the meanings are added up with fixed weights: a convex combination, which keeps scores comparable
between questions where ranks alone (reciprocal rank fusion) would not.
"""

from __future__ import annotations

import difflib
import logging
import operator
import re
import threading
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.bedrock.knowledge.chunking import chunk
from devstack.bedrock.search import index_store as store
from devstack.bedrock.search.embeddings import Embedder, EmbeddingsUnavailable
from devstack.bedrock.search.ranking import (
    CHUNKS,
    DOCUMENTS,
    Corpus,
    Term,
    inverse_frequency,
    question_terms,
    score_items,
)
from devstack.bedrock.search.text import content_stems

_log = logging.getLogger(__name__)

_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CHUNK_SHARE = 0.1
_MEANING_SHARE = 0.6
_DIFFERENT_DOCUMENTS_FIRST = 3
_LATER_CHUNK_DISCOUNT = 0.9
_VARIANT_LIMIT = 2
_VARIANT_LIKENESS = 0.84
_SHORTEST_VARIANT_LETTERS = 5


@dataclass(frozen=True)
class Hit:
    """A chunk that was found; `score` is between 0 and 1 and comparable between questions."""

    uri: str
    text: str
    metadata: Mapping[str, Any]
    score: float
    chunk_id: str


@dataclass(frozen=True)
class _Catalogue:
    """Everything but texts and words, kept in memory until the next write."""

    documents: Mapping[int, store.StoredDocument]
    chunks: Mapping[int, store.StoredChunk]
    document_corpus: Corpus
    chunk_corpus: Corpus
    vectors: Mapping[int, array[float]]


class Index:
    """Documents by their URI, searchable; safe to share between threads."""

    def __init__(self, path: Path | None, embedder: Embedder | None = None) -> None:
        self._lock = threading.RLock()
        self._database = store.open_database(path)
        self._embedder = embedder
        self._catalogue: _Catalogue | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def etags(self) -> dict[str, str]:
        """Return the etag of every document; an empty one when another embedder made its vectors."""
        wanted = self._embedder.name if self._embedder else None
        with self._lock:
            rows = self._database.execute("SELECT uri, etag, embedder FROM documents").fetchall()
        return {uri: etag if wanted in (None, made_by) else "" for uri, etag, made_by in rows}

    def put(self, uri: str, etag: str, title: str, text: str, metadata: Mapping[str, Any]) -> None:
        """Add or replace a document, all of it or nothing. Raises EmbeddingsUnavailable."""
        texts = chunk(text) or [title]
        vectors: Sequence[Sequence[float] | None] = [None] * len(texts)
        if self._embedder:
            vectors = self._embedder.embed([f"{title}\n\n{each}" for each in texts])
        chunks = [
            store.NewChunk(each, _fields(each), vector) for each, vector in zip(texts, vectors, strict=True)
        ]
        made_by = self._embedder.name if self._embedder else None
        stems = {"title": content_stems(title), **_fields(text)}
        document = store.NewDocument(uri, etag, metadata, stems, made_by)
        with self._lock, self._database:
            self._catalogue = None
            store.delete(self._database, uri)
            store.insert(self._database, document, chunks)

    def remove(self, uri: str) -> None:
        """Remove a document; an unknown one is no error."""
        with self._lock, self._database:
            self._catalogue = None
            store.delete(self._database, uri)

    def rarity(self, word: str) -> float:
        """Return how telling a word is: its idf over the documents, the most for an unseen one."""
        with self._lock:
            size = len(self._known().documents)
            counts = [store.documents_with(self._database, stem) for stem in content_stems(word)]
        return max((inverse_frequency(found, size) for found in counts), default=0.0)

    def search(
        self, query: str, limit: int, where: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> list[Hit]:
        """Return the best chunks, best first, the first few of different documents.

        `where` decides on a document's metadata. Without an answer from the embedder the words alone rank.
        """
        meaning = self._meaning(query)
        with self._lock:
            known = self._known()
            allowed = {key for key, item in known.documents.items() if where is None or where(item.metadata)}
            ranked = _ranked_chunks(*self._scores(query, known, meaning), known.chunks, allowed)
            return [self._hit(chunk_id, score, known) for chunk_id, score in ranked[: max(limit, 0)]]

    def _hit(self, chunk_id: int, score: float, known: _Catalogue) -> Hit:
        document = known.documents[known.chunks[chunk_id].document_id]
        text = store.chunk_text(self._database, chunk_id)
        return Hit(document.uri, text, document.metadata, min(score, 1.0), str(chunk_id))

    def _known(self) -> _Catalogue:
        if self._catalogue is None:
            documents, chunks = store.documents(self._database), store.chunks(self._database)
            self._catalogue = _Catalogue(
                documents,
                chunks,
                _corpus({key: item.lengths for key, item in documents.items()}, DOCUMENTS.fields),
                _corpus({key: item.lengths for key, item in chunks.items()}, CHUNKS.fields),
                store.vectors(self._database, self._embedder.name) if self._embedder else {},
            )
        return self._catalogue

    def _meaning(self, query: str) -> Sequence[float] | None:
        if self._embedder is None or not query.strip():
            return None
        try:
            return self._embedder.embed([query])[0]
        except EmbeddingsUnavailable as error:
            _log.warning("Searching by words only: %s", error)
            return None

    def _scores(
        self, query: str, known: _Catalogue, meaning: Sequence[float] | None
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Return the scores of documents and of chunks."""
        terms = question_terms(query, self._variants)
        by_document = self._score(terms, "document_places", known.document_corpus)
        by_chunk = self._score(terms, "chunk_places", known.chunk_corpus)
        if meaning is not None:
            by_meaning = {key: max(_dot(meaning, vector), 0.0) for key, vector in known.vectors.items()}
            by_chunk = _blend(by_chunk, by_meaning, _MEANING_SHARE)
            by_document = _blend(by_document, _best_chunks(by_meaning, known.chunks), _MEANING_SHARE)
        return _blend(by_document, _best_chunks(by_chunk, known.chunks), _CHUNK_SHARE), by_chunk

    def _score(self, terms: Sequence[Term], table: str, corpus: Corpus) -> dict[int, float]:
        stems = {stem for term in terms for stem in term.stems}
        scheme = DOCUMENTS if table == "document_places" else CHUNKS
        return score_items(terms, store.places(self._database, table, stems), corpus, scheme)

    def _variants(self, stem: str) -> list[str]:
        """Return known stems that an unknown one may be a misspelling of."""
        if len(stem) < _SHORTEST_VARIANT_LETTERS or store.documents_with(self._database, stem):
            return []
        candidates = store.stems_starting_with(self._database, stem[0])
        return difflib.get_close_matches(stem, candidates, _VARIANT_LIMIT, _VARIANT_LIKENESS)


def _fields(text: str) -> dict[str, list[str]]:
    return {"headings": content_stems("\n".join(_HEADING.findall(text))), "body": content_stems(text)}


def _corpus(lengths: Mapping[int, Mapping[str, int]], fields: Iterable[str]) -> Corpus:
    size = max(len(lengths), 1)
    means = {name: sum(each[name] for each in lengths.values()) / size for name in fields}
    return Corpus(len(lengths), means, lengths)


def _dot(one: Sequence[float], two: Sequence[float]) -> float:
    return sum(map(operator.mul, one, two)) if len(one) == len(two) else 0.0


def _blend(ours: Mapping[int, float], theirs: Mapping[int, float], their_share: float) -> dict[int, float]:
    return {
        key: (1 - their_share) * ours.get(key, 0.0) + their_share * theirs.get(key, 0.0)
        for key in ours.keys() | theirs.keys()
    }


def _best_chunks(by_chunk: Mapping[int, float], chunks: Mapping[int, store.StoredChunk]) -> dict[int, float]:
    best: dict[int, float] = {}
    for chunk_id, score in by_chunk.items():
        document_id = chunks[chunk_id].document_id
        best[document_id] = max(score, best.get(document_id, 0.0))
    return best


def _ranked_chunks(
    by_document: Mapping[int, float],
    by_chunk: Mapping[int, float],
    chunks: Mapping[int, store.StoredChunk],
    allowed: set[int],
) -> list[tuple[int, float]]:
    """Return chunk ids with their scores, best first.

    A document's best chunk has the document's score. Its further chunks have a share of it, never more than
    the documents that come first.
    """
    own: dict[int, list[int]] = {}
    for chunk_id, item in chunks.items():
        if item.document_id in allowed and by_document.get(item.document_id, 0.0) > 0:
            own.setdefault(item.document_id, []).append(chunk_id)
    order = sorted(own, key=lambda key: (-by_document[key], key))
    ceiling = by_document[order[:_DIFFERENT_DOCUMENTS_FIRST][-1]] if order else 0.0
    ranked = []
    for place, document_id in enumerate(order):
        best_first = sorted(own[document_id], key=lambda key: (-by_chunk.get(key, 0.0), key))
        ranked.append((by_document[document_id], 0, place, best_first[0]))
        best = by_chunk.get(best_first[0], 0.0)
        for chunk_id in best_first[1:]:
            if score := by_chunk.get(chunk_id, 0.0):
                share = _LATER_CHUNK_DISCOUNT * by_document[document_id] * score / best
                ranked.append((min(share, ceiling), 1, place, chunk_id))
    ranked.sort(key=lambda each: (-each[0], *each[1:]))
    return [(chunk_id, score) for score, _, _, chunk_id in ranked]
