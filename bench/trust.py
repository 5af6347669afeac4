"""Fit when an English passage answers a question in another language: WEIGHTS and BIAS of model/trust.py.

    python -m bench.trust

A logistic regression tells questions whose best passage is of a right article from those that no article
answers. Each language is left out in turn, to see what holds for one that nothing was fitted on: of the
questions that anything could be quoted for, in percent, how many are answered from a right article, and how
many that no article answers are refused. Last come the weights and the bias of all languages together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.answers import look_up
from bench.collections import QUESTIONS, Question, languages
from chalicelib.chat.reading.questions import questions_in
from devstack.bedrock.model import question as model
from devstack.bedrock.model.candidates import readings
from devstack.bedrock.model.trust import Signals
from devstack.bedrock.search.index import Index

SETS = {"languages.json": 1.0, "languages_fitted.json": 4.0}
"""How much a question counts: the glossary was written with the first set at hand."""
REFUSED = 0.915
"""The share that the best passage is to refuse of what no article answers.

Nine in ten are refused in the end: another passage, and the question without its story, may be trusted still.
"""
MOST_WORDS = 7
RIDGE = 1.0

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Questions, a row each: the signals of the best passage, and how much the question counts."""

    language: NDArray[np.str_]
    signals: Numbers
    is_answerable: Flags
    is_right: Flags
    count: Numbers


def main() -> None:
    """Print what is answered and refused in each language, and the weights."""
    told = _examples()
    print(f"{'':4} {'answered':>8} {'refused':>8}")
    for language in np.unique(told.language):
        left_out = told.language == language
        weights, bias = fitted(told, ~left_out)
        trusted = told.signals @ weights + bias > 0
        answered = (trusted & told.is_right)[left_out & told.is_answerable].mean()
        refused = 1 - trusted[left_out & ~told.is_answerable].mean()
        print(f"{language:4} {100 * answered:6.1f} % {100 * refused:6.1f} %")
    weights, bias = fitted(told, told.count > 0)
    print(Signals(*weights.round(2).tolist()), f"BIAS = {bias:.2f}")


def fitted(told: Examples, chosen: Flags) -> tuple[Numbers, float]:
    """Return the weights, by Newton's method, and the bias that refuses REFUSED of what is to be refused."""
    chosen = chosen & (told.is_right | ~told.is_answerable)
    signals, right, count = told.signals[chosen], told.is_right[chosen], told.count[chosen]
    spread = signals.std(axis=0)
    inputs = np.column_stack([np.ones(len(signals)), (signals - signals.mean(axis=0)) / spread])
    balanced, ridge = _balanced(signals, right, count), RIDGE * np.diag([0.0, *np.ones(len(spread))])
    found = np.zeros(len(ridge))
    for _ in range(30):
        chance = 1 / (1 + np.exp(-inputs @ found))
        slope = inputs.T @ (balanced * (chance - right)) + ridge @ found
        found -= np.linalg.solve((inputs.T * balanced * chance * (1 - chance)) @ inputs + ridge, slope)
    weights = found[1:] / spread
    scores = signals[~right] @ weights
    order = np.argsort(scores)
    reached = count[~right][order].cumsum()
    return weights, -float(scores[order][np.searchsorted(reached, REFUSED * reached[-1])])


def _balanced(signals: Numbers, right: Flags, count: Numbers) -> Numbers:
    """Return how much each counts where both kinds count the same among the questions of a length.

    In the sets only questions that an article answers are long stories, so length alone would tell too much.
    """
    words = np.minimum(np.expm1(signals[:, -1]).round(), MOST_WORDS)
    both = [count[words == each].sum() for each in words]
    own = [count[(words == each) & (right == kind)].sum() for each, kind in zip(words, right, strict=True)]
    balanced: Numbers = count * np.array(both) / 2 / np.array(own)
    return balanced


def _examples() -> Examples:
    rows = []
    for name, count in SETS.items():
        collections = languages(QUESTIONS / name)
        index = collections[0].index()
        for collection in collections:
            refused = (Question(text, frozenset()) for text in collection.refused)
            for asked in (*collection.answered, *refused):
                rows += [(collection.name, *read, count) for read in _best_passage(index, asked)]
    return Examples(*map(np.array, zip(*rows, strict=True)))


def _best_passage(index: Index, asked: Question) -> list[tuple[Signals, bool, bool]]:
    """Return the signals of the best passage, if any, with whether any answers, and whether that does."""
    first, *_ = questions_in(index.spelled_right(asked.text))
    passages, numbered = look_up(index, asked.text)
    read = readings(model.Question.of(first, [], index), numbered, index)
    best = sorted(read, key=lambda each: -each.candidate().score)[:1]
    return [
        (each.signals(each.close or 0.0), bool(asked.articles), passages[each.rank].url in asked.articles)
        for each in best
    ]


if __name__ == "__main__":
    main()
