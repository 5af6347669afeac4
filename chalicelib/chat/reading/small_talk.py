"""Recognises messages that ask nothing of the articles, so that none of them counts as unanswered."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

from chalicelib.chat.reading.own_words import TABLES
from chalicelib.chat.reading.person_request import HAS_UNSPACED, plain_words

Kind = Literal["wordless", "greeting", "thanks", "goodbye", "agreement", "unhelpful", "anger"]
BY_WEIGHT: tuple[Kind, ...] = ("anger", "unhelpful", "goodbye", "thanks", "greeting", "agreement")
"""What a message is that is several: "ok, thanks" is thanks, "thanks, but it did not work" is not."""
INTERNATIONAL = "en"
SHARED = ("greeting", "thanks", "goodbye", "agreement")
"""The language, and which of its words, people mix into their own: "ok, danke"."""
MOST_WORDS = 12
MOST_CHARS_TOGETHER = 24
"""The same for languages that write no words apart."""
EITHER = re.compile("[\u3040-\u30ff\u3400-\u9fff]|[^\u3040-\u30ff\u3400-\u9fff]+")


class SmallTalk(NamedTuple):
    """What a message is that is nothing but that, and the language that it is said in."""

    kind: Kind
    language: str


def small_talk(message: str) -> SmallTalk | None:
    """Return what a message is when it asks nothing of the articles, in any of 15 languages.

    `wordless` is an emoji or a lone mark, `unhelpful` that an answer was none or did not work.
    """
    words = _words(message)
    if not words:
        return SmallTalk("wordless", INTERNATIONAL)
    if len(words) > (MOST_CHARS_TOGETHER if HAS_UNSPACED.search(message) else MOST_WORDS):
        return None
    kinds = ((_kind(_kinds_in(words, entries)), language) for language, entries in _entries().items())
    said = next((SmallTalk(kind, language) for kind, language in kinds if kind), None)
    return None if said and said.kind == "agreement" and "?" in message else said


def _words(text: str) -> list[str]:
    return [part for word in plain_words(text) for part in EITHER.findall(word)]


def _kind(kinds: set[str]) -> Kind | None:
    """Return the kind that counts; that something helped "not" is said in words too many to list."""
    if {"negation", "outcome"} <= kinds:
        return "unhelpful"
    return next((kind for kind in BY_WEIGHT if kind in kinds), None)


def _kinds_in(words: list[str], entries: Mapping[str, set[str]]) -> set[str]:
    """Return the kinds that the words are of; nothing when some of them are of none."""
    kinds: set[str] = set()
    place = 0
    while place < len(words):
        lengths = range(min(len(words) - place, MOST_CHARS_TOGETHER), 0, -1)
        found = next((n for n in lengths if " ".join(words[place : place + n]) in entries), 0)
        if not found:
            return set()
        kinds |= entries[" ".join(words[place : place + found])]
        place += found
    return kinds


@cache
def _entries() -> Mapping[str, Mapping[str, set[str]]]:
    """Return the kinds of each entry, by language."""
    tables: dict[str, dict[str, list[str]]] = json.loads((TABLES / "small_talk.json").read_text("utf-8"))
    shared: dict[str, list[str]] = {kind: tables[INTERNATIONAL][kind] for kind in SHARED}
    return {language: _kinds_by_entry(shared, table) for language, table in tables.items()}


def _kinds_by_entry(*tables: Mapping[str, list[str]]) -> Mapping[str, set[str]]:
    kinds = defaultdict[str, set[str]](set)
    for table in tables:
        for kind, entries in table.items():
            for entry in entries:
                kinds[" ".join(_words(entry))].add(kind)
    return kinds
