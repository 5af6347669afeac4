"""Write on the line what else only the look of a text says: raised, lowered, crossed out and linked."""

import re

_WHOLE_NUMBER = re.compile(r"[+−–-]?\d+")
_POWER_BASE = re.compile(r"(?:\d|\)|(?<![^\W\d_])(?:[a-z]{1,2}|[A-Z]))\Z")
_CENTS = re.compile(r"\d\d")
_PRICE_BEFORE = re.compile(r"[$€£]\s?\d+\Z")
_PRICE_AFTER = re.compile(r"\s?(?:[$€£]|EUR\b|USD\b|GBP\b)")
_FRACTION_AFTER = re.compile(r"\s?[/⁄]")
_EXPONENT = re.compile(r"(?!(?:st|nd|rd|th|er|re|e|o|a)\Z)[A-Za-z]{1,2}", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)\S+\Z", re.IGNORECASE)
_BREAKS_A_LINK = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E"})


def linked(text: str, target: str) -> str:
    """Return a link to what can be opened from anywhere; a text that says its target needs none."""
    words, address = text.strip(), target.strip()
    if not words or set("[]\n\v") & set(words) or not _ADDRESS.match(address):
        return text
    if words in (address, address.partition(":")[2].lstrip("/").rstrip("/")):
        return text
    return text.replace(words, f"[{words}]({address.translate(_BREAKS_A_LINK)})", 1)


def struck(text: str) -> str:
    """Cross a text out as Markdown does, which takes no space within the marks."""
    words = text.strip()
    return text.replace(words, f"~~{words}~~", 1) if words else text


def raised(text: str, before: str, after: str = "") -> str:
    """Return a superscript so that 10⁶ cannot be read as 106: as a power, cents or a note's number.

    `before` and `after` are what stands next to it.
    """
    if not before or before[-1].isspace():
        return text
    ends_in_digit = before[-1].isdigit()
    if _FRACTION_AFTER.match(after):
        return f" {text}" if ends_in_digit else text
    is_price = _PRICE_BEFORE.search(before) or (ends_in_digit and _PRICE_AFTER.match(after))
    if is_price and _CENTS.fullmatch(text):
        return f".{text}"
    if _WHOLE_NUMBER.fullmatch(text):
        return f"^{text}" if _POWER_BASE.search(before) else f" ({text})"
    return f"^{text}" if ends_in_digit and _EXPONENT.fullmatch(text) else text


def lowered(text: str, before: str) -> str:
    """Return a subscript: "H2O" as it is read, but "10_2" where the digits would run together."""
    return f"_{text}" if before[-1:].isdigit() else text
