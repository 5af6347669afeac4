"""Find personal data in a text, for the entity types that a pattern can tell.

Bedrock knows more types (names, addresses), found by a model; those are never found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Where an entity stands in a text."""

    start: int
    end: int


def _anything(_: str) -> bool:
    return True


def passes_luhn(number: str) -> bool:
    """Tell whether the digits of a number end in their Luhn check digit, and are as many as a card's."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_secret(text: str) -> bool:
    return any(character.isdigit() or character in "!@#$%^&*+=~" for character in text)


_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
Detector = tuple[re.Pattern[str], Callable[[str], bool]]

# The first group is the entity, where a pattern has one.
DETECTORS: dict[str, Detector] = {
    "CREDIT_DEBIT_CARD_NUMBER": (
        re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII),
        passes_luhn,
    ),
    "EMAIL": (
        re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
        _anything,
    ),
    "PHONE": (
        re.compile(
            r"(?<![\w.-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{2,4})[ .-]\d{3,4}[ .-]\d{3,4}(?![\w-])",
            re.ASCII,
        ),
        _anything,
    ),
    "US_SOCIAL_SECURITY_NUMBER": (
        re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII),
        _anything,
    ),
    "AWS_ACCESS_KEY": (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), _anything),
    "AWS_SECRET_KEY": (
        re.compile(r"(?i:secret)[\w \"']{0,24}[:= ]\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
        _anything,
    ),
    "PASSWORD": (
        re.compile(
            r"(?i:\b(?:password|passwd|pwd|passphrase)(?:(?: is| was|\s?[:=])\s{1,4}|[:=]))"
            r"[\"'`]?([^\s\"'`,;(<\[{][^\s\"'`,;]{5,63})"
        ),
        _is_secret,
    ),
    "CREDIT_DEBIT_CARD_CVV": (
        re.compile(r"(?i:\b(?:cvv|cvc|security code)2?(?: is|:)?\s)(\d{3,4})\b"),
        _anything,
    ),
    "IP_ADDRESS": (
        re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)", re.ASCII),
        _anything,
    ),
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": (
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _anything,
    ),
    "URL": (re.compile(r"\bhttps?://[^\s<>\"')]+"), _anything),
}


def find(entity_type: str, text: str) -> Iterator[Span]:
    """Yield where entities of a type stand in the text."""
    if entity_type not in DETECTORS:
        return
    pattern, is_one = DETECTORS[entity_type]
    for match in pattern.finditer(text):
        start, end = match.span(1 if pattern.groups else 0)
        end = start + len(text[start:end].rstrip(".!?")) if entity_type == "PASSWORD" else end
        if is_one(text[start:end]):
            yield Span(start, end)
