"""Masks credentials and card numbers before a text is sent on, stored or logged.

A credential is told by its provider's format, by where it stands (an address, a header, a block), or by the
words that name it; a card number by its issuer's digits, the Luhn check, and no word that calls it otherwise.
Support lives on order numbers, ids, times, e-mail addresses, phone numbers and IBANs, so these stay.

All of it takes time in proportion to the text: no pattern may look further than a bounded way from where it
starts, or start twice in what it has looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.masking.cards import is_called_a_number, mask_cards
from chalicelib.masking.formats import CREDENTIAL_MARK, mask_formats
from chalicelib.masking.named import credential_name, is_credential, mask_named
from chalicelib.masking.places import mask_key_blocks, mask_places
from chalicelib.masking.words import fold

NAMES_OF_NAMES = ("name", "key", "label", "field", "title", "question")
NAMES_OF_VALUES = frozenset(("value", "answer", "val", "content"))
SAY_NOTHING = frozenset(
    ("number", "no", "nr", "id", "code", "value", "current", "new", "old", "live", "test")
)
"""Names that say nothing by themselves: what they hold is what the object around them is called."""


def mask(text: str) -> str:
    """Return the text with card numbers as `[card number]` and credentials as `[credential]`."""
    return _mask(text, is_called_a_number=False)


def mask_values(value: Any, name: str = "") -> Any:
    """Return JSON with its strings, names and whole numbers masked; a `name` tells what a value is.

    Names that would become the same are counted, so that no value is lost.
    """
    return _mask_json(value, _called(name))


@dataclass(frozen=True)
class _Called:
    """A name in JSON, and what it makes of its values: a credential, or a number that is no card's."""

    name: str
    credential: re.Match[str] | None
    is_number: bool


def _called(name: str) -> _Called:
    return _Called(name, credential_name(name), is_called_a_number(name))


def _mask(text: str, is_called_a_number: bool) -> str:
    folded = fold(text)
    for step in (mask_key_blocks, mask_formats, mask_places, mask_named):
        masked = step(text, folded)
        if masked != text:
            text, folded = masked, fold(masked)
    return mask_cards(text, folded, is_called_a_number)


def _mask_json(value: Any, called: _Called) -> Any:
    if isinstance(value, Mapping):
        return _mask_object(value, called)
    if isinstance(value, list):
        return [_mask_json(inner, called) for inner in value]
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not isinstance(value, str) and not is_number:
        return value
    text = str(value)
    if called.credential and is_credential(called.credential, text, is_number):
        return CREDENTIAL_MARK
    masked = _mask(text, called.is_number)
    return masked if masked != text else value


def _mask_object(value: Mapping[str, Any], around: _Called) -> dict[str, Any]:
    masked: dict[str, Any] = {}
    told = next((value[name] for name in NAMES_OF_NAMES if isinstance(value.get(name), str)), "")
    counts: dict[str, int] = {}
    for name, inner in value.items():
        shown = alone = _mask(name, around.is_number)
        while shown in masked or (shown != name and shown in value):
            counts[alone] = counts.get(alone, 1) + 1
            shown = f"{alone} ({counts[alone]})"
        masked[shown] = _mask_json(inner, _called(_name_inside(name, around.name, told)))
    return masked


def _name_inside(name: str, around: str, told: str) -> str:
    """Return what tells most about a value: its own name, or that of the object around it."""
    if told and name.lower() in NAMES_OF_VALUES:
        return told
    return f"{around} {name}" if around and name.lower() in SAY_NOTHING else name
