"""Read the words of a question; in another language, by which English words the articles may say the same.

Embeddings know sentences of any language, but not how much of a question an article leaves unsaid: that takes
words.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from devstack.bedrock.search.glossary import Entries, entries_of
from devstack.bedrock.search.languages import CHINESE, ENGLISH, UNSPACED, language_of, stop_words
from devstack.bedrock.search.text import (
    SIMPLIFIED,
    content_stems,
    folded,
    is_content,
    joined_words,
    raw_words,
    stem,
)

_COMPOUNDING = ("de", "nl")
_SHORTEST_PART = 4
_SHORTEST_INNER_PART = 5
_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z]\w*[a-z]\w*|[A-Z][A-Za-z]*[a-z](?=[\u3040-\u9fff])")
_WRITTEN = re.compile(r"[^\W\d_]+")
# Kana that only inflect or connect; foreign and Chinese words are not written in them.
_HIRAGANA = re.compile("[\u3040-\u309f]")


class Word(NamedTuple):
    """A word of a question: the stems that say it, those in English first; one with blanks is a phrase.

    A name has a capital letter within a sentence, and no meaning in English.
    """

    text: str
    stems: tuple[str, ...]
    is_name: bool = False


@lru_cache(maxsize=1024)
def words_of(question: str) -> tuple[Word, ...]:
    """Return the words of a question that carry a subject, in order."""
    language = language_of(question)
    names = {word for name in _NAME.findall(question) for word in raw_words(name)}
    if language == ENGLISH:
        words = joined_words(question)
        return tuple(Word(word, (stem(word),), word in names) for word in words if is_content(word))
    parts = _unspaced_parts if language in UNSPACED else _spaced_parts
    found = (word for text, english in parts(question, language) for word in _words(text, english))
    written = {folded(each): each for each in _WRITTEN.findall(question.lower())}
    return tuple(
        Word(written.get(word, word), stems, word in names and len(stems) == 1) for word, stems, _ in found
    )


def _words(text: str, english: tuple[str, ...] | None) -> Iterator[Word]:
    """Yield a word with its stems; none where it means what carries no subject in English."""
    written = " ".join(map(stem, raw_words(text)))
    if english is None and written and is_content(text):
        yield Word(text, (written,))
    elif stems := [each for entry in english or () for each in content_stems(entry)]:
        yield Word(english[0] if english else text, tuple(dict.fromkeys((*stems, written))))


def _spaced_parts(question: str, language: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each word with what it means in English, a compound for each of its parts; None for unknown."""
    entries, ignored = entries_of(language), stop_words(language)
    for typed in raw_words(question):
        word = typed if typed in ignored else entries.respelled(typed)
        meanings = _meanings(word, entries)
        if language in _COMPOUNDING:
            meanings = _compound_meanings(word, entries, meanings)
        yield from ((word, english) for english in meanings)
        if not any(meanings) and typed not in ignored:
            yield typed, None


def _meanings(word: str, entries: Entries) -> list[tuple[str, ...] | None]:
    meanings = entries.meanings(word)
    return [meanings] if meanings else []


def _compound_meanings(
    word: str, entries: Entries, meanings: list[tuple[str, ...] | None]
) -> list[tuple[str, ...] | None]:
    """Return what the parts of a compound mean; None for an unknown beginning."""
    start = len(entries.beginning_of(word)) if meanings else 1
    shortest = _SHORTEST_PART if meanings else _SHORTEST_INNER_PART
    ends = range(start, len(word) - shortest + 1) if word not in entries.wholes else ()
    others = next(filter(None, (_meanings(word[place:], entries) for place in ends)), [])
    return meanings + others if meanings or not others else [None, *others]


def _unspaced_parts(question: str, language: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield the longest entries from left to right; what no entry covers by character, or Latin word."""
    entries, ignored = entries_of(language), stop_words(language)
    written = folded(question)
    text = written.translate(SIMPLIFIED) if language == CHINESE else written
    place = 0
    while place < len(text):
        ends = range(min(len(text), place + entries.longest), place, -1)
        if part := next((text[place:end] for end in ends if text[place:end] in entries.beginnings), ""):
            yield written[place : place + len(part)], entries.beginnings[part]
        else:
            part = (re.match(r"[a-z0-9]+|[\u30a1-\u30ff]+|.", text[place:], re.DOTALL) or [""])[0]
            if part not in ignored and not _HIRAGANA.match(part):
                yield written[place : place + len(part)], None
        place += len(part)
