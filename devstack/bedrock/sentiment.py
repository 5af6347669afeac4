"""Comprehend's DetectSentiment, by VADER's English lexicon.

VADER sums the valence of words and knows nothing of support desks, where "error", "failed" or "cancel" name
a thing rather than a mood. Those words are damped, and words of anger that it lacks are added, so that a
plain problem report counts as calm and anger does not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from devstack.bedrock.wire.protocol import ServiceError

MAX_TEXT_BYTES = 5_000
LANGUAGES = frozenset({"en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"})

PROBLEM_WORDS = """
alert blocked broken bug cancel canceled cancelled cancelling charge charged charges complain complaint
conflict crash crashed crashes crashing cut damage damaged dead debt declined defect delay delayed delays
denied die died down error errors expired fail failed failing fails failure fault faulty fire forgot
forgotten hacked interrupt invalid issue issues kill killed killing leak limited lose loses losing lost
miss missed missing payment problem problems refused reject rejected risk shoot stolen stop stopped stops
stuck suspend suspended threat trouble urgent vulnerable warn warning worried worry wrong
"""
PROBLEM_VALENCE = -0.4
# Written to any help desk, by pleased and displeased people.
POLITE_WORDS = "help helped helpful helping please support supported want wanted wants"
POLITE_VALENCE = 0.2
ANGER_VALENCE = {
    "unacceptable": -3.0,
    "scam": -3.0,
    "scammers": -3.2,
    "scammer": -3.2,
    "stole": -2.5,
    "thieves": -3.0,
    "crooks": -3.0,
    "fraudsters": -3.0,
    "livid": -3.2,
    "incompetent": -2.8,
    "clueless": -2.5,
    "garbage": -2.6,
    "joke": -1.5,
    "furious": -3.2,
    "ridiculous": -2.4,
    "appalling": -3.0,
    "outrageous": -2.8,
}
NEGATIVE_MIDPOINT, POSITIVE_MIDPOINT, STEEPNESS = 0.5, 0.42, 10.0


def detect_sentiment(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DetectSentiment.

    Raises: ServiceError for a text over 5 KB, a blank one, or a language that the operation does not know.
    """
    text, language = parameters["Text"], parameters["LanguageCode"]
    if language not in LANGUAGES:
        raise ServiceError("UnsupportedLanguageException", f"The language {language!r} is not supported.")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ServiceError(
            "TextSizeLimitExceededException", f"Input text size exceeds {MAX_TEXT_BYTES} bytes."
        )
    if not text.strip():
        raise ServiceError("InvalidRequestException", "Input text cannot be blank.")
    scores = probabilities(text)
    return {"Sentiment": max(scores, key=lambda name: scores[name]).upper(), "SentimentScore": scores}


def probabilities(text: str) -> dict[str, float]:
    """Return the four probabilities, which sum to 1.

    How likely the text is negative and how likely it is positive are taken as independent: both is Mixed.
    """
    compounds = [_analyzer().polarity_scores(clause)["compound"] for clause in [text, *_clauses(text)]]
    negative = _logistic(-min(compounds) - NEGATIVE_MIDPOINT)
    positive = _logistic(max(compounds) - POSITIVE_MIDPOINT)
    return {
        "Positive": positive * (1 - negative),
        "Negative": negative * (1 - positive),
        "Neutral": (1 - negative) * (1 - positive),
        "Mixed": negative * positive,
    }


def _clauses(text: str) -> list[str]:
    return [clause for clause in re.split(r"(?<=[.!?])\s+|\bbut\b|\bhowever\b", text) if clause.strip()]


def _logistic(distance: float) -> float:
    return 1 / (1 + math.exp(-STEEPNESS * distance))


@cache
def _analyzer() -> Any:
    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(dict.fromkeys(PROBLEM_WORDS.split(), PROBLEM_VALENCE))
    analyzer.lexicon.update(dict.fromkeys(POLITE_WORDS.split(), POLITE_VALENCE))
    analyzer.lexicon.update(ANGER_VALENCE)
    return analyzer
