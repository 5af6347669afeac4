"""Weigh what a passage says against what was asked: how much of the question it covers, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from devstack.bedrock.model.blocks import Unit, units, without_marker
from devstack.bedrock.model.codes import codes
from devstack.bedrock.model.question import AskedWord, Question
from devstack.bedrock.search.languages import language_of
from devstack.bedrock.search.text import content_stems, raw_words, synonyms

_SYNONYM_CREDIT = 0.7
_HEADING_CREDIT = 0.95
_TITLE_CREDIT = 0.5
_VALUE_BONUS = 0.3
_NEAR_BONUS = 0.3
_FORM_SHARE = 0.2
_STEPS_BONUS = 0.3
_KEY_BONUS = 0.3


@dataclass(frozen=True)
class Entry:
    """An entry of a list, or another unit with what introduces it, and its stems."""

    text: str
    stems: frozenset[str]


@dataclass(frozen=True)
class UnitStems:
    """The entries of a unit, and the stems of its heading."""

    entries: tuple[Entry, ...]
    heading: frozenset[str]


@dataclass(frozen=True)
class Fit:
    """How well a unit answers: the share of the question that it covers, in `score` with a bonus.

    `entry` is the text of the entry that answers best, `has_value` whether that holds what is asked for.
    """

    score: float
    covered: float
    entry: str
    has_value: bool


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
        own = "\n".join(filter(None, (lead_in(self.units, place), unit.column, unit.text)))
        heading = frozenset() if unit.heading == self.title else stems(unit.heading)
        texts = map(without_marker, unit.items) if unit.items else (own,)
        return UnitStems(tuple(Entry(text, stems(text)) for text in texts), heading)

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

    def says_at(self, place: int, names: Sequence[str]) -> bool:
        """Tell whether a unit, its heading or the title has all of these stems."""
        unit = self.unit_stems[place]
        return self.title_stems.union(unit.heading, stems(self.units[place].text)).issuperset(names)

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


def coverage(words: Sequence[AskedWord], found: frozenset[str]) -> float:
    """Return the share of the words' weight that is found, 0 to 1; a synonym earns less."""
    total = sum(word.weight for word in words)
    return sum(word.weight * _credit(word, found) for word in words) / total if total else 0.0


def least_said(words: Sequence[AskedWord], found: frozenset[str], alike: Sequence[float]) -> float:
    """Return how well the word is said that is said least: as what is found, or by how alike that is."""
    said = (max(_credit(word, found), like) for word, like in zip(words, alike, strict=True))
    return min(said, default=0.0)


def fits(asked: Question, passage: NumberedPassage) -> list[Fit]:
    """Return how well each unit answers. Of a list its best entry counts: it holds many words by chance."""
    return [
        max((_fit(asked, passage, place, entry) for entry in unit.entries), key=lambda fit: fit.score)
        for place, unit in enumerate(passage.unit_stems)
    ]


def _fit(asked: Question, passage: NumberedPassage, place: int, entry: Entry) -> Fit:
    unit = passage.units[place]
    around = asked.wanted.around(entry.text, is_row=unit.kind == "row") if asked.wanted else ()
    near = max((coverage(asked.words, stems(each)) for each in around), default=None)
    covered = _covered(asked.words, passage, passage.unit_stems[place], entry.stems)
    bonus = _form_bonus(asked, unit, near is not None)
    if asked.wanted and near is not None:
        bonus += (_VALUE_BONUS + _NEAR_BONUS * near) * (_FORM_SHARE if asked.wanted.kind.is_form else 1.0)
    return Fit(covered * (1 + bonus), covered, entry.text, near is not None)


def _covered(
    words: Sequence[AskedWord], passage: NumberedPassage, unit: UnitStems, said: frozenset[str]
) -> float:
    """Return the share of the words' weight that an entry and, in part, its unit's heading and title hold."""
    total = sum(word.weight for word in words) or 1.0
    gained = 0.0
    for word in words:
        lent = max(
            _HEADING_CREDIT * _credit(word, unit.heading), _TITLE_CREDIT * _credit(word, passage.lent_stems)
        )
        gained += word.weight * max(_credit(word, said), lent)
    return gained / total


def _form_bonus(asked: Question, unit: Unit, has_value: bool) -> float:
    """Return a bonus for steps where they are asked for, and a row that is named; less for other steps."""
    if unit.kind == "steps" and not has_value:
        return _STEPS_BONUS if asked.asks_how else -_STEPS_BONUS * asked.asks_fact
    key = raw_words(unit.key)
    return _KEY_BONUS if key and set(key) <= set(raw_words(asked.text)) else 0.0


def _credit(word: AskedWord, found: frozenset[str]) -> float:
    if any(found.issuperset(each.split()) for each in word.stems):
        return 1.0
    return _SYNONYM_CREDIT if any(synonyms(each) & found for each in word.stems) else 0.0
