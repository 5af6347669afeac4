"""Score documents and chunks for a question: BM25 over weighted fields, synonyms and neighbouring words.

A score is the share of the question's weight that a text matches, from 0 to 1, so that scores of
different questions can be compared. Nothing here reads a database: the caller hands in the postings.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from devstack.bedrock.search.text import content_stems, hinted_words, is_filler, synonyms

_FILLER_WEIGHT = 0.3
_RARITY_EXPONENT = 0.7  # below 1, matching more words counts for more than matching the rarest
_SYNONYM_WEIGHT = 0.5
_VARIANT_WEIGHT = 0.85
_PAIR_WEIGHT = 0.25
_PAIR_DISTANCE_WORDS = 3
_LONGEST_QUESTION_STEMS = 64

# stem -> item id -> field -> positions of the stem in that field
Positions = Mapping[str, Sequence[int]]
Postings = Mapping[str, Mapping[int, Positions]]


@dataclass(frozen=True)
class Field:
    """How much a field counts, and how strongly its length is held against it (BM25F's w and b)."""

    weight: float
    length_penalty: float


@dataclass(frozen=True)
class Scheme:
    """The fields of one kind of item and the saturation of repeated words (BM25's k1)."""

    fields: Mapping[str, Field]
    saturation: float


DOCUMENTS = Scheme(
    {"title": Field(6.0, 0.3), "headings": Field(2.0, 0.3), "body": Field(1.0, 0.75)}, saturation=2.5
)
CHUNKS = Scheme({"headings": Field(2.0, 0.3), "body": Field(1.0, 0.75)}, saturation=2.5)


@dataclass(frozen=True)
class Term:
    """One word of the question: its stem, its weight, and what else may stand for it at which discount."""

    stem: str
    weight: float
    alternatives: Mapping[str, float] = field(default_factory=dict)

    @property
    def stems(self) -> tuple[str, ...]:
        return (self.stem, *self.alternatives)


@dataclass(frozen=True)
class Corpus:
    """What the scores are relative to: the number of items, mean field lengths, and each item's lengths."""

    size: int
    mean_lengths: Mapping[str, float]
    lengths: Mapping[int, Mapping[str, int]]


def inverse_frequency(found_in: int, corpus_size: int) -> float:
    """Return BM25's idf, never negative; a word found nowhere gets the most."""
    return math.log(1 + (corpus_size - found_in + 0.5) / (found_in + 0.5))


def question_terms(question: str, variants: Callable[[str], Sequence[str]]) -> list[Term]:
    """Return the question's words in order, each once; `variants` offers other spellings of a stem."""
    stems = content_stems(question)[:_LONGEST_QUESTION_STEMS]
    terms: dict[str, Term] = {}
    for stem in stems:
        alternatives = dict.fromkeys(sorted(synonyms(stem)), _SYNONYM_WEIGHT)
        alternatives |= dict.fromkeys(variants(stem), _VARIANT_WEIGHT)
        terms.setdefault(stem, Term(stem, _FILLER_WEIGHT if is_filler(stem) else 1.0, alternatives))
    for hint in content_stems(" ".join(hinted_words(question))):
        terms.setdefault(hint, Term(hint, _FILLER_WEIGHT))
    return list(terms.values())


def score_items(
    terms: Sequence[Term], postings: Postings, corpus: Corpus, scheme: Scheme
) -> dict[int, float]:
    """Return the score of every item that matches any term."""
    masses = [term.weight * _rarity(term, postings, corpus) for term in terms]
    pair_masses = [_PAIR_WEIGHT * (one + two) / 2 for one, two in pairwise(masses)]
    total = sum(masses) + sum(pair_masses)
    items = {item for term in terms for stem in term.stems for item in postings.get(stem, ())}
    scores = {}
    for item in items:
        lengths = corpus.lengths[item]
        matched = sum(
            mass * _match(term, item, postings, corpus, lengths, scheme)
            for term, mass in zip(terms, masses, strict=True)
        )
        for (one, two), mass in zip(pairwise(terms), pair_masses, strict=True):
            matched += mass * _neighbours(one, two, item, postings)
        scores[item] = matched / total if total else 0.0
    return scores


def _rarity(term: Term, postings: Postings, corpus: Corpus) -> float:
    return float(inverse_frequency(len(postings.get(term.stem, ())), corpus.size) ** _RARITY_EXPONENT)


def _match(
    term: Term, item: int, postings: Postings, corpus: Corpus, lengths: Mapping[str, int], scheme: Scheme
) -> float:
    """Return how well an item matches a term, 0 to 1: the word itself, or discounted what stands for it."""
    best = 0.0
    for stem, discount in ((term.stem, 1.0), *term.alternatives.items()):
        positions = postings.get(stem, {}).get(item)
        if positions:
            best = max(best, discount * _saturated(positions, corpus, lengths, scheme))
    return best


def _saturated(positions: Positions, corpus: Corpus, lengths: Mapping[str, int], scheme: Scheme) -> float:
    frequency = 0.0
    for name, where in positions.items():
        rule = scheme.fields[name]
        relative = lengths[name] / (corpus.mean_lengths[name] or 1.0)
        frequency += rule.weight * len(where) / (1 - rule.length_penalty + rule.length_penalty * relative)
    return frequency / (scheme.saturation + frequency)


def _neighbours(one: Term, two: Term, item: int, postings: Postings) -> float:
    """Return 1 when both words, or what stands for them, are close together in a field of the item."""
    best = 0.0
    for first, first_discount in ((one.stem, 1.0), *one.alternatives.items()):
        ours = postings.get(first, {}).get(item)
        if not ours:
            continue
        for second, second_discount in ((two.stem, 1.0), *two.alternatives.items()):
            theirs = postings.get(second, {}).get(item)
            discount = first_discount * second_discount
            if theirs and discount > best and _are_close(ours, theirs):
                best = discount
    return best


def _are_close(ours: Positions, theirs: Positions) -> bool:
    return any(
        0 < abs(there - here) <= _PAIR_DISTANCE_WORDS
        for name, where in ours.items()
        for here in where
        for there in theirs.get(name, ())
    )
