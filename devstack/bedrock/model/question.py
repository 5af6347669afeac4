"""What is asked: the words of a question by their weight, its names and codes, the kind of value it wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from devstack.bedrock.model.codes import asked_codes
from devstack.bedrock.model.values import Wanted, wanted
from devstack.bedrock.search.languages import ENGLISH, language_of
from devstack.bedrock.search.text import is_filler
from devstack.bedrock.search.words import Word

_RARITY_EXPONENT = 0.7
_FILLER_WEIGHT = 0.25
_EARLIER_WEIGHT = 0.5
_UNKNOWN_SHARE = 0.1
_STRANGE_SHARE = 0.8
_EVERYDAY_SHARE = 1.0
_UNREAD_SHARE = 0.5
_LEAST_EVERYDAY = 0.65
_RARITY_OF_OUR_NAMES = 1.2
"""What more than a quarter of the articles name is the company or its product."""

_ASKS_HOW = re.compile(
    r"\b(?:how (?:do|can|to|could|would|should)|where (?:do|can|is)|steps?|want to|need to)\b"
)
_ASKS_ANYTHING = re.compile(
    r"\?|\b(?:who|what|which|when|why|where|how|is|are|am|can|could|may|do|does|will)\b"
)
_ASKS_IF_THERE = re.compile(
    r"\b(?:(?:is|are) there|do you (?:have|sell|offer)|can (?:i|we) (?:buy|get|order)) (?:an?|any)\b"
)
_MOST_KEYWORDS = 2
_ASKS_FACT = re.compile(
    r"\bhow (?:many|much|long|soon|often|fast|quick|quickly|big|large|far)\b"
    r"|^(?:so |and |but )?(?:who|which|whats?|when|is|are|does|will)\b"
)


class Knowledge(Protocol):
    """What is known of words and meanings."""

    def rarity(self, stem: str) -> float:
        """Return how rare a word is in the articles; the rarer, the more it tells."""
        ...

    def knows(self, stem: str) -> bool:
        """Tell whether any document says a word."""
        ...

    def words(self, question: str) -> Sequence[Word]:
        """Return the words of a question that carry a subject, with what they mean in the articles."""
        ...

    def spelled_right(self, question: str) -> str:
        """Return a question with its typing errors corrected."""
        ...

    def strangeness(self, question: str) -> float:
        """Return how close a question is to an everyday subject that no document is about, 0 to 1."""
        ...

    def strangeness_of_words(self, words: Sequence[str]) -> Sequence[float]:
        """Return how close each word is to an everyday one that no document is about, 0 to 1."""
        ...

    def likeness_of_words(self, words: Sequence[str], text: str) -> Sequence[float]:
        """Return how alike each word and the closest one of a text of the articles are, 0 to 1."""
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

    text: str
    stems: tuple[str, ...]
    weight: float
    is_earlier: bool


@dataclass(frozen=True)
class Question:
    """What is asked: its text, its words by weight, those of its own that tell, its names and codes.

    `strangeness` is how much speaks for it being about something else than the articles.
    """

    text: str
    in_context: str
    language: str
    words: Sequence[AskedWord]
    own: Sequence[AskedWord]
    strangeness: float
    names: Sequence[str]
    codes: Sequence[frozenset[str]]
    wanted: Wanted | None

    @classmethod
    def of(cls, text: str, context: Sequence[str], knowledge: Knowledge) -> Question:
        """Read a question, with those before it that it leans on."""
        value = wanted(text)
        words = _asked_words(text, context, value, knowledge)
        own = [word for word in words if not (word.is_earlier or is_filler(word.stems[0]))]
        in_context = "\n".join([*context, text])
        unknown = [word for word in own if not any(map(knowledge.knows, word.stems))]
        total = sum(word.weight for word in words) or 1.0
        share = sum(word.weight for word in unknown) / total
        strangeness = _UNKNOWN_SHARE * share + _STRANGE_SHARE * knowledge.strangeness(text)
        if (language := language_of(text)) != ENGLISH:
            everyday = _everyday(unknown, knowledge)
            strangeness += _EVERYDAY_SHARE * sum(word.weight for word in everyday) / total
            unread = [word for word in unknown if word not in everyday]
            words, own = (
                [_lighter(word) if word in unread else word for word in each] for each in (words, own)
            )
        named = (word.stems[0] for word in knowledge.words(text) if word.is_name)
        names = [name for name in named if knowledge.rarity(name) > _RARITY_OF_OUR_NAMES]
        return cls(text, in_context, language, words, own, strangeness, names, asked_codes(text), value)

    @property
    def is_about_something(self) -> bool:
        """Tell whether a question says what it is about, unlike "how many at most"."""
        # Of other languages not every word is read.
        return self.language != ENGLISH or any(not is_filler(word.stems[0]) for word in self.words)

    @property
    def needs_value(self) -> bool:
        """Tell whether only a value of the wanted kind is an answer."""
        return self.wanted is not None and self.wanted.is_exact

    @property
    def needs_its_words(self) -> bool:
        """Tell whether what says too little of the question may be about another thing."""
        return self.needs_value or bool(_ASKS_IF_THERE.search(self.text.casefold()))

    @property
    def asks_how(self) -> bool:
        """Tell whether steps are asked for, also in keywords like "change plan"."""
        text = self.text.casefold()
        is_keywords = self.language == ENGLISH and len(self.words) <= _MOST_KEYWORDS and not self.wanted
        return bool(_ASKS_HOW.search(text)) or (is_keywords and not _ASKS_ANYTHING.search(text))

    @property
    def asks_fact(self) -> bool:
        """Tell whether something else than steps is asked for."""
        return bool(_ASKS_FACT.search(self.text.casefold()))


def _everyday(unknown: Sequence[AskedWord], knowledge: Knowledge) -> list[AskedWord]:
    """Return those words that are everyday ones of other subjects; a character alone tells too little."""
    words = [word for word in unknown if len(word.text) > 1]
    strange = knowledge.strangeness_of_words([word.text for word in words])
    return [word for word, each in zip(words, strange, strict=True) if each >= _LEAST_EVERYDAY]


def _lighter(word: AskedWord) -> AskedWord:
    """Return a word that no table reads with less weight: an English article may say the same."""
    return replace(word, weight=_UNREAD_SHARE * word.weight)


def _asked_words(
    question: str, earlier: Sequence[str], value: Wanted | None, knowledge: Knowledge
) -> list[AskedWord]:
    """Return the words to answer to, each once, weighed by rarity; those of earlier questions count less.

    What asks for a value ("how big", "the price of") is answered by the value.
    """
    words = knowledge.words(question)
    told = [word for word in words if not (value and word.text in value.words)]
    asked = {word.stems: word for word in _weighed(told or words, knowledge, 1.0, is_earlier=False)}
    for text in reversed(earlier):
        for word in _weighed(knowledge.words(text), knowledge, _EARLIER_WEIGHT, is_earlier=True):
            asked.setdefault(word.stems, word)
    return list(asked.values())


def _weighed(
    words: Iterable[Word], knowledge: Knowledge, share: float, *, is_earlier: bool
) -> Iterable[AskedWord]:
    for word, stemmed, _ in words:
        weight = share * min(map(knowledge.rarity, stemmed)) ** _RARITY_EXPONENT
        slight = is_filler(stemmed[0]) or (word.endswith("ly") and len(word) > 5)
        yield AskedWord(word, stemmed, weight * (_FILLER_WEIGHT if slight else 1.0), is_earlier)
