"""What the stand-in's guardrail finds in a text: harmful content, profanity, denied topics, personal data.

Bedrock uses classifiers and models. Here harmful content goes by the phrases of `patterns.yaml`, a topic by
the words of its definition and examples, personal data by patterns; names and addresses are never found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from devstack.bedrock.search.text import raw_words, stem

LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")
PATTERNS = Path(__file__).with_name("patterns.yaml")
PROFANITY = re.compile(
    r"\b(?:fuck\w*|motherfuck\w*|shit(?:ty|s|head)?|bullshit|bitch(?:es)?|bastards?|assholes?|arseholes?|"
    r"cunts?|dickheads?|pricks?|wankers?|twats?|bollocks|goddamn)\b",
    re.IGNORECASE,
)


def confidence(filter_type: str, text: str) -> str:
    """Return how sure the stand-in is that the text is what the filter looks for: one of LEVELS."""
    plain = _plain(text)
    by_level = _patterns().get(filter_type, {})
    found = (level for level, patterns in by_level.items() if any(each.search(plain) for each in patterns))
    return max(found, key=LEVELS.index, default="NONE")


@cache
def _patterns() -> dict[str, dict[str, list[re.Pattern[str]]]]:
    """Return the patterns by filter and level."""
    content = yaml.safe_load(PATTERNS.read_text(encoding="utf-8"))
    words = content.pop("words")
    return {
        filter_type: {
            level: [_compiled(pattern, words) for pattern in patterns] for level, patterns in by_level.items()
        }
        for filter_type, by_level in content.items()
    }


def _compiled(pattern: str, words: dict[str, str]) -> re.Pattern[str]:
    return re.compile(re.sub(r"%(\w+)%", lambda name: words[name[1]], pattern))


def _plain(text: str) -> str:
    """Fold case, compatibility characters, invisible ones and runs of blanks, which attacks hide in."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return " ".join(visible.split())


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


@dataclass(frozen=True)
class Topic:
    """A denied topic, as sets of word stems; only the examples keep the common words."""

    name: str
    vocabulary: frozenset[str]
    examples: tuple[frozenset[str], ...]

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Topic:
        """Read a `TopicsConfig` entry of CloudFormation."""
        examples = tuple(_stems(example) for example in definition.get("Examples", ()))
        described = _stems(definition["Definition"]) | _stems(definition["Name"])
        return cls(definition["Name"], described.union(*examples) - COMMON_STEMS, examples)

    def covers(self, text: str) -> bool:
        """Tell whether any sentence of the text is on this topic."""
        return any(self._covers(_stems(sentence)) for sentence in _sentences(text))

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


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, raw_words(re.sub(r"['’]s\b", "", text))))


COMMON_STEMS = _stems(COMMON_WORDS)


_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# The first group is the entity, where a pattern has one.
ENTITIES: dict[str, re.Pattern[str]] = {
    "CREDIT_DEBIT_CARD_NUMBER": re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII),
    "EMAIL": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
    "PHONE": re.compile(
        r"(?<![\w.-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{2,4})[ .-]\d{3,4}[ .-]\d{3,4}(?![\w-])", re.ASCII
    ),
    "US_SOCIAL_SECURITY_NUMBER": re.compile(
        r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII
    ),
    "AWS_ACCESS_KEY": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "AWS_SECRET_KEY": re.compile(
        r"(?i:secret)[\w \"']{0,24}[:= ]\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
    ),
    "PASSWORD": re.compile(
        r"(?i:\b(?:password|passwd|pwd|passphrase)(?:(?: is| was|\s?[:=])\s{1,4}|[:=]))"
        r"[\"'`]?([^\s\"'`,;(<\[{][^\s\"'`,;]{5,63})"
    ),
    "CREDIT_DEBIT_CARD_CVV": re.compile(r"(?i:\b(?:cvv|cvc|security code)2?(?: is|:)?\s)(\d{3,4})\b"),
    "IP_ADDRESS": re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)", re.ASCII),
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": re.compile(
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"
    ),
    "URL": re.compile(r"\bhttps?://[^\s<>\"')]+"),
}


def find_entities(entity_type: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where entities of a type start and end in the text."""
    pattern = ENTITIES.get(entity_type)
    for match in pattern.finditer(text) if pattern else ():
        start, end = match.span(1 if match.re.groups else 0)
        if entity_type == "PASSWORD":
            end = start + len(text[start:end].rstrip(".!?"))
        if _CHECKS.get(entity_type, bool)(text[start:end]):
            yield start, end


def _passes_luhn(number: str) -> bool:
    """Tell whether the digits of a number end in their Luhn check digit, and are as many as a card's."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_secret(text: str) -> bool:
    return any(character.isdigit() or character in "!@#$%^&*+=~" for character in text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "CREDIT_DEBIT_CARD_NUMBER": _passes_luhn,
    "PASSWORD": _is_secret,
}
