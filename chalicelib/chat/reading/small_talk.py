"""Recognises messages that ask nothing of the articles, so that none of them counts as unanswered."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

from chalicelib.chat.reading.own_words import TABLES
from chalicelib.chat.reading.person_request import plain_words

SmallTalk = Literal["wordless", "greeting", "thanks", "goodbye", "agreement", "unhelpful"]
BY_WEIGHT: tuple[SmallTalk, ...] = ("unhelpful", "goodbye", "thanks", "greeting", "agreement")
"""What a message is that is several: "ok, thanks" is thanks, "thanks, but it did not work" is not."""
MOST_WORDS = 12


def small_talk(message: str) -> SmallTalk | None:
    """Return what a message is when it is nothing but that, in any of 15 languages.

    `wordless` is an emoji or a lone mark, `unhelpful` that an answer was none or did not work.
    """
    words = plain_words(message)
    if not words:
        return "wordless"
    said = _kinds_in(words) if len(words) <= MOST_WORDS else None
    kind = next((kind for kind in BY_WEIGHT if kind in said), None) if said else None
    return None if kind == "agreement" and "?" in message else kind


def _kinds_in(words: list[str]) -> set[str] | None:
    """Return the kinds that the words are of; None when some of them are of none."""
    kinds: set[str] = set()
    place = 0
    while place < len(words):
        kind, length = _longest_entry(words[place:])
        if not length:
            return None
        kinds.add(kind)
        place += length
    return kinds


def _longest_entry(words: list[str]) -> tuple[str, int]:
    entries = _entries()
    for length in range(min(len(words), MOST_WORDS), 0, -1):
        if kind := entries.get(" ".join(words[:length])):
            return kind, length
    return "", 0


@cache
def _entries() -> Mapping[str, str]:
    tables: dict[str, list[str]] = json.loads((TABLES / "small_talk.json").read_text("utf-8"))
    # In the order of the file: a word that is of two kinds is of the first.
    return {
        " ".join(plain_words(entry)): kind for kind, entries in reversed(tables.items()) for entry in entries
    }
