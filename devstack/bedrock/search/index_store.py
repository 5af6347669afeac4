"""The tables behind the index: documents, chunks and, in SQLite's FTS5, where each of their words stands.

Words are normalised and stemmed before they are stored (text.py), so FTS5 only has to split at spaces. Its
vocabulary tables hand back every place of a word by equality, so no text of a user is ever a MATCH query.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1

_SCHEMA = f"""
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, etag TEXT NOT NULL, metadata TEXT NOT NULL,
    lengths TEXT NOT NULL, embedder TEXT
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL, text TEXT NOT NULL, lengths TEXT NOT NULL,
    vector BLOB
);
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE VIRTUAL TABLE document_words USING fts5(title, headings, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE document_places USING fts5vocab(document_words, instance);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(document_words, row);
CREATE VIRTUAL TABLE chunk_words USING fts5(headings, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE chunk_places USING fts5vocab(chunk_words, instance);
"""


@dataclass(frozen=True)
class StoredDocument:
    """What ranking needs to know of a document; lengths are in stems, by field."""

    uri: str
    metadata: Mapping[str, Any]
    lengths: Mapping[str, int]


@dataclass(frozen=True)
class StoredChunk:
    """What ranking needs to know of a chunk; its text stays in the database."""

    document_id: int
    lengths: Mapping[str, int]


@dataclass(frozen=True)
class NewDocument:
    """A document to store, with the stems of each field."""

    uri: str
    etag: str
    metadata: Mapping[str, Any]
    stems: Mapping[str, Sequence[str]]
    embedder: str | None


@dataclass(frozen=True)
class NewChunk:
    """A chunk to store: its text, the stems of each field, and its vector when there is an embedder."""

    text: str
    stems: Mapping[str, Sequence[str]]
    vector: Sequence[float] | None


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open or create the index; a file that is damaged or of another schema is made anew, empty."""
    if path is None:
        return _create(sqlite3.connect(":memory:", check_same_thread=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and (existing := _open_existing(path)) is not None:
        return existing
    for leftover in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)
    return _create(sqlite3.connect(path, check_same_thread=False))


def _create(database: sqlite3.Connection) -> sqlite3.Connection:
    database.executescript(_SCHEMA)
    return database


def _open_existing(path: Path) -> sqlite3.Connection | None:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA_VERSION and database.execute("PRAGMA quick_check").fetchone()[0] == "ok":
            for table in ("documents", "chunks", "document_places", "vocabulary", "chunk_places"):
                database.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608
            return database
        _log.warning("The index %s is of another version and is built anew.", path)
    except sqlite3.DatabaseError as error:
        _log.warning("The index %s is damaged (%s) and is built anew.", path, error)
    database.close()
    return None


def insert(database: sqlite3.Connection, document: NewDocument, chunks: Iterable[NewChunk]) -> None:
    """Write a document with its chunks; the caller holds the transaction."""
    document_id = database.execute(
        "INSERT INTO documents (uri, etag, metadata, embedder, lengths) VALUES (?, ?, ?, ?, ?)",
        (
            document.uri, document.etag, json.dumps(dict(document.metadata)), document.embedder,
            _lengths(document.stems),
        ),
    ).lastrowid  # fmt: skip
    database.execute(
        "INSERT INTO document_words (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
        (document_id, *_joined(document.stems, "title", "headings", "body")),
    )
    for chunk in chunks:
        vector = array("f", chunk.vector).tobytes() if chunk.vector else None
        chunk_id = database.execute(
            "INSERT INTO chunks (document_id, text, lengths, vector) VALUES (?, ?, ?, ?)",
            (document_id, chunk.text, _lengths(chunk.stems), vector),
        ).lastrowid
        database.execute(
            "INSERT INTO chunk_words (rowid, headings, body) VALUES (?, ?, ?)",
            (chunk_id, *_joined(chunk.stems, "headings", "body")),
        )


def _lengths(stems: Mapping[str, Sequence[str]]) -> str:
    return json.dumps({name: len(each) for name, each in stems.items()})


def _joined(stems: Mapping[str, Sequence[str]], *names: str) -> list[str]:
    return [" ".join(stems[name]) for name in names]


def delete(database: sqlite3.Connection, uri: str) -> None:
    """Delete a document with its chunks, if it is there; the caller holds the transaction."""
    ours = "(SELECT id FROM chunks WHERE document_id = (SELECT id FROM documents WHERE uri = ?))"
    database.execute(f"DELETE FROM chunk_words WHERE rowid IN {ours}", (uri,))  # noqa: S608
    database.execute(f"DELETE FROM chunks WHERE id IN {ours}", (uri,))  # noqa: S608
    database.execute(
        "DELETE FROM document_words WHERE rowid = (SELECT id FROM documents WHERE uri = ?)", (uri,)
    )
    database.execute("DELETE FROM documents WHERE uri = ?", (uri,))


def documents(database: sqlite3.Connection) -> dict[int, StoredDocument]:
    """Return every document by its id."""
    rows = database.execute("SELECT id, uri, metadata, lengths FROM documents")
    return {
        row_id: StoredDocument(uri, json.loads(metadata), json.loads(lengths))
        for row_id, uri, metadata, lengths in rows
    }


def chunks(database: sqlite3.Connection) -> dict[int, StoredChunk]:
    """Return every chunk by its id."""
    rows = database.execute("SELECT id, document_id, lengths FROM chunks")
    return {row_id: StoredChunk(document_id, json.loads(lengths)) for row_id, document_id, lengths in rows}


def chunk_text(database: sqlite3.Connection, chunk_id: int) -> str:
    """Return the text of one chunk."""
    return str(database.execute("SELECT text FROM chunks WHERE id = ?", (chunk_id,)).fetchone()[0])


def vectors(database: sqlite3.Connection, embedder: str) -> dict[int, array[float]]:
    """Return the vectors that this embedder made, by chunk id."""
    rows = database.execute(
        "SELECT chunks.id, vector FROM chunks JOIN documents ON documents.id = document_id"
        " WHERE vector IS NOT NULL AND embedder = ?",
        (embedder,),
    )
    return {chunk_id: array("f", packed) for chunk_id, packed in rows}


def places(
    database: sqlite3.Connection, table: str, stems: Iterable[str]
) -> dict[str, dict[int, dict[str, list[int]]]]:
    """Return where the stems stand: stem -> id -> field -> positions. `table` is one of the places tables."""
    found: dict[str, dict[int, dict[str, list[int]]]] = {}
    for stem in stems:
        rows = database.execute(f"SELECT doc, col, offset FROM {table} WHERE term = ?", (stem,))  # noqa: S608
        for item, name, offset in rows:
            found.setdefault(stem, {}).setdefault(item, {}).setdefault(name, []).append(offset)
    return found


def documents_with(database: sqlite3.Connection, stem: str) -> int:
    """Return how many documents have the stem."""
    row = database.execute("SELECT doc FROM vocabulary WHERE term = ?", (stem,)).fetchone()
    return int(row[0]) if row else 0


def stems_starting_with(database: sqlite3.Connection, letter: str) -> list[str]:
    """Return the stems of all documents that start with a letter."""
    after = letter + "\U0010ffff"
    rows = database.execute("SELECT term FROM vocabulary WHERE term >= ? AND term < ?", (letter, after))
    return [term for (term,) in rows]
