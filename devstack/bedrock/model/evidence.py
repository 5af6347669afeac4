"""Weigh what a passage says against what was asked: how much of the question it covers, and where."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Protocol

from devstack.bedrock.model.blocks import Unit, units
from devstack.bedrock.model.codes import codes
from devstack.bedrock.model.languages import ENGLISH, language_of, stop_words
from devstack.bedrock.search.text import (
    content_stems,
    is_content,
    is_filler,
    joined_words,
    stem,
    synonyms,
)

_RARITY_EXPONENT = 0.7
_FILLER_WEIGHT = 0.25
_EARLIER_WEIGHT = 0.5
_SYNONYM_CREDIT = 0.7
_TITLE_CREDIT = 0.5

_ASKS_HOW = re.compile(
    r"\b(?:how (?:do|can|to|could|would|should)|where (?:do|can|is)|steps?|want to|need to)\b"
)
_ASKS_DURATION = re.compile(r"\b(?:how (?:long|soon|quick|quickly|fast|many days)|when)\b")
_ASKS_PRICE = re.compile(r"\b(?:how much|cost|costs|price|prices|pricing|fee|fees|expensive|charge)\b")
_HOLDS_DURATION = re.compile(
    r"\d[\d\s.,–-]*(?:business |working )?(?:second|minute|hour|day|week|month|year)s?\b"
    r"|\d\d?[:.]\d\d|\bimmediately\b",
    re.IGNORECASE,
)
_HOLDS_PRICE = re.compile(r"[€$£]\s?\d|\d\s?(?:€|EUR|USD|%)|\bfree\b", re.IGNORECASE)
_KIND_BONUS = 0.2
_LEAST_TYPO_LIKENESS = 0.84
_SHORTEST_TYPO = 5
_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z]\w*[a-z]\w*|(?<=[\u3040-\u9fff])[A-Z]\w*?[a-z]+")


class Knowledge(Protocol):
    """What is known of words and meanings."""

    def rarity(self, word: str) -> float:
        """Return how rare a word is in the articles; the rarer, the more it tells."""
        ...

    def knows(self, word: str) -> bool:
        """Tell whether any article says a word."""
        ...

    def closeness(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """Return how close each of the passages is to a question, 0 to 1; None where that can't be told."""
        ...

    def likeness(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """Return how alike a question and each of the texts are, -1 to 1; None where that can't be told."""
        ...


@dataclass(frozen=True)
class AskedWord:
    """A word of the question with its weight, and whether an earlier question said it."""

    stem: str
    weight: float
    is_earlier: bool


@dataclass(frozen=True)
class UnitStems:
    """The stems of a unit with the sentence that introduces it, of each of its entries, of its heading."""

    own: frozenset[str]
    entries: tuple[frozenset[str], ...]
    heading: frozenset[str]


@dataclass(frozen=True)
class NumberedPassage:
    """A passage with the number that an answer cites, and the units that it can be cut into."""

    index: int
    title: str
    text: str

    @cached_property
    def title_stems(self) -> frozenset[str]:
        return stems(self.title)

    @cached_property
    def units(self) -> list[Unit]:
        return units(self.text)

    @cached_property
    def unit_stems(self) -> list[UnitStems]:
        return [self._stems_of(place) for place in range(len(self.units))]

    def _stems_of(self, place: int) -> UnitStems:
        unit = self.units[place]
        own = stems(f"{lead_in(self.units, place)}\n{unit.text}")
        heading = frozenset() if unit.heading == self.title else stems(unit.heading)
        return UnitStems(own, tuple(stems(item) for item in unit.items) or (own,), heading)

    @cached_property
    def lent_stems(self) -> frozenset[str]:
        """Return the stems that the title lends to every unit: those that no section's heading claims."""
        return self.title_stems.difference(*(unit.heading for unit in self.unit_stems))

    @cached_property
    def all_stems(self) -> frozenset[str]:
        return self.title_stems | stems(self.text)

    @cached_property
    def language(self) -> str:
        return language_of(self.text)

    def places_with(self, asked: Sequence[frozenset[str]]) -> list[int]:
        """Return the places of the units about all of these codes: rows by their key, else what holds them.

        A code in the title or a heading counts for all below it.
        """
        said = [codes(f"{self.title}\n{unit.heading}\n{unit.text}") for unit in self.units]
        places = [place for place, found in enumerate(said) if all(found & forms for forms in asked)]
        keyed = [place for place in places if self.units[place].key and _is_key(self.units[place].key, asked)]
        return keyed or places


def _is_key(key: str, asked: Sequence[frozenset[str]]) -> bool:
    return any(codes(key) & forms for forms in asked)


def lead_in(all_units: Sequence[Unit], place: int) -> str:
    """Return the sentence that introduces a list, a row or code, if there is one."""
    before = all_units[place - 1] if place else None
    introduces = before and before.kind == "sentence" and before.text.endswith(":")
    return before.text if before and introduces and all_units[place].kind != "sentence" else ""


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words that carry a subject."""
    return frozenset(content_stems(text))


def asked_words(question: str, earlier: Sequence[str], rarity: Callable[[str], float]) -> list[AskedWord]:
    """Return the words to answer to, each once, weighed by rarity; those of earlier questions count less."""
    asked = {word.stem: word for word in _weighed(question, rarity, 1.0, is_earlier=False)}
    for text in reversed(earlier):
        for word in _weighed(text, rarity, _EARLIER_WEIGHT, is_earlier=True):
            asked.setdefault(word.stem, word)
    return list(asked.values())


def spelled_right(words: Sequence[AskedWord], known: Collection[str]) -> list[AskedWord]:
    """Return the words with each that no passage has replaced by one of the passages' that it nearly is."""
    right = [
        get_close_matches(
            word.stem, [each for each in known if each[0] == word.stem[0]], 1, _LEAST_TYPO_LIKENESS
        )
        if word.stem not in known and len(word.stem) >= _SHORTEST_TYPO
        else []
        for word in words
    ]
    return [replace(word, stem=each[0]) if each else word for word, each in zip(words, right, strict=True)]


def names_in(question: str) -> list[str]:
    """Return the words within a sentence that begin with a capital letter; in German every noun does."""
    return [] if language_of(question) == "de" else _NAME.findall(question)


def _weighed(
    text: str, rarity: Callable[[str], float], share: float, *, is_earlier: bool
) -> Iterable[AskedWord]:
    ignored = stop_words(language_of(text)) if language_of(text) != ENGLISH else frozenset()
    for word in joined_words(text):
        if is_content(word) and word not in ignored:
            weight = share * max(rarity(word), 0.0) ** _RARITY_EXPONENT
            slight = is_filler(stem(word)) or (word.endswith("ly") and len(word) > 5)
            yield AskedWord(stem(word), weight * (_FILLER_WEIGHT if slight else 1.0), is_earlier)


def coverage(words: Sequence[AskedWord], found: frozenset[str]) -> float:
    """Return the share of the words' weight that is found, 0 to 1; a synonym earns less."""
    total = sum(word.weight for word in words)
    return sum(word.weight * _credit(word.stem, found) for word in words) / total if total else 0.0


def unit_scores(words: Sequence[AskedWord], passage: NumberedPassage) -> list[float]:
    """Return for each unit the share of the words' weight that it and, in part, its heading and title hold.

    Half of a list's score is that of its best entry: a long list holds many words by chance.
    """
    return [
        (
            _unit_score(words, passage, unit, unit.own)
            + max(_unit_score(words, passage, unit, entry) for entry in unit.entries)
        )
        / 2
        for unit in passage.unit_stems
    ]


def _unit_score(
    words: Sequence[AskedWord], passage: NumberedPassage, unit: UnitStems, said: frozenset[str]
) -> float:
    total = sum(word.weight for word in words) or 1.0
    gained = 0.0
    for word in words:
        lent = max(_credit(word.stem, unit.heading), _TITLE_CREDIT * _credit(word.stem, passage.lent_stems))
        gained += word.weight * max(_credit(word.stem, said), lent)
    return gained / total


def kind_bonus(question: str, unit: Unit) -> float:
    """Return a bonus when a unit has the form that the question asks for: steps, a duration, a price."""
    asked = question.casefold()
    fits = (
        (_ASKS_DURATION.search(asked) and _HOLDS_DURATION.search(unit.text))
        or (_ASKS_PRICE.search(asked) and _HOLDS_PRICE.search(unit.text))
        or (_ASKS_HOW.search(asked) and unit.kind == "steps")
    )
    return _KIND_BONUS if fits else 0.0


def _credit(stemmed: str, found: frozenset[str]) -> float:
    if stemmed in found:
        return 1.0
    return _SYNONYM_CREDIT if synonyms(stemmed) & found else 0.0
