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


WEIGHTS = Signals(closeness=5.15, least_said=4.3, title=3.52, fit=4.28, strangeness=-7.22, length=0.94)
BIAS = -7.77


def is_trusted(signals: Signals) -> bool:
    """Tell whether a passage answers more likely than not."""
    return BIAS + sum(weight * signal for weight, signal in zip(WEIGHTS, signals, strict=True)) > 0
