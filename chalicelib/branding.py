"""How a stage presents itself to customers: the setting BRANDING, which is data and never markup."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "ar")
"""The languages that the chat page speaks."""
COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
ADDRESS = re.compile(
    r"(https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?)(?:/[\w!#$%&()*+,./:;=?@~-]*)?", re.ASCII
)
MOST_NAME_CHARS = 60
MOST_TEXT_CHARS = 200
MOST_ADDRESS_CHARS = 500
MOST_SUGGESTIONS = 6


@dataclass(frozen=True, eq=False)
class Branding:
    """What the chat page shows of a business; what is empty is as the page has it.

    `greeting`, `suggestions` and `hours` are by language, under "" for all others.
    """

    name: str = ""
    color: str = ""
    greeting: Mapping[str, str] = field(default_factory=dict)
    suggestions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    logo_url: str = ""
    hours: Mapping[str, str] = field(default_factory=dict)
    privacy_url: str = ""
    languages: tuple[str, ...] = LANGUAGES

    def chosen_color(self, wanted: str | None) -> str:
        """Return the wanted colour, if it is one, or else the business's own."""
        return wanted if wanted and COLOR.fullmatch(wanted) else self.color

    @property
    def logo_origin(self) -> str:
        """Scheme and host of the logo, as a policy names them; "" without a logo."""
        address = ADDRESS.fullmatch(self.logo_url)
        return address[1] if address else ""


NEUTRAL = Branding()
"""What a stage without BRANDING has."""


def read_branding(given: Mapping[str, Any]) -> Branding:
    """Return the branding that a JSON object describes. Raises ValueError that names each wrong field."""
    values, problems = {}, []
    for name, value in given.items():
        if name not in FIELDS:
            problems.append(f"{name[:MOST_NAME_CHARS]} is none of its fields: {', '.join(FIELDS)}")
            continue
        try:
            values[name] = FIELDS[name](value)
        except ValueError as error:
            problems.append(f"{name} {error}")
    if problems:
        raise ValueError(", ".join(problems))
    return Branding(**values)


def in_language(texts: Mapping[str, T], language: str) -> T | None:
    """Return what is said in a language: what was written for it or for all of them, or None."""
    return texts.get(language, texts.get(""))


def _text(most_chars: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= most_chars or _has_controls(value):
            raise ValueError(f"must be a text of 1 to {most_chars} characters, on one line")
        return value.strip()

    return read


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def _suggestions(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_SUGGESTIONS:
        raise ValueError(f"must be a list of at most {MOST_SUGGESTIONS} questions")
    return tuple(map(_text(MOST_TEXT_CHARS), value))


def _by_language(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    def read_all(value: object) -> Mapping[str, T]:
        if not isinstance(value, dict):
            return {"": read(value)}
        if not value.keys() <= set(LANGUAGES):
            raise ValueError(f"has a language that is none of {', '.join(LANGUAGES)}")
        return {language: read(text) for language, text in value.items()}

    return read_all


def _color(value: object) -> str:
    if not isinstance(value, str) or not COLOR.fullmatch(value):
        raise ValueError("must be a colour such as #7a3e9d")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_ADDRESS_CHARS or not ADDRESS.fullmatch(value):
        raise ValueError("must be an address that begins with https://")
    return value


def _languages(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(each in LANGUAGES for each in value):
        raise ValueError(f"must be a list of some of {', '.join(LANGUAGES)}")
    return tuple(dict.fromkeys(value))


FIELDS: Mapping[str, Callable[[object], Any]] = {
    "name": _text(MOST_NAME_CHARS),
    "color": _color,
    "greeting": _by_language(_text(MOST_TEXT_CHARS)),
    "suggestions": _by_language(_suggestions),
    "logo_url": _address,
    "hours": _by_language(_text(MOST_TEXT_CHARS)),
    "privacy_url": _address,
    "languages": _languages,
}
"""The fields of BRANDING, and what reads each."""
