"""Read the words of a question by their meaning: as words that the articles have, or as everyday ones.

The glossary has what customers of any shop or service write about. What it lacks may still be what an article
says, and an embedding model that knows both languages tells by which word. One that is close to none, but to
what everyday subjects are about ("hotel", "banana"), tells that a question is for somebody else.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from devstack.bedrock.search.embeddings import Vectors
from devstack.bedrock.search.text import (
    ASKING_WORDS,
    EVERYDAY_WORDS,
    is_content,
    joined_words,
    raw_words,
    stem,
)
from devstack.bedrock.search.words import Word

SCHEMA = """
CREATE TABLE word_vectors (
    embedder TEXT NOT NULL, word TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, word)
) WITHOUT ROWID;
"""
GENERAL_WORDS = (*ASKING_WORDS, *EVERYDAY_WORDS)
"""What is compared with whatever the articles say."""
MOST_WORDS = 5_000
_SHORTEST_WORD = 4
_LEAST_COSINE = 0.8
_LEAST_COSINE_OF_EVERYDAY = 0.7
_MOST_MEANINGS = 3
_MOST_UNKNOWN = 32
_CHINESE = re.compile("[\u3400-\u9fff]+")

Embed = Callable[[Sequence[str]], Vectors | None]
Knows = Callable[[str], bool]


def words_to_know(text: str) -> list[str]:
    """Return the words of an article that may be what a word of another language means, each once."""
    words = (word for word in raw_words(text) if len(word) >= _SHORTEST_WORD and word.isalpha())
    return list(dict.fromkeys(filter(is_content, words)))


def missing(database: sqlite3.Connection, embedder: str, words: Sequence[str], most: int) -> list[str]:
    """Return those of the words that have no vector yet, as long as there are fewer than `most` in all."""
    rows = database.execute("SELECT word FROM word_vectors WHERE embedder = ?", (embedder,))
    known = {word for (word,) in rows}
    return [word for word in words if word not in known][: max(most - len(known), 0)]


def store(database: sqlite3.Connection, embedder: str, words: Sequence[str], vectors: Vectors) -> None:
    """Keep the vectors of words."""
    rows = [(embedder, word, each.tobytes()) for word, each in zip(words, vectors, strict=True)]
    database.executemany("INSERT OR IGNORE INTO word_vectors VALUES (?, ?, ?)", rows)


@dataclass(frozen=True)
class Translator:
    """The words of asking and of the articles, and everyday ones that no article is about, with vectors."""

    words: Sequence[str]
    vectors: Vectors
    everyday: Vectors
    embed: Embed

    @classmethod
    def of(
        cls, database: sqlite3.Connection, embedder: str, said: Collection[str], embed: Embed
    ) -> Translator:
        """Read the words; `said` are the stems that any article has."""
        rows = database.execute("SELECT word, vector FROM word_vectors WHERE embedder = ?", (embedder,))
        vectors = {word: np.frombuffer(each, np.float32) for word, each in rows}
        words = [word for word in vectors if stem(word) in said or word in ASKING_WORDS]
        known = _stacked(vectors, words)
        strange = (word for word in EVERYDAY_WORDS if word in vectors and stem(word) not in said)
        everyday = _stacked(vectors, list(strange))
        closest = (everyday @ known.T).max(axis=1, initial=0.0)
        return cls(words, known, everyday[closest < _LEAST_COSINE_OF_EVERYDAY], embed)

    def read(self, words: Sequence[Word], question: str, knows: Knows) -> tuple[Word, ...] | None:
        """Return a question's words; those that nobody knows with the stems of what they mean.

        One that means what carries no subject is left out. None where nothing tells meanings now.
        """
        joined = _joined(words, question, knows)
        unknown = [word for word in joined if _is_unknown(word, knows)][:_MOST_UNKNOWN]
        if not unknown:
            return tuple(joined)
        vectors = self.embed([word.text for word in unknown])
        if vectors is None:
            return None
        meant = dict(zip(unknown, map(self._meant, vectors @ self.vectors.T), strict=True))
        return tuple(each for word in joined for each in _with_meaning(word, meant.get(word, [])))

    def strangeness(self, words: Sequence[str]) -> list[float]:
        """Return how close each word is to an everyday one that no article is about, 0 to 1."""
        vectors = self.embed(words)
        if vectors is None or not len(self.everyday):
            return [0.0] * len(words)
        cosines: list[float] = np.clip((vectors @ self.everyday.T).max(axis=1), 0.0, 1.0).tolist()
        return cosines

    def likeness(self, words: Sequence[str], text: str) -> list[float]:
        """Return how alike each word and the closest one of a text are, 0 to 1."""
        said = frozenset(words_to_know(text))
        places = [place for place, word in enumerate(self.words) if word in said]
        vectors = self.embed(words)
        if vectors is None:
            return [0.0] * len(words)
        cosines: list[float] = (vectors @ self.vectors[places].T).max(axis=1, initial=0.0).tolist()
        return cosines

    def _meant(self, cosines: Vectors) -> list[str]:
        closest = np.argsort(-cosines)[:_MOST_MEANINGS]
        return [self.words[place] for place in closest if cosines[place] >= _LEAST_COSINE]


def _stacked(vectors: dict[str, Vectors], words: Sequence[str]) -> Vectors:
    width = len(next(iter(vectors.values()), ()))
    return np.array([vectors[word] for word in words], np.float32).reshape(len(words), width)


def _is_unknown(word: Word, knows: Knows) -> bool:
    return len(word.stems) == 1 and word.text.isalpha() and not knows(word.stems[0])


def _joined(words: Sequence[Word], question: str, knows: Knows) -> list[Word]:
    """Return the words, unknown Chinese characters that stand together as one: they are one word at least."""
    joined: list[Word] = []
    for word in words:
        both = [*joined[-1:], word]
        together = "".join(each.text for each in both)
        is_one = _CHINESE.fullmatch(together) and all(_is_unknown(each, knows) for each in both)
        if is_one and together in question:
            joined[-1:] = [Word(together, (" ".join(each.stems[0] for each in both),))]
        else:
            joined.append(word)
    return joined


def _with_meaning(word: Word, meant: Sequence[str]) -> Iterator[Word]:
    if not meant:
        yield word
    elif is_content(meant[0]):
        stems = map(stem, joined_words(" ".join(filter(is_content, meant))))
        yield Word(word.text, tuple(dict.fromkeys((*stems, *word.stems))))
