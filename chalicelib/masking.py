"""Masks credentials and card numbers before a text is sent on, stored or logged.

Errs towards leaving text alone: order numbers, ids and timestamps are what support lives on. A number is
a card only if it starts like one and passes the Luhn check; a credential only if its shape or the words
before it say so.
"""

import re

CARD = re.compile(
    r"(?<![\w.-])(?:[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?![\w-])"
)
TOKENS = re.compile(
    r"""
    \b(?:
        (?:AKIA|ASIA)[A-Z0-9]{16}                              # AWS access keys
      | gh[pousr]_[A-Za-z0-9]{36,}                             # GitHub tokens
      | xox[abprs]-[A-Za-z0-9-]{10,}                           # Slack tokens
      | (?:sk|pk|rk)[-_](?:live|test|ant|proj)[-_][A-Za-z0-9_-]{12,} | sk-[A-Za-z0-9]{20,}
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}  # JSON web tokens
    )""",
    re.VERBOSE,
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
NAMED_SECRET = re.compile(
    r"""
    (?P<name>\b(?:password|passwort|passcode|passphrase|pwd|contraseña|mot\ de\ passe
      |api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?token)\b
      (?:\s*[:=]\s*|\s+is\s*:?\s+(?=["'`“]|\S*[\d!@\#$%^&*_])))   # "is" only before something password-like
    (?P<secret>["'`“]?[^\s"'`“”,;]{4,})""",
    re.VERBOSE | re.IGNORECASE,
)
BEARER = re.compile(r"\b(?P<name>bearer\s+)(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE)


def mask(text: str) -> str:
    """Return the text with card numbers as `[card number]` and credentials as `[credential]`."""
    text = PRIVATE_KEY.sub("[credential]", text)
    text = TOKENS.sub("[credential]", text)
    text = BEARER.sub(r"\g<name>[credential]", text)
    text = NAMED_SECRET.sub(r"\g<name>[credential]", text)
    return CARD.sub(_mask_card, text)


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c.isdigit()]
    return "[card number]" if 13 <= len(digits) <= 19 and _passes_luhn(digits) else match[0]


def _passes_luhn(digits: list[int]) -> bool:
    doubled = (d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0
