"""Holds a raw answer against botocore's description of it: keys, required members, types, enumerations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}


def problems_with(value: Any, shape: Any) -> list[str]:
    """Return what is wrong with an answer, path by path."""
    return list(_problems(value, shape, "answer"))


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        if not shape.is_document_type:
            yield from _structure_problems(value, shape, path)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for index, each in enumerate(value):
            yield from _problems(each, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from _problems(each, shape.value, f"{path}.{key}")
    elif shape.type_name == "timestamp":
        if datetime.fromisoformat(value).tzinfo is None:
            yield f"{path} has no offset"
    else:
        yield from _scalar_problems(value, shape, path)


def _structure_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    yield from (f"{path} has an unknown {key}" for key in value.keys() - shape.members.keys())
    yield from (f"{path} lacks {key}" for key in set(shape.required_members) - value.keys())
    if shape.is_tagged_union and len(value) != 1:
        yield f"{path} is a union with {len(value)} members"
    for key in value.keys() & shape.members.keys():
        yield from _problems(value[key], shape.members[key], f"{path}.{key}")


def _scalar_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    allowed = SCALARS[shape.type_name]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        yield f"{path} is {type(value).__name__}, not {shape.type_name}"
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path} is {value!r}, none of {shape.enum}"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value}"
