"""Correct typing errors of an English question: a word that neither the articles nor English knows.

Embeddings read "parcle" as another word than "parcel", and a short question has few others to go by.
"""

import re
import sqlite3
from difflib import get_close_matches

from devstack.bedrock.search.languages import ENGLISH, english_words, is_english, language_of
from devstack.bedrock.search.text import is_content, joined_words, raw_words, stem

# Part of an address, a code or a contraction is no word; with a capital letter in a sentence it is a name.
_WORD = re.compile(r"(?<![\w'’@./-])(?:(?<=[^\w] )[a-z]{4,}|\b[a-z]{4,}|^[A-Z][a-z]{3,})(?![\w'’@/-]|\.\w)")
_LETTERS_FOR_TWO_ERRORS = 8
_BELOW = 0.01
_ARTICLES_READ = 5


def spelled_right(database: sqlite3.Connection, question: str) -> str:
    """Return an English question with each word that nobody knows replaced by the one that it nearly is."""
    if language_of(question) != ENGLISH:
        return question
    return _WORD.sub(lambda found: _right(database, found[0]), question)


def _right(database: sqlite3.Connection, word: str) -> str:
    plain = word.lower()
    if _is_said(database, plain) or not is_content(plain) or is_english(plain):
        return word
    # Letters that changed places are one error here, and two by likeness.
    nearly = sorted(
        each
        for each in english_words().candidates(plain) or ()
        if _is_said(database, each) or not is_content(each)
    )
    if alike := get_close_matches(plain, nearly, 1, 0.0):
        return alike[0]
    written = _stem(plain)
    same_letter = (written[0], written[0] + "\U0010ffff")
    rows = database.execute("SELECT term FROM vocabulary WHERE term >= ? AND term < ?", same_letter)
    errors = 2 if len(written) >= _LETTERS_FOR_TWO_ERRORS else 1
    likeness = 1 - errors / len(written) - _BELOW
    alike = get_close_matches(written, [term for (term,) in rows], 1, likeness)
    return _as_written(database, plain, alike[0]) if alike else word


def _is_said(database: sqlite3.Connection, word: str) -> bool:
    """Tell whether any article has a word, in some form."""
    found = database.execute("SELECT 1 FROM vocabulary WHERE term = ?", (_stem(word),)).fetchone()
    return found is not None


def _stem(word: str) -> str:
    return stem(joined_words(word)[0])


def _as_written(database: sqlite3.Connection, typed: str, stemmed: str) -> str:
    """Return the word with this stem that is most like what was typed, of the first articles that have it."""
    rows = database.execute(
        "SELECT text FROM chunks WHERE id IN (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)",
        (f'"{stemmed}"', _ARTICLES_READ),
    )
    written = {word for (text,) in rows for word in raw_words(text) if stem(word) == stemmed}
    return next(iter(get_close_matches(typed, sorted(written), 1, 0.0)), stemmed)
