"""What AWS's service models say of a request beyond its shape: patterns, most and least, enums.

botocore checks shapes and least lengths alone, so a stand-in takes what AWS would refuse.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape


def problems(shape: Shape, value: Any, place: str = "") -> Iterator[str]:
    """Yield what is wrong with a value of a request."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, each in value.items():
            if each is not None and name in shape.members:
                yield from problems(shape.members[name], each, f"{place}.{name}")
    elif isinstance(shape, ListShape):
        yield from _too_many(shape, len(value), place)
        for number, each in enumerate(value):
            yield from problems(shape.member, each, f"{place}[{number}]")
    elif isinstance(shape, MapShape):
        yield from _too_many(shape, len(value), place)
        for key, each in value.items():
            yield from problems(shape.key, key, f"{place} key")
            yield from problems(shape.value, each, f"{place}.{key}")
    elif isinstance(shape, StringShape):
        yield from _too_many(shape, len(value), place)
        yield from _of_text(shape, value, place)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _too_many(shape, value, place)


def require_valid(*, params: Mapping[str, Any], model: Any, **_: object) -> None:
    """Raise AssertionError for a request that AWS would refuse; for botocore's `before-parameter-build`."""
    found = list(problems(model.input_shape, params)) if model.input_shape else []
    assert not found, f"{model.service_model.service_name} {model.name}: {'; '.join(found)}"


def _too_many(shape: Shape, number: float, place: str) -> Iterator[str]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min")
    if most is not None and number > most:
        yield f"{place} is {number}, at most {most}"
    if least is not None and number < least:
        yield f"{place} is {number}, at least {least}"


def _of_text(shape: StringShape, value: str, place: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{place} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
        yield f"{place} does not match {pattern}"


@cache
def _compiled(pattern: str) -> "re.Pattern[str] | None":
    """Return a pattern as Python reads it; None for the few that it cannot, which are Java's."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
