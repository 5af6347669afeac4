"""The local knowledge base's index: finds the chunks that answer a question.

By words (ranking.py) and, with an embedder, by meaning too. The share of the question's words that matches
and the cosine of the meanings are added up with fixed weights: a convex combination, which keeps scores
comparable between questions where ranks alone (reciprocal rank fusion) would not.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from cachetools import LRUCache

from devstack.bedrock.knowledge.chunking import chunk
from devstack.bedrock.search import ranking, translation
from devstack.bedrock.search.embeddings import Embedder, EmbeddingsUnavailable, Vectors
from devstack.bedrock.search.languages import ENGLISH, language_of
from devstack.bedrock.search.meaning import Meanings, chunk_vectors
from devstack.bedrock.search.spelling import spelled_right
from devstack.bedrock.search.text import EVERYDAY_SUBJECTS, content_stems
from devstack.bedrock.search.translation import GENERAL_WORDS, MOST_WORDS, Translator, words_to_know
from devstack.bedrock.search.words import Word, words_of

_log = logging.getLogger(__name__)

# To be raised whenever documents are read, cut or stemmed in another way, so that they are read again.
SCHEMA_VERSION = 11

_SCHEMA = f"""
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, etag TEXT NOT NULL, metadata TEXT NOT NULL,
    embedder TEXT
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL, text TEXT NOT NULL,
    vector_count INTEGER NOT NULL, vectors BLOB
);
CREATE INDEX chunks_of_document ON chunks (document_id);
{ranking.SCHEMA}
{translation.SCHEMA}
"""

_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FIRST_HEADING = re.compile(r"#{1,6} (.+)\n+")
_MEANING_SHARE = 0.6
_LEAST_CLOSENESS_OF_SUBJECT = 0.3
_QUESTIONS_KEPT = 256
_WORDS_AT_ONCE = 64


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

    uris: Mapping[int, str]
    metadata: Mapping[int, Mapping[str, Any]]
    document_of: Mapping[int, int]
    chunk_of: Mapping[str, int]
    meanings: Meanings | None
    translator: Translator | None = None
    words: LRUCache[str, tuple[Word, ...]] = field(default_factory=lambda: LRUCache(_QUESTIONS_KEPT))


class Index:
    """Documents by their URI, searchable; safe to share between threads."""

    def __init__(self, path: Path | None, embedder: Embedder | None = None) -> None:
        self._lock = threading.RLock()
        self._database = _open(path)
        self._embedder = embedder
        self._catalogue: _Catalogue | None = None
        self._subjects: Vectors | None = None
        self._strange: Vectors | None = None

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
        vectors = list(chunk_vectors(self._embedder, title, texts)) if self._embedder else [None] * len(texts)
        document = (uri, etag, json.dumps(dict(metadata)), self._embedder.name if self._embedder else None)
        words = (_words(title, each) for each in _without_repeated_headings(texts))
        chunks = list(zip(texts, vectors, words, strict=True))
        if self._embedder:
            self._learn(self._embedder, words_to_know(f"{title}\n{text}"), MOST_WORDS)
        with self._lock, self._database:
            self._delete(uri)
            self._insert(document, chunks)

    def remove(self, uri: str) -> None:
        """Remove a document; an unknown one is no error."""
        with self._lock, self._database:
            self._delete(uri)

    def rarity(self, stem: str) -> float:
        """Return how rare a stem is: its idf over the documents, highest for one that is in none."""
        with self._lock:
            return ranking.inverse_frequency(self._documents_with(stem), len(self._known().uris))

    def words(self, question: str) -> tuple[Word, ...]:
        """Return the words of a question that carry a subject, with what they mean in the articles."""
        found = words_of(question)
        translator = None if language_of(question) == ENGLISH else self._translator()
        if translator is None:
            return found
        with self._lock:
            known = self._known()
            if question not in known.words:
                read = translator.read(found, question, self.knows)
                if read is None:
                    return found
                known.words[question] = read
            return known.words[question]

    def strangeness_of_words(self, words: Sequence[str]) -> Sequence[float]:
        """Return how close each word is to an everyday one that no document is about, 0 to 1."""
        translator = self._translator() if words else None
        return translator.strangeness(words) if translator else [0.0] * len(words)

    def likeness_of_words(self, words: Sequence[str], text: str) -> Sequence[float]:
        """Return how alike each word and the closest one of a text of the articles are, 0 to 1."""
        translator = self._translator() if words else None
        return translator.likeness(words, text) if translator else [0.0] * len(words)

    def _translator(self) -> Translator | None:
        """Return what knows words by their meanings; None where nothing tells meanings."""
        if self._embedder is None:
            return None
        with self._lock:
            if translator := self._known().translator:
                return translator
        try:
            self._learn(self._embedder, GENERAL_WORDS, MOST_WORDS + len(GENERAL_WORDS))
        except EmbeddingsUnavailable as error:
            _log.warning("Going by words only: %s", error)
            return None
        with self._lock:
            said = {term for (term,) in self._database.execute("SELECT term FROM vocabulary")}
            translator = Translator.of(self._database, self._embedder.name, said, self._embedded)
            self._catalogue = replace(self._known(), translator=translator)
        return translator

    def _learn(self, embedder: Embedder, words: Sequence[str], most: int) -> None:
        """Keep the vectors of words that are new, `most` of all. Raises EmbeddingsUnavailable."""
        with self._lock:
            new = translation.missing(self._database, embedder.name, words, most)
        # In batches, so that no question waits for all of them.
        for start in range(0, len(new), _WORDS_AT_ONCE):
            batch = new[start : start + _WORDS_AT_ONCE]
            vectors = embedder.embed(batch)
            with self._lock, self._database:
                translation.store(self._database, embedder.name, batch, vectors)

    def knows(self, stem: str) -> bool:
        """Tell whether any document says a word."""
        with self._lock:
            return self._documents_with(stem) > 0

    def spelled_right(self, question: str) -> str:
        """Return a question with its typing errors corrected."""
        with self._lock:
            return spelled_right(self._database, question)

    def closeness(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """Return how close the meaning of each of the texts, which are chunks, is to a question's, 0 to 1.

        A text that is no chunk counts as 0. None where nothing tells meanings.
        """
        scores = self._closeness(question)
        with self._lock:
            chunk_of = self._known().chunk_of
        if scores is None:
            return None
        return [scores.get(chunk_of.get(text.strip(), 0), 0.0) for text in texts]

    def strangeness(self, question: str) -> float:
        """Return how close a question is to an everyday subject that no document is about, 0 to 1."""
        meaning = self._meaning(question)
        self._subjects = self._embedded(EVERYDAY_SUBJECTS) if self._subjects is None else self._subjects
        if meaning is None or self._subjects is None:
            return 0.0
        with self._lock:
            strange = self._strange_subjects(self._subjects)
        return float(np.clip((strange @ meaning[0]).max(initial=0.0), 0.0, 1.0))

    def _strange_subjects(self, subjects: Vectors) -> Vectors:
        """Return those of the subjects that no document is about."""
        meanings = self._known().meanings
        if meanings is None:
            return subjects[:0]
        if self._strange is None:
            closest = [max(meanings.scores(each).values(), default=0.0) for each in subjects]
            self._strange = subjects[np.array(closest) < _LEAST_CLOSENESS_OF_SUBJECT]
        return self._strange

    def likeness(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """Return the cosine of a question's meaning and each text's; None where nothing tells meanings."""
        vectors = self._embedded([question, *texts]) if texts else None
        if vectors is None:
            return None
        cosines: list[float] = (vectors[1:] @ vectors[0]).tolist()
        return cosines

    def search(
        self, query: str, limit: int, where: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> list[Hit]:
        """Return the best chunks, best first, the first few of different documents.

        `where` decides on a document's metadata. Without an answer from the embedder the words alone rank.
        """
        query = self.spelled_right(query)
        by_meaning = self._closeness(query)
        with self._lock:
            known = self._known()
            alone, together = self._scores(query, by_meaning)
            allowed = {key for key, metadata in known.metadata.items() if where is None or where(metadata)}
            alone = {
                key: score for key, score in alone.items() if score > 0 and known.document_of[key] in allowed
            }
            ranked = ranking.best_first(alone, together, known.document_of)[: max(limit, 0)]
            return [self._hit(chunk_id, min(score, 1.0)) for chunk_id, score in ranked]

    def _scores(self, query: str, by_meaning: ranking.Scores | None) -> tuple[ranking.Scores, ranking.Scores]:
        """Return the scores of chunks by themselves, and together with their neighbours."""
        known = self._known()
        terms = ranking.question_terms(self.words(query))
        alone, together = ranking.score_chunks(self._database, terms, known.document_of)
        if by_meaning is None:
            return alone, together
        return (
            ranking.blended(alone, by_meaning, _MEANING_SHARE),
            ranking.blended(together, by_meaning, _MEANING_SHARE),
        )

    def _closeness(self, query: str) -> ranking.Scores | None:
        """Return how close each chunk is to a question; None where nothing tells meanings.

        In another language it is the mean of how close the question is and its words in English are.
        """
        english = "" if language_of(query) == ENGLISH else " ".join(word.text for word in self.words(query))
        vectors = self._embedded(list(filter(str.strip, (query, english))))
        with self._lock:
            meanings = self._known().meanings
        if vectors is None or meanings is None:
            return None
        scores, *in_english = map(meanings.scores, vectors)
        return ranking.blended(scores, in_english[0], 0.5) if in_english else scores

    def _meaning(self, query: str) -> Vectors | None:
        return self._embedded([query]) if query.strip() else None

    def _embedded(self, texts: Sequence[str]) -> Vectors | None:
        """Return a vector for each text, or None where nothing tells meanings."""
        if self._embedder is None or not texts:
            return None
        try:
            return self._embedder.embed(texts)
        except EmbeddingsUnavailable as error:
            _log.warning("Going by words only: %s", error)
            return None

    def _hit(self, chunk_id: int, score: float) -> Hit:
        known = self._known()
        document_id = known.document_of[chunk_id]
        (text,) = self._database.execute("SELECT text FROM chunks WHERE id = ?", (chunk_id,)).fetchone()
        return Hit(known.uris[document_id], text, known.metadata[document_id], score, str(chunk_id))

    def _known(self) -> _Catalogue:
        if self._catalogue is None:
            documents = self._database.execute("SELECT id, uri, metadata FROM documents").fetchall()
            document_of = dict(self._database.execute("SELECT id, document_id FROM chunks").fetchall())
            self._catalogue = _Catalogue(
                {key: uri for key, uri, _ in documents},
                {key: json.loads(metadata) for key, _, metadata in documents},
                document_of,
                {text.strip(): key for key, text in self._database.execute("SELECT id, text FROM chunks")},
                Meanings.of(dict(self._vectors()), document_of),
            )
        return self._catalogue

    def _vectors(self) -> Iterator[tuple[int, Vectors]]:
        rows = self._database.execute(
            "SELECT chunks.id, vector_count, vectors FROM chunks JOIN documents ON documents.id = document_id"
            " WHERE vectors IS NOT NULL AND embedder = ?",
            (self._embedder.name if self._embedder else None,),
        )
        for chunk_id, count, packed in rows:
            yield chunk_id, np.frombuffer(packed, np.float32).reshape(count, -1)

    def _documents_with(self, stem: str) -> int:
        rows = self._database.execute("SELECT rowid FROM words WHERE words MATCH ?", (f'"{stem}"',))
        return len({self._known().document_of[chunk_id] for (chunk_id,) in rows})

    def _insert(
        self,
        document: tuple[str, str, str, str | None],
        chunks: Sequence[tuple[str, Vectors | None, Sequence[str]]],
    ) -> None:
        self._catalogue = None
        document_id = self._database.execute(
            "INSERT INTO documents (uri, etag, metadata, embedder) VALUES (?, ?, ?, ?)", document
        ).lastrowid
        for text, vectors, words in chunks:
            count, packed = (0, None) if vectors is None else (len(vectors), vectors.tobytes())
            chunk_id = self._database.execute(
                "INSERT INTO chunks (document_id, text, vector_count, vectors) VALUES (?, ?, ?, ?)",
                (document_id, text, count, packed),
            ).lastrowid
            self._database.execute(
                "INSERT INTO words (rowid, title, headings, body) VALUES (?, ?, ?, ?)", (chunk_id, *words)
            )

    def _delete(self, uri: str) -> None:
        self._catalogue = self._strange = None
        chunks = "(SELECT id FROM chunks WHERE document_id = (SELECT id FROM documents WHERE uri = ?))"
        self._database.execute(f"DELETE FROM words WHERE rowid IN {chunks}", (uri,))  # noqa: S608
        self._database.execute(f"DELETE FROM chunks WHERE id IN {chunks}", (uri,))  # noqa: S608
        self._database.execute("DELETE FROM documents WHERE uri = ?", (uri,))


def _open(path: Path | None) -> sqlite3.Connection:
    """Open or create the index; a file that is damaged or of another schema is replaced by an empty one."""
    if path is None:
        return _create(":memory:")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and (existing := _open_existing(path)) is not None:
        return existing
    for leftover in (path, path.with_name(f"{path.name}-journal")):
        leftover.unlink(missing_ok=True)
    return _create(path)


def _create(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    database.executescript(_SCHEMA)
    return database


def _open_existing(path: Path) -> sqlite3.Connection | None:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION and database.execute("PRAGMA quick_check").fetchone() == ("ok",):
            return database
        _log.warning("The index %s is of another version and is rebuilt.", path)
    except sqlite3.DatabaseError as error:
        _log.warning("The index %s is damaged (%s) and is rebuilt.", path, error)
    database.close()
    return None


def _without_repeated_headings(texts: Sequence[str]) -> Iterator[str]:
    """Yield the chunks of a document, without the headings at their start that an earlier one has."""
    known: set[str] = set()
    for text in texts:
        own = text
        while (first := _FIRST_HEADING.match(own)) and first[1] in known:
            own = own[first.end() :]
        known.update(_HEADING.findall(text))
        yield own


def _words(title: str, text: str) -> tuple[str, ...]:
    """Return the stems of a chunk's title, headings and body."""
    headings = "\n".join(_HEADING.findall(text))
    return tuple(" ".join(content_stems(each)) for each in (title, headings, text))
