"""Choose what answers: of the passages the one that does it best, and in it the place to quote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.bedrock.model.evidence import Fit, NumberedPassage, coverage, fits, lead_in, least_said
from devstack.bedrock.model.question import Knowledge, Question
from devstack.bedrock.model.trust import Signals, is_trusted
from devstack.bedrock.search.languages import ENGLISH, WITHOUT_GLOSSARY

_LEAST_COVERAGE = 0.55
_LEAST_UNIT_COVERAGE = 0.6
_LEAST_VALUE_COVERAGE = 0.4
_MEANT_SHARE = 0.5
_LEAST_OWN_COVERAGE = 0.35
_LEAST_SURE_COVERAGE = 0.62
_LEAST_CLOSENESS = 0.3
_LEAST_CLOSENESS_WITHOUT_GLOSSARY = 0.22
_COVERAGE_SHARE = 0.5
_HEADED_SHARE = 0.1
_RANK_STEP = 0.05
_UNIT_SHARE = 0.45
_LIKENESS_SHARE = 0.3
_PLACE_STEP = 0.005
_ALIKE = 0.02
_ENOUGH_COVERAGE = 0.8
_NEARLY = 0.85
_SOMEWHAT = 0.6
_RANK_PENALTY = 0.2
_TITLE_SHARE = 1.3
_OWN_TITLE_SHARE = 0.3


@dataclass(frozen=True)
class Candidate:
    """A place to quote, how well it answers, and how that was found."""

    passage: NumberedPassage
    place: int
    score: float
    fitting: float
    fit: Fit

    @property
    def is_sure(self) -> bool:
        """Tell whether so much of the question stands at the place that it is what is asked about."""
        return self.fit.covered >= _LEAST_SURE_COVERAGE


def candidates(asked: Question, passages: Sequence[NumberedPassage], knowledge: Knowledge) -> list[Candidate]:
    """Return the places to quote, the best first; the others are of its article and fit nearly as well."""
    read = readings(asked, passages, knowledge)
    found = [each.candidate() for each in read if each.is_answered()]
    if not found:
        return []
    best = max(found, key=lambda each: each.score)
    if asked.asks_how:
        of_article = [each for each in found if each.passage.title == best.passage.title]
        best = max(of_article, key=lambda each: each.fitting)
    return [best, *_others(asked, best, read)]


def _others(asked: Question, best: Candidate, read: Sequence[Reading]) -> list[Candidate]:
    """Return what else of the article may answer, of the same passage where the best says too little."""
    has_steps = asked.asks_how and best.passage.units[best.place].kind == "steps"
    is_enough = has_steps or best.fit.covered > _ENOUGH_COVERAGE
    least_fit = (_NEARLY if is_enough else _SOMEWHAT) * best.fitting
    others = [
        other
        for each in read
        if each.passage.title == best.passage.title
        for other in each.candidates(least_fit)
        if other.passage is not best.passage or not (is_enough or other.place == best.place)
    ]
    return sorted(others, key=lambda each: -each.fitting)


def readings(asked: Question, passages: Sequence[NumberedPassage], knowledge: Knowledge) -> list[Reading]:
    """Return the passages that have a place to quote, read for a question."""
    close = knowledge.closeness(asked.in_context, [passage.text for passage in passages])
    read = (
        Reading.of(asked, passage, rank, close[rank] if close else None, knowledge)
        for rank, passage in enumerate(passages)
    )
    return [each for each in read if each.places]


@dataclass(frozen=True)
class Reading:
    """A passage read for a question: its rank, how close it is in meaning, and how each unit fits.

    `least_said` is how well a passage in another language says the word that it says least.
    """

    asked: Question
    passage: NumberedPassage
    rank: int
    close: float | None
    fits: Sequence[Fit]
    fitting: Sequence[float]
    places: Sequence[int]
    least_said: float

    @classmethod
    def of(
        cls,
        asked: Question,
        passage: NumberedPassage,
        rank: int,
        close: float | None,
        knowledge: Knowledge,
    ) -> Reading:
        found = fits(asked, passage)
        is_translated = asked.language != passage.language
        share = 1.0 if is_translated else _LIKENESS_SHARE
        alike = knowledge.likeness(asked.in_context, _told(passage)) or [0.0] * len(found)
        fitting = [
            fit.score + share * like - _PLACE_STEP * place
            for place, (fit, like) in enumerate(zip(found, alike, strict=True))
        ]
        places = [
            place
            for place in passage.places_with(asked.codes)
            if passage.says_at(place, asked.names)
            if not asked.needs_value or _tells_value(passage, found, place, alike[place])
        ]
        words = asked.words if is_translated else []
        said = knowledge.likeness_of_words([word.text for word in words], f"{passage.title}\n{passage.text}")
        least = least_said(words, passage.all_stems, said)
        return cls(asked, passage, rank, close, found, fitting, places, least)

    def candidates(self, least_fit: float) -> list[Candidate]:
        """Return each place that fits so well."""
        return [self._at(place, 0.0) for place in self.places if self.fitting[place] >= least_fit]

    def candidate(self) -> Candidate:
        """Return the best place with the passage's score."""
        place = self._best_place()
        asked, passage = self.asked, self.passage
        headed = max(
            coverage(asked.words, passage.title_stems),
            coverage(asked.words, passage.unit_stems[place].heading),
        )
        if self.close is not None:
            score = self.close + _COVERAGE_SHARE * self._covered + _HEADED_SHARE * headed
            score += _UNIT_SHARE * self.fitting[place] - _RANK_STEP * self.rank
        else:
            score = self._covered + self.fitting[place] + _TITLE_SHARE * headed - _RANK_PENALTY * self.rank
        if any(word.is_earlier for word in asked.words):
            # An article about what is asked now beats one about what was asked before.
            score += _OWN_TITLE_SHARE * coverage(asked.own, passage.title_stems)
        return self._at(place, score)

    def is_answered(self) -> bool:
        """Tell whether the passage covers enough of the question's words, or is close enough in meaning."""
        if self.close is None:
            return self._says_enough
        if self._is_read_by_glossary:
            return is_trusted(self.signals(self.close))
        near = self.close + _COVERAGE_SHARE * self._covered - _RANK_STEP * self.rank
        if near - self.asked.strangeness >= self._least_closeness:
            return True
        return self.asked.language == self.passage.language and self._says_enough

    def signals(self, close: float) -> Signals:
        """Return what tells whether the passage answers."""
        asked, passage = self.asked, self.passage
        return Signals(
            closeness=close,
            least_said=self.least_said,
            title=coverage(asked.words, passage.title_stems),
            fit=self.fitting[self._best_place()],
            strangeness=asked.strangeness,
            length=math.log1p(len(asked.words)),
        )

    @property
    def _says_enough(self) -> bool:
        own = self.asked.own
        if own and coverage(own, self.passage.all_stems) < _LEAST_OWN_COVERAGE:
            return False
        return self._covered >= _LEAST_COVERAGE and self._in_unit >= _LEAST_UNIT_COVERAGE

    @property
    def _is_read_by_glossary(self) -> bool:
        asked, passage = self.asked, self.passage
        return asked.language not in (ENGLISH, *WITHOUT_GLOSSARY) and passage.language == ENGLISH

    @property
    def _least_closeness(self) -> float:
        is_unread = self.asked.language in WITHOUT_GLOSSARY and self.passage.language == ENGLISH
        return _LEAST_CLOSENESS_WITHOUT_GLOSSARY if is_unread else _LEAST_CLOSENESS

    @property
    def _in_unit(self) -> float:
        return max((fit.covered for fit in self.fits), default=0.0)

    @property
    def _covered(self) -> float:
        return coverage(self.asked.words, self.passage.all_stems)

    def _best_place(self) -> int:
        """Return the best; of those that answer alike the first, as a section begins with what matters."""
        best = max(self.fitting[place] for place in self.places)
        return next(place for place in self.places if self.fitting[place] >= best - _ALIKE)

    def _at(self, place: int, score: float) -> Candidate:
        return Candidate(self.passage, place, score, self.fitting[place], self.fits[place])


def _tells_value(passage: NumberedPassage, found: Sequence[Fit], place: int, alike: float) -> bool:
    """Tell whether enough of the question is said or meant at a place, and the value in its paragraph."""
    unit = passage.units[place]
    has_value = found[place].has_value or any(
        other.kind == unit.kind == "sentence" and other.paragraph == unit.paragraph and fit.has_value
        for other, fit in zip(passage.units, found, strict=True)
    )
    said = found[place].covered + _MEANT_SHARE * alike
    return has_value and said >= _LEAST_VALUE_COVERAGE


def _told(passage: NumberedPassage) -> list[str]:
    """Return each unit as it is understood: under its heading, after what introduces it."""
    return [
        f"{unit.heading}\n{lead_in(passage.units, place)}\n{unit.text}"
        for place, unit in enumerate(passage.units)
    ]
