"""Score the chunks of the index for a question with FTS5's own bm25(), and put them in order.

bm25() of a whole question is no score to show: it has no upper bound, and the rarest word outweighs all
others. So it is asked for one word at a time, and the words are added up here, those that stand for a word at
a discount. A score is then the share of the question's weight that a chunk matches, from 0 to 1, and compares
between questions. Of the sample questions that finds 94 % first, where one bm25() finds 71 %
(`python -m bench.retrieval`).
"""

import difflib
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devstack.bedrock.search.text import content_stems, is_filler, synonyms

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(title, headings, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
"""
"""What is asked here: the stems of each chunk, by its id, separated by blanks. No stem holds MATCH syntax."""
_FIELD_WEIGHTS = (1.5, 1.0, 0.5)  # title, headings, body
_FILLER_WEIGHT = 0.3
_SYNONYM_WEIGHT = 0.5
_VARIANT_WEIGHT = 0.85
_VARIANT_LIMIT = 2
_VARIANT_LIKENESS = 0.84
_SHORTEST_VARIANT_LETTERS = 5
_PAIR_WEIGHT = 0.25
_MOST_WORDS_BETWEEN = 3
_LONGEST_QUESTION_STEMS = 64
_DIFFERENT_DOCUMENTS_FIRST = 3
# In FTS5's bm25(): k1, and the least idf that a word has.
_SATURATION = 1.2
_LEAST_IDF = 1e-6

Scores = Mapping[int, float]
"""Scores from 0 to 1, by the id of a chunk."""


@dataclass(frozen=True)
class Term:
    """One word of the question: its weight, and its stem and what may stand for it, each at a discount."""

    stem: str
    weight: float
    discounts: Mapping[str, float]


def inverse_frequency(found_in: int, size: int) -> float:
    """Return BM25's idf, never negative, highest for a word that is found nowhere."""
    return math.log(1 + (size - found_in + 0.5) / (found_in + 0.5))


def question_terms(database: sqlite3.Connection, question: str) -> list[Term]:
    """Return the question's words in order, each once."""
    terms: dict[str, Term] = {}
    for stem in content_stems(question)[:_LONGEST_QUESTION_STEMS]:
        discounts = dict.fromkeys(sorted(synonyms(stem)), _SYNONYM_WEIGHT)
        discounts |= dict.fromkeys(_variants(database, stem), _VARIANT_WEIGHT)
        weight = _FILLER_WEIGHT if is_filler(stem) else 1.0
        terms.setdefault(stem, Term(stem, weight, {**discounts, stem: 1.0}))
    return list(terms.values())


def _variants(database: sqlite3.Connection, stem: str) -> list[str]:
    """Return known stems that an unknown one may be a misspelling of."""
    is_known = database.execute("SELECT 1 FROM vocabulary WHERE term = ?", (stem,)).fetchone()
    if is_known or len(stem) < _SHORTEST_VARIANT_LETTERS:
        return []
    same_letter = (stem[0], stem[0] + "\U0010ffff")
    rows = database.execute("SELECT term FROM vocabulary WHERE term >= ? AND term < ?", same_letter)
    return difflib.get_close_matches(stem, [term for (term,) in rows], _VARIANT_LIMIT, _VARIANT_LIKENESS)


def score_chunks(database: sqlite3.Connection, terms: Sequence[Term], size: int) -> Scores:
    """Return the score of each of `size` chunks that matches any term."""
    found = {stem: _matches(database, stem, size) for term in terms for stem in term.discounts}
    # By the root of its rarity, matching more words counts for more than matching the rarest.
    masses = [term.weight * math.sqrt(inverse_frequency(len(found[term.stem]), size)) for term in terms]
    pair_masses = [_PAIR_WEIGHT * (one + two) / 2 for one, two in pairwise(masses)]
    scores: defaultdict[int, float] = defaultdict(float)
    for term, mass in zip(terms, masses, strict=True):
        for chunk_id, match in _best_matches(term, found).items():
            scores[chunk_id] += mass * match
    for (one, two), mass in zip(pairwise(terms), pair_masses, strict=True):
        for chunk_id in _close_together(database, one, two, found):
            scores[chunk_id] += mass
    total = sum(masses) + sum(pair_masses)
    return {chunk_id: score / total for chunk_id, score in scores.items()}


def _matches(database: sqlite3.Connection, stem: str, size: int) -> Scores:
    """Return how well each chunk with the stem matches it: its bm25() without the word's rarity."""
    rows = database.execute(
        f"SELECT rowid, -bm25(words, {', '.join(map(str, _FIELD_WEIGHTS))})"  # noqa: S608 (constants)
        " FROM words WHERE words MATCH ?",
        (f'"{stem}"',),
    ).fetchall()
    idf = math.log((size - len(rows) + 0.5) / (len(rows) + 0.5))
    most = max(idf, _LEAST_IDF) * (_SATURATION + 1)
    return {chunk_id: score / most for chunk_id, score in rows}


def _best_matches(term: Term, found: Mapping[str, Scores]) -> Scores:
    """Return how well each chunk matches a term by the stem that counts most."""
    best: dict[int, float] = {}
    for stem, discount in term.discounts.items():
        for chunk_id, match in found[stem].items():
            best[chunk_id] = max(best.get(chunk_id, 0.0), discount * match)
    return best


def _close_together(
    database: sqlite3.Connection, one: Term, two: Term, found: Mapping[str, Scores]
) -> Iterable[int]:
    """Return the chunks in which both words, or what stands for them, are close together."""
    near = " OR ".join(
        f'NEAR("{first}" "{second}", {_MOST_WORDS_BETWEEN})'
        for first in one.discounts
        for second in two.discounts
        if first != second and not found[first].keys().isdisjoint(found[second])
    )
    if not near:
        return ()
    return (row[0] for row in database.execute("SELECT rowid FROM words WHERE words MATCH ?", (near,)))


def blended(by_words: Scores, by_meaning: Scores, meaning_share: float) -> Scores:
    """Return the weighted mean of two scores, of every chunk that has one of them."""
    return {
        key: (1 - meaning_share) * by_words.get(key, 0.0) + meaning_share * by_meaning.get(key, 0.0)
        for key in by_words.keys() | by_meaning.keys()
    }


def best_first(scores: Scores, document_of: Mapping[int, int]) -> list[tuple[int, float]]:
    """Return the ids of chunks with their scores; the first few are of different documents.

    The further chunks of a document score no more than the first chunk of the last of these documents.
    """
    ordered = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    leaders: dict[int, int] = {}
    for chunk_id in ordered:
        leaders.setdefault(document_of[chunk_id], chunk_id)
    firsts = list(leaders.values())
    ceiling = min((scores[chunk_id] for chunk_id in firsts[:_DIFFERENT_DOCUMENTS_FIRST]), default=0.0)
    others = [chunk_id for chunk_id in ordered if chunk_id != leaders[document_of[chunk_id]]]
    ranked = [(chunk_id, scores[chunk_id]) for chunk_id in firsts]
    ranked += [(chunk_id, min(scores[chunk_id], ceiling)) for chunk_id in others]
    return sorted(ranked, key=lambda each: -each[1])
