"""Read a question in another language word by word: by which English words its articles may say the same.

`glossary.csv` holds what customers of any shop or service write about, a line for each English word. An entry
is how words begin that mean it; one with `=` is a whole word. Embeddings know sentences of any language, but
not how much of a question an article leaves unsaid: that takes words.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from devstack.bedrock.search.languages import ENGLISH, UNSPACED, language_of, stop_words
from devstack.bedrock.search.text import content_stems, folded, is_content, joined_words, raw_words, stem

_COMPOUNDING = ("de", "nl")
_SHORTEST_ENTRY = 2
_SHORTEST_PART = 4
_SHORTEST_INNER_PART = 5
# Kana that only inflect or connect; foreign and Chinese words are not written in them.
_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z]\w*[a-z]\w*|[A-Z][A-Za-z]*[a-z](?=[\u3040-\u9fff])")
_HIRAGANA = re.compile("[\u3040-\u309f]")


class Word(NamedTuple):
    """A word of a question: the stems that say it, those in English first; one with blanks is a phrase.

    A name has a capital letter within a sentence, and no meaning in English.
    """

    text: str
    stems: tuple[str, ...]
    is_name: bool = False


class _Entries(NamedTuple):
    """The English words by how words begin, and by whole words."""

    beginnings: Mapping[str, tuple[str, ...]]
    wholes: Mapping[str, tuple[str, ...]]
    longest: int


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
    return tuple(Word(word, stems, word in names and len(stems) == 1) for word, stems, _ in found)


def _words(text: str, english: tuple[str, ...] | None) -> Iterator[Word]:
    """Yield a word with its stems; none where it means what carries no subject in English."""
    written = " ".join(map(stem, raw_words(text)))
    if english is None and written and is_content(text):
        yield Word(text, (written,))
    elif stems := [each for entry in english or () for each in content_stems(entry)]:
        yield Word(english[0] if english else text, tuple(dict.fromkeys((*stems, written))))


def _spaced_parts(question: str, language: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each word with what it means in English, a compound for each of its parts; None for unknown."""
    entries, ignored = _entries(language), stop_words(language)
    for word in raw_words(question):
        meanings = _meanings(word, entries)
        if language in _COMPOUNDING:
            meanings = _compound_meanings(word, entries, meanings)
        yield from ((word, english) for english in meanings)
        if not any(meanings) and word not in ignored:
            yield word, None


def _meanings(word: str, entries: _Entries) -> list[tuple[str, ...] | None]:
    meanings = entries.wholes.get(word, ()) + entries.beginnings.get(_longest_beginning(word, entries), ())
    return [meanings] if meanings else []


def _compound_meanings(
    word: str, entries: _Entries, meanings: list[tuple[str, ...] | None]
) -> list[tuple[str, ...] | None]:
    """Return what the parts of a compound mean; None for an unknown beginning."""
    start = len(_longest_beginning(word, entries)) if meanings else 1
    shortest = _SHORTEST_PART if meanings else _SHORTEST_INNER_PART
    ends = range(start, len(word) - shortest + 1) if word not in entries.wholes else ()
    others = next(filter(None, (_meanings(word[place:], entries) for place in ends)), [])
    return meanings + others if meanings or not others else [None, *others]


def _longest_beginning(word: str, entries: _Entries) -> str:
    lengths = range(min(len(word), entries.longest), _SHORTEST_ENTRY - 1, -1)
    return next((word[:length] for length in lengths if word[:length] in entries.beginnings), "")


def _unspaced_parts(question: str, language: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield the longest entries from left to right; what no entry covers by character, or Latin word."""
    entries, ignored = _entries(language), stop_words(language)
    text = folded(question)
    place = 0
    while place < len(text):
        ends = range(min(len(text), place + entries.longest), place, -1)
        if part := next((text[place:end] for end in ends if text[place:end] in entries.beginnings), ""):
            yield part, entries.beginnings[part]
        else:
            part = (re.match(r"[a-z0-9]+|[\u30a1-\u30ff]+|.", text[place:], re.DOTALL) or [""])[0]
            if part not in ignored and not _HIRAGANA.match(part):
                yield part, None
        place += len(part)


@cache
def _entries(language: str) -> _Entries:
    beginnings, wholes = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    with Path(__file__).with_name("glossary.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            for entry in folded(line[language]).split():
                (wholes if entry.endswith("=") else beginnings)[entry.rstrip("=")].append(line["en"])
    tables = [{key: tuple(english) for key, english in table.items()} for table in (beginnings, wholes)]
    return _Entries(tables[0], tables[1], max(map(len, beginnings)))
