"""The glossary: which English words the words of other languages mean.

`glossary.csv` holds what customers of any shop or service write about, a line for each English word. An entry
is how words begin that mean it; one with `=` is a whole word.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from devstack.bedrock.search.text import folded, stem

_SHORTEST_ENTRY = 2
_SHORTEST_MISTYPED, _LONGEST_MISTYPED = 7, 20
_LONGEST_ENDING = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# German and Dutch without their marks on letters.
_SPELT_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"))


class Entries(NamedTuple):
    """The English words by how words begin, and by whole words; all in lower case and without accents."""

    beginnings: Mapping[str, tuple[str, ...]]
    wholes: Mapping[str, tuple[str, ...]]
    longest: int

    def beginning_of(self, word: str) -> str:
        """Return the longest entry that a word begins with, or nothing."""
        lengths = range(min(len(word), self.longest), _SHORTEST_ENTRY - 1, -1)
        return next((word[:length] for length in lengths if word[:length] in self.beginnings), "")

    def meanings(self, word: str) -> tuple[str, ...]:
        """Return the English words that a word means."""
        return self.wholes.get(word, ()) + self.beginnings.get(self.beginning_of(word), ())

    def knows(self, word: str) -> bool:
        """Tell whether a word is an entry with no more than an ending."""
        return word in self.wholes or len(word) - _LONGEST_ENDING <= len(self.beginning_of(word)) > 0

    def respelled(self, word: str) -> str:
        """Return a word with its umlauts or one typing error corrected where it means something only then."""
        if self.meanings(word):
            return word
        spelt = word
        for letters, letter in _SPELT_OUT:
            spelt = spelt.replace(letters, letter)
        if self.meanings(spelt):
            return spelt
        if not _SHORTEST_MISTYPED <= len(word) <= _LONGEST_MISTYPED:
            return word
        right = (each for each in _one_error_less(word) if self.knows(each) and self._is_telling(each))
        return next(right, word)

    def _is_telling(self, word: str) -> bool:
        return word in self.wholes or len(self.beginning_of(word)) >= _SHORTEST_MISTYPED - 1


def _one_error_less(word: str) -> Iterator[str]:
    """Yield the words that this one may have been meant to be; its first letter is right."""
    for place in range(1, len(word)):
        before, after = word[:place], word[place:]
        yield before + after[1:]
        yield before + after[1:2] + after[0] + after[2:]
    for place in range(1, len(word) + 1):
        for letter in _LETTERS:
            yield word[:place] + letter + word[place:]
            yield word[:place] + letter + word[place + 1 :]


@cache
def english_stems() -> frozenset[str]:
    """Return the stems of the glossary's English words."""
    return frozenset(stem(word) for line in _lines() for word in line["en"].split())


@cache
def entries_of(language: str) -> Entries:
    """Return what the words of one language mean; nothing in one that the glossary lacks."""
    beginnings, wholes = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for line in _lines():
        for entry in folded(line.get(language, "")).split():
            (wholes if entry.endswith("=") else beginnings)[entry.rstrip("=")].append(line["en"])
    tables = [{key: tuple(english) for key, english in table.items()} for table in (beginnings, wholes)]
    return Entries(tables[0], tables[1], max(map(len, beginnings), default=0))


@cache
def _lines() -> tuple[Mapping[str, str], ...]:
    with Path(__file__).with_name("glossary.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
