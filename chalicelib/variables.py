"""Reads the text of an environment variable as a value of a type.

Not by pydantic, which most functions would load for nothing else: it is a fifth of their start.
"""

import json
import math
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from chalicelib.branding import Branding, read_branding

YES = ("true", "1", "yes", "on")
NO = ("false", "0", "no", "off")
MOST_BRANDING_BYTES = 2_000


def value_of(kind: Any, text: str) -> Any:
    """Return the value that a text stands for.

    A kind is str, int, float, bool, a Literal of strings, `tuple[str, ...]` (separated by commas), a Mapping
    (a JSON object), Branding, one of these `| None`, or Annotated with limits and with functions that check
    a value and return it. Raises ValueError with a problem that does not repeat the text.
    """
    if get_origin(kind) is Annotated:
        base, *rules = get_args(kind)
        value = value_of(base, text)
        for rule in rules:
            value = _kept_to(rule, value)
        return value
    if get_origin(kind) is UnionType:
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    return READERS[get_origin(kind) or kind](kind, text)


def _kept_to(rule: Any, value: Any) -> Any:
    match rule:
        case Ge(least) if not value >= least:
            raise ValueError(f"must be at least {least}")
        case Gt(bound) if not value > bound:
            raise ValueError(f"must be more than {bound}")
        case Le(most) if not value <= most:
            raise ValueError(f"must be at most {most}")
        case MinLen(least) if len(value) < least:
            raise ValueError("must not be empty")
        case MaxLen(most) if len(value) > most:
            raise ValueError(f"must be at most {most} characters long")
    return rule(value) if callable(rule) else value


def _whole_number(_kind: Any, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _number(_kind: Any, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("must be a number")
    return value


def _truth(_kind: Any, text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError("must be true or false")
    return text.lower() in YES


def _choice(kind: Any, text: str) -> str:
    choices = get_args(kind)
    if text not in choices:
        raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
    return text


def _listed(_kind: Any, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _json_object(_kind: Any, text: str) -> Mapping[str, Any]:
    try:
        return dict(json.loads(text).items())
    except (AttributeError, ValueError):
        raise ValueError("must be a JSON object") from None


def _branding(kind: Any, text: str) -> Branding:
    if len(text.encode("utf-8")) > MOST_BRANDING_BYTES:
        raise ValueError(
            f"must be at most {MOST_BRANDING_BYTES} bytes long: Lambda has room for 4 KB of settings"
        )
    return read_branding(_json_object(kind, text))


def _as_it_is(_kind: Any, text: str) -> str:
    return text


READERS: Mapping[Any, Callable[[Any, str], Any]] = {
    str: _as_it_is,
    int: _whole_number,
    float: _number,
    bool: _truth,
    Literal: _choice,
    tuple: _listed,
    get_origin(Mapping[str, Any]): _json_object,
    Branding: _branding,
}
