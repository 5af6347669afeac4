"""Turn text into the words that the index and the extractive model compare."""

import re
import unicodedata
from collections.abc import Iterable

from devstack.bedrock.search.stemmer import stem
from devstack.bedrock.search.vocabulary import (
    FILLER_WORDS,
    HINTS,
    PHRASES,
    SPELLINGS,
    STOP_WORDS,
    SYNONYM_GROUPS,
)

_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`](?=\w)")
# Scripts written without spaces are compared character by character.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")
_LONGEST_WORD = 64


def raw_words(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents or apostrophes, in order."""
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold()
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [word[:_LONGEST_WORD] for word in _WORD.findall(plain)]


def joined_words(text: str) -> list[str]:
    """Return the words with phrases that are one word joined ("log in", "e-mail") and spellings unified."""
    words = raw_words(text)
    joined: list[str] = []
    position = 0
    while position < len(words):
        pair = (
            _PHRASES.get((stem(words[position]), words[position + 1])) if position + 1 < len(words) else None
        )
        joined.append(pair or SPELLINGS.get(words[position], words[position]))
        position += 2 if pair else 1
    return joined


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry a subject, in order, repetitions kept."""
    return [stem(word) for word in joined_words(text) if is_content(word)]


def is_content(word: str) -> bool:
    """Tell whether a word carries a subject: no stop word, no stray letter."""
    return word not in STOP_WORDS and (len(word) > 1 or not word.isascii() or word.isdigit())


def is_filler(stemmed: str) -> bool:
    """Tell whether a stem only belongs to the asking ("need", "possible") and not to what is asked about."""
    return stemmed in _FILLER_STEMS


def hinted_words(question: str) -> list[str]:
    """Return words that a question means without saying them: "where is my …" asks to track it."""
    spoken = f" {' '.join(raw_words(question))} "
    return [hint for said, hint in HINTS.items() if f" {said} " in spoken]


def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that can stand for this one in a help centre, itself not among them."""
    return _SYNONYMS.get(stemmed, frozenset())


def _synonym_table(groups: Iterable[str]) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for group in groups:
        stems = {stem(SPELLINGS.get(word, word)) for word in group.split()}
        for member in stems:
            table.setdefault(member, set()).update(stems - {member})
    return {member: frozenset(others) for member, others in table.items()}


_PHRASES = {(stem(first), second): one for (first, second), one in PHRASES.items()}
_FILLER_STEMS = frozenset(stem(word) for word in FILLER_WORDS)
_SYNONYMS = _synonym_table(SYNONYM_GROUPS)
