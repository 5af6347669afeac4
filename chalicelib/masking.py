"""Masks credentials and card numbers before a text is sent on, stored or logged.

Errs towards leaving text alone: order numbers, ids and timestamps are what support lives on. A number is
a card only if it starts like one and passes the Luhn check; a credential only if its shape or the words
before it say so.
"""

import re
from typing import Any

CARD = re.compile(
    r"""
    (?<![\w.+-])(?:
        (?:4\d{3}|5[0-8]\d\d|6\d{3}|2[2-7]\d\d|35\d\d)(?:[ -]?\d{4}){3}(?:[ -]?\d{3})?
      | 3[47]\d\d[ -]?\d{6}[ -]?\d{5}                        # American Express
      | 3(?:0[0-5]|[68]\d)\d[ -]?\d{6}[ -]?\d{4}             # Diners Club
    )(?![\w-])""",
    re.VERBOSE,
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
# Behind a colon stands mostly the secret itself, but also a sentence about it, or a placeholder for it.
_PROSE_OR_PLACEHOLDER = (
    r"(?:[^\W\d_]+(?=\?|[.!,]?[ \t]+(?!(?:and|but|user\w*|login|e-?mail|thanks|please)\b)[\w*(>])"
    r"|(?:how|what|when|where|why|please|help|required|incorrect|invalid|wrong|expired)[.!]*(?=\s|\Z)"
    r"""|["'`]?(?:<[^>\n]*>|\{\{|your[ _-]|(?-i:\$\{?[A-Z_]{2,}\}?(?=[\s"'`]|\Z))))"""
)
# "is" is mostly followed by prose: only digits, symbols and quotes make a password of a word.
_ODD_WORD = r"""(?:["'`“]|\S*(?:\d|[@\#$%^&]|\w[!*_+]+\w))"""
NAMED_SECRET = re.compile(
    rf"""
    (?P<name>(?<![^\W_])(?:password|passwort|passcode|passphrase|pwd|contraseña|mot\ de\ passe
      |api[ _-]?key|(?:client[ _-]?)?secret(?:[ _-]?(?:access[ _-]?)?key)?|(?:access|auth|refresh)[ _-]?token)
      (?![^\W_])["']?
      (?:[ \t]*(?:[:=]|=>)(?![=>])\s*(?!{_PROSE_OR_PLACEHOLDER})
        |\s+(?:is|ist|lautet|es|est)(?:[ \t]*:)?[ \t]+(?={_ODD_WORD})))
    (?!\[credential\])
    (?P<secret>"[^"\n]{{4,80}}"|'[^'\n]{{4,80}}'|`[^`\n]{{4,80}}`|“[^”\n]{{4,80}}”|[^\s"'`“”,;]{{4,}})
    """,
    re.VERBOSE | re.IGNORECASE,
)
BEARER = re.compile(r"\b(?P<name>bearer\s+)(?P<secret>(?=\S*\d)[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE)
LOGIN_IN_ADDRESS = re.compile(
    r"(?P<name>(?<![a-z0-9+])[a-z][a-z0-9+]{0,20}://[^\s:/@]{1,200}:)(?P<secret>[^\s:/@]+)(?=@)",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """Return the text with card numbers as `[card number]` and credentials as `[credential]`."""
    text = PRIVATE_KEY.sub("[credential]", text)
    text = TOKENS.sub("[credential]", text)
    text = BEARER.sub(r"\g<name>[credential]", text)
    text = LOGIN_IN_ADDRESS.sub(r"\g<name>[credential]", text)
    text = NAMED_SECRET.sub(r"\g<name>[credential]", text)
    return CARD.sub(_mask_card, text)


def mask_values(value: Any, name: str = "") -> Any:
    """Return JSON with its strings, names and whole numbers masked; what a `name` calls a secret is one."""
    if isinstance(value, dict):
        return {mask(inner_name): mask_values(inner, inner_name) for inner_name, inner in value.items()}
    if isinstance(value, list):
        return [mask_values(inner, name) for inner in value]
    if not isinstance(value, str | int) or isinstance(value, bool):
        return value
    text = str(value)
    named = NAMED_SECRET.search(f"{name}: {text}")
    if named and named.start() < len(name):
        return "[credential]"
    masked = mask(text)
    return masked if masked != text else value


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c.isdigit()]
    return "[card number]" if _passes_luhn(digits) else match[0]


def _passes_luhn(digits: list[int]) -> bool:
    doubled = (d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0
