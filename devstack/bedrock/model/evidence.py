"""Weigh what a passage says against what was asked: how much of the question it covers, and where."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from devstack.bedrock.model.blocks import Unit, units
from devstack.bedrock.model.codes import codes
from devstack.bedrock.search.glossary import words_of
from devstack.bedrock.search.languages import language_of
from devstack.bedrock.search.text import content_stems, is_filler, synonyms

_RARITY_EXPONENT = 0.7
_FILLER_WEIGHT = 0.25
_EARLIER_WEIGHT = 0.5
_SYNONYM_CREDIT = 0.7
_TITLE_CREDIT = 0.5

_ASKS_HOW = re.compile(
    r"\b(?:how (?:do|can|to|could|would|should)|where (?:do|can|is)|steps?|want to|need to)\b"
)
_ASKS_FACT = re.compile(
    r"\bhow (?:many|much|long|soon|often|fast|quick|quickly|big|large|far)\b"
    r"|^(?:so |and |but )?(?:who|which|whats?|when|is|are|does|will)\b"
)
_PERIOD = r"(?:second|minute|hour|day|night|morning|week|month|year)"
_SMALL_NUMBER = r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b"
_HOLDS_NUMBER = re.compile(rf"(?<![\w-])\d|{_SMALL_NUMBER}", re.IGNORECASE)
_HOLDS_SIZE = re.compile(r"(?<![\w-])\d[\d.,–]*\s?(?:%|[A-Za-z])")
_FORMS = [
    (
        re.compile(r"\bhow (?:often|frequently|many times)\b"),
        re.compile(
            rf"\b(?:once|twice|times|every|each|hourly|daily|weekly|monthly|(?:an?|per) {_PERIOD})\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"\b(?:how (?:long|soon|quick|quickly|fast|many days)|until when|when)\b"),
        re.compile(
            rf"(?:\d[\d\s.,–-]*|(?:\b(?:an?|every|per)|{_SMALL_NUMBER}) )(?:business |working )?{_PERIOD}s?\b"
            r"|\d\d?[:.]\d\d|\bimmediately\b|\bat once\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"\b(?:how much|cost|costs|price|prices|pricing|fee|fees|expensive|charge)\b"),
        re.compile(r"[€$£]\s?\d|\d\s?(?:€|EUR|USD|%)|\bfree\b", re.IGNORECASE),
    ),
    (
        re.compile(
            r"\b(?:limit|maximum|max|minimum|min|at (?:most|least)|from which|how (?:big|large|far))\b"
        ),
        _HOLDS_NUMBER,
    ),
]
"""What is asked for, and what holds it: how often, how long or when, how much, up to how many."""
_ASKS_COUNT = re.compile(r"\b(?:how many|number of)((?: [\w-]+){1,3})")
_HOLDS_COUNT = re.compile(
    rf"(?:\b\d[\d.,]*|{_SMALL_NUMBER}|\b(?:once|unlimited|any number of))((?: [\w-]+){{1,3}})", re.IGNORECASE
)
_KIND_BONUS = 0.5
_STEPS_BONUS = 0.3
_COUNT_BONUS = 1.0


class Knowledge(Protocol):
    """What is known of words and meanings."""

    def rarity(self, stem: str) -> float:
        """Return how rare a word is in the articles; the rarer, the more it tells."""
        ...

    def knows(self, stem: str) -> bool:
        """Tell whether any document says a word."""
        ...

    def spelled_right(self, question: str) -> str:
        """Return a question with its typing errors corrected."""
        ...

    def strangeness(self, question: str) -> float:
        """Return how close a question is to an everyday subject that no document is about, 0 to 1."""
        ...

    def closeness(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """Return how close each of the passages is to a question, 0 to 1; None where that can't be told."""
        ...

    def likeness(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """Return how alike a question and each of the texts are, -1 to 1; None where that can't be told."""
        ...


@dataclass(frozen=True)
class AskedWord:
    """A word of the question: its stems, any of which says it, its weight, and if an earlier one said it."""

    stems: tuple[str, ...]
    weight: float
    is_earlier: bool


@dataclass(frozen=True)
class UnitStems:
    """The stems of each entry of a unit, else of it with what introduces it; of its heading."""

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
        return UnitStems(tuple(stems(item) for item in unit.items) or (own,), heading)

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
    asked = {word.stems: word for word in _weighed(question, rarity, 1.0, is_earlier=False)}
    for text in reversed(earlier):
        for word in _weighed(text, rarity, _EARLIER_WEIGHT, is_earlier=True):
            asked.setdefault(word.stems, word)
    return list(asked.values())


def _weighed(
    text: str, rarity: Callable[[str], float], share: float, *, is_earlier: bool
) -> Iterable[AskedWord]:
    for word, stemmed, _ in words_of(text):
        weight = share * min(map(rarity, stemmed)) ** _RARITY_EXPONENT
        slight = is_filler(stemmed[0]) or (word.endswith("ly") and len(word) > 5)
        yield AskedWord(stemmed, weight * (_FILLER_WEIGHT if slight else 1.0), is_earlier)


def coverage(words: Sequence[AskedWord], found: frozenset[str]) -> float:
    """Return the share of the words' weight that is found, 0 to 1; a synonym earns less."""
    total = sum(word.weight for word in words)
    return sum(word.weight * _credit(word, found) for word in words) / total if total else 0.0


def unit_scores(words: Sequence[AskedWord], passage: NumberedPassage) -> list[float]:
    """Return for each unit the share of the words' weight that it and, in part, its heading and title hold.

    Of a list that is its best entry's: a long list holds many words by chance.
    """
    return [
        max(_unit_score(words, passage, unit, entry) for entry in unit.entries) for unit in passage.unit_stems
    ]


def _unit_score(
    words: Sequence[AskedWord], passage: NumberedPassage, unit: UnitStems, said: frozenset[str]
) -> float:
    total = sum(word.weight for word in words) or 1.0
    gained = 0.0
    for word in words:
        lent = max(_credit(word, unit.heading), _TITLE_CREDIT * _credit(word, passage.lent_stems))
        gained += word.weight * max(_credit(word, said), lent)
    return gained / total


def asks_how(question: str) -> bool:
    """Tell whether steps are asked for."""
    return bool(_ASKS_HOW.search(question.casefold()))


def kind_bonus(question: str, unit: Unit, words: Sequence[AskedWord]) -> float:
    """Return a bonus when a unit has the form that is asked for: steps, a time, a price, a number.

    Of a list, the entry that says most of the question has to have it. Steps answer nothing but "how".
    """
    asked = question.casefold()
    if unit.kind == "steps":
        return _STEPS_BONUS if asks_how(asked) else -_STEPS_BONUS * bool(_ASKS_FACT.search(asked))
    text = max(unit.items, key=lambda item: coverage(words, stems(item)), default=unit.text)
    for asks, holds in _FORMS:
        if asks.search(asked):
            return _KIND_BONUS if holds.search(text) else 0.0
    counted = _ASKS_COUNT.search(asked)
    return _COUNT_BONUS if counted and _counts(unit, text, stems(counted[1])) else 0.0


def _counts(unit: Unit, text: str, things: frozenset[str]) -> bool:
    """Tell whether a text says how many of these things there are: "up to 3 tills", "Tills: 3"."""
    if unit.kind == "row":
        return bool(stems(text) & things) and bool(_HOLDS_NUMBER.search(text))
    return any(stems(after) & things for after in _HOLDS_COUNT.findall(text))


def _credit(word: AskedWord, found: frozenset[str]) -> float:
    if any(found.issuperset(each.split()) for each in word.stems):
        return 1.0
    return _SYNONYM_CREDIT if any(synonyms(each) & found for each in word.stems) else 0.0
