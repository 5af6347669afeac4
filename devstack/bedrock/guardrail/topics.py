"""Tell whether a text is on a denied topic, by the words that it shares with its definition and examples.

Bedrock asks a model. Here a text is on topic when most of what it says is the topic's vocabulary, or when it
is much like one of the examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SHARE_OF_TEXT = 0.5
LEAST_SHARED_WORDS = 2
LIKENESS_TO_EXAMPLE = 0.5

# Words that say nothing about a topic, or that any question to a help desk may hold.
COMMON_WORDS = """
a about above account action after against all also am an and any anything app are as ask at back be because
been before being best better billing but buy by can cancel card case change charge child come company
complaint contact could customer damage day deposit did do does doing done download email everything file
find follow for from get give go good got had has have having he help her here him hire his how i idea if in
information into is issue it its just keep know last let like long look make many may me mean message might
money month more most much must my need new no not now number of off offer on one only or order other our
out over page parcel password pay payment per personal plan please policy problem product provide put
question receive recommend refund request return right safe say see sell send service set she should show so
software some someone something specific step still stop subscription such support take tell terms than that
the their them then there these they thing think this those through time to today too trade try two up
update upgrade us use user using very want was way we week well were what when where whether which who why
will with without work worth would write wrong year you your
"""
ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "s", "al", "e", "y")
SHORTEST_STEM = 3


@dataclass(frozen=True)
class Topic:
    """A denied topic, as sets of word stems; only the examples keep the common words."""

    name: str
    vocabulary: frozenset[str]
    examples: tuple[frozenset[str], ...]

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Topic:
        """Read a `TopicsConfig` entry of CloudFormation."""
        examples = tuple(stems(example) for example in definition.get("Examples", ()))
        described = stems(definition["Definition"]) | stems(definition["Name"])
        return cls(definition["Name"], described.union(*examples) - COMMON_STEMS, examples)

    def covers(self, text: str) -> bool:
        """Tell whether any sentence of the text is on this topic."""
        return any(self._covers(stems(sentence)) for sentence in _sentences(text))

    def _covers(self, said: frozenset[str]) -> bool:
        shared = said & self.vocabulary
        if len(shared) >= LEAST_SHARED_WORDS and len(shared) > SHARE_OF_TEXT * len(said - COMMON_STEMS):
            return True
        return bool(shared) and any(
            _likeness(said, example) >= LIKENESS_TO_EXAMPLE for example in self.examples
        )


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _sentences(text: str) -> Iterable[str]:
    return re.split(r"(?<=[.!?])\s+|\n", text)


def stems(text: str) -> frozenset[str]:
    """Return the stems of the words in a text."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"['’]s\b", "", text.lower()))
    return frozenset(map(_stem, words))


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


COMMON_STEMS = stems(COMMON_WORDS)
