"""Score the chunks of the index for a question with FTS5's own bm25(), and put them in order.

bm25() of a whole question is no score to show: it has no upper bound, and the rarest word outweighs all
others. So it is asked for one word at a time, and the words are added up here, those that stand for a word at
a discount. A score is then the share of the question's weight that a chunk matches, from 0 to 1, and compares
between questions. Of the sample questions that finds 95 % first, where one bm25() finds 71 %
(`python -m bench.retrieval`).
"""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devstack.bedrock.search.languages import is_english
from devstack.bedrock.search.text import is_filler, synonyms
from devstack.bedrock.search.words import Word

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(title, headings, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
"""
"""What is asked here: the stems of each chunk, by its id, separated by blanks. No stem holds MATCH syntax."""
_FIELD_WEIGHTS = (1.2, 0.8, 0.4)  # title, headings, body
_FILLER_WEIGHT = 0.3
_NAME_WEIGHT = 2.0
_LEAST_MATCH_OF_NAME = 0.5
_SHORTEST_CODE = 3
_SYNONYM_WEIGHT = 0.5
_LESSER_SHARE = 0.2  # where the word and what stands for it both match
_PAIR_WEIGHT = 0.25
_MOST_WORDS_BETWEEN = 3
_NEIGHBOURS_SHARE = 0.75
_LONGEST_QUESTION_WORDS = 64
_DIFFERENT_DOCUMENTS_FIRST = 3
# In FTS5's bm25(): k1, and the least idf that a word has.
_SATURATION = 1.2
_LEAST_IDF = 1e-6

Scores = Mapping[int, float]
"""Scores from 0 to 1, by the id of a chunk."""


@dataclass(frozen=True)
class Term:
    """One word of the question: its stem, its weight, and what else may stand for it at which discount.

    A chunk that says a name is about it, however long the chunk is.
    """

    stem: str
    weight: float
    alternatives: Mapping[str, float]
    is_name: bool

    @property
    def stems(self) -> tuple[str, ...]:
        return (self.stem, *self.alternatives)


def inverse_frequency(found_in: int, size: int) -> float:
    """Return BM25's idf, never negative, highest for a word that is found nowhere."""
    return math.log(1 + (size - found_in + 0.5) / (found_in + 0.5))


def question_terms(words: Sequence[Word]) -> list[Term]:
    """Return the question's words in order, each once."""
    terms: dict[str, Term] = {}
    for word in words[:_LONGEST_QUESTION_WORDS]:
        stem, *others = word.stems
        alike = sorted(frozenset().union(*map(synonyms, (stem, *others))) - {stem})
        alternatives = dict.fromkeys(alike, _SYNONYM_WEIGHT) | dict.fromkeys(others, 1.0)
        is_name = word.is_name or _is_code(word.text)
        weight = _FILLER_WEIGHT if is_filler(stem) else _NAME_WEIGHT if is_name else 1.0
        terms.setdefault(stem, Term(stem, weight, alternatives, is_name or _is_no_word(word)))
    return list(terms.values())


def _is_no_word(word: Word) -> bool:
    """Tell whether a word means nothing in English, like most names of products."""
    return len(word.stems) == 1 and word.text.isalpha() and not any(map(is_english, (word.text, *word.stems)))


def _is_code(word: str) -> bool:
    return len(word) >= _SHORTEST_CODE and any(map(str.isdecimal, word))


def score_chunks(
    database: sqlite3.Connection, terms: Sequence[Term], document_of: Mapping[int, int]
) -> tuple[Scores, Scores]:
    """Return the score of every chunk that matches any term, by itself and together with its neighbours.

    Its neighbours are the chunks before and after it in its document, by their ids; `document_of` holds all.
    """
    size = len(document_of)
    found = {stem: _matches(database, stem, size) for term in terms for stem in term.stems}
    # By the root of its rarity, matching more words counts for more than matching the rarest.
    masses = [term.weight * math.sqrt(inverse_frequency(len(found[term.stem]), size)) for term in terms]
    pair_masses = [_PAIR_WEIGHT * (one + two) / 2 for one, two in pairwise(masses)]
    matches = [_best_matches(term, found) for term in terms]
    pair_matches = [_close_together(database, one, two, found) for one, two in pairwise(terms)]
    total = sum(masses) + sum(pair_masses)
    alone: defaultdict[int, float] = defaultdict(float)
    together: defaultdict[int, float] = defaultdict(float)
    for mass, each in zip([*masses, *pair_masses], [*matches, *pair_matches], strict=True):
        for chunk_id, match in each.items():
            alone[chunk_id] += mass * match / total
        for chunk_id, match in _with_neighbours(each, document_of).items():
            together[chunk_id] += mass * match / total
    return alone, together


def _with_neighbours(matches: Scores, document_of: Mapping[int, int]) -> Scores:
    """Return the best match of each chunk and its neighbours."""
    best: dict[int, float] = {}
    for chunk_id, match in matches.items():
        for near in (chunk_id - 1, chunk_id, chunk_id + 1):
            if document_of.get(near) == document_of[chunk_id]:
                best[near] = max(best.get(near, 0.0), match)
    return best


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
    """Return how well each chunk matches a term: by the word or what stands for it, a little more by both."""
    best: dict[int, float] = {}
    for stem, discount in term.alternatives.items():
        for chunk_id, match in found[stem].items():
            best[chunk_id] = max(best.get(chunk_id, 0.0), discount * match)
    for chunk_id, match in found[term.stem].items():
        lesser, greater = sorted((best.get(chunk_id, 0.0), match))
        least = _LEAST_MATCH_OF_NAME if term.is_name else 0.0
        best[chunk_id] = least + (1 - least) * min(greater + _LESSER_SHARE * lesser, 1.0)
    return best


def _close_together(
    database: sqlite3.Connection, one: Term, two: Term, found: Mapping[str, Scores]
) -> Scores:
    """Return 1 for each chunk in which both words, or what stands for them, are close together."""
    near = " OR ".join(
        f'NEAR("{first}" "{second}", {_MOST_WORDS_BETWEEN})'
        for first in one.stems
        for second in two.stems
        if first != second and not found[first].keys().isdisjoint(found[second])
    )
    if not near:
        return {}
    rows = database.execute("SELECT rowid FROM words WHERE words MATCH ?", (near,))
    return {chunk_id: 1.0 for (chunk_id,) in rows}


def blended(ones: Scores, others: Scores, share_of_others: float) -> Scores:
    """Return the weighted mean of two scores, of every chunk that has one of them."""
    return {
        key: (1 - share_of_others) * ones.get(key, 0.0) + share_of_others * others.get(key, 0.0)
        for key in ones.keys() | others.keys()
    }


def best_first(alone: Scores, together: Scores, document_of: Mapping[int, int]) -> list[tuple[int, float]]:
    """Return the ids of chunks with their scores; the first few are of different documents.

    A document is shown by its best chunk and ranked by that and its neighbours, since what a chunk leaves out
    may be next to it. Its further chunks score no more than the last of the documents that come first.
    """
    ordered = sorted(alone, key=lambda chunk_id: (-alone[chunk_id], chunk_id))
    leaders: dict[int, int] = {}
    for chunk_id in ordered:
        leaders.setdefault(document_of[chunk_id], chunk_id)
    firsts = blended(
        {chunk_id: alone[chunk_id] for chunk_id in leaders.values()},
        {chunk_id: together[chunk_id] for chunk_id in leaders.values()},
        _NEIGHBOURS_SHARE,
    )
    ranked = sorted(firsts.items(), key=lambda each: (-each[1], each[0]))
    ceiling = min((score for _, score in ranked[:_DIFFERENT_DOCUMENTS_FIRST]), default=0.0)
    ranked += [(chunk_id, min(alone[chunk_id], ceiling)) for chunk_id in ordered if chunk_id not in firsts]
    return sorted(ranked, key=lambda each: -each[1])
