"""Tell whether an English passage answers a question in another language: by weights that were learned.

No signal tells it alone: a glossary lacks words, and questions about another thing of the same shop are close
in meaning too. The weights are those of a logistic regression on questions in nine languages, and the bias is
such that about nine in ten of those that no article answers are refused (`python -m bench.trust` fits them).
"""

from typing import NamedTuple


class Signals(NamedTuple):
    """What speaks for a passage; of the question's words each counts by its weight.

    `closeness` is that of the meanings, `least_said` how well the passage says the word that it says least,
    `title` the share that its title says, `fit` how well its best place answers, and `strangeness` how much
    speaks for a subject of somebody else. `length` is the logarithm of how many words are asked: a story says
    much that no article does.
    """

    closeness: float
    least_said: float
    title: float
    fit: float
    strangeness: float
    length: float


WEIGHTS = Signals(closeness=5.13, least_said=3.64, title=6.01, fit=4.42, strangeness=-3.5, length=2.1)
BIAS = -10.11


def is_trusted(signals: Signals) -> bool:
    """Tell whether a passage answers more likely than not."""
    return BIAS + sum(weight * signal for weight, signal in zip(WEIGHTS, signals, strict=True)) > 0
