"""Check a request against the shape that the service model gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from devstack.bedrock.wire.protocol import ServiceError

# Shapes whose values the operation refuses itself, with an error of its own name.
LEFT_TO_THE_OPERATION = frozenset({"LanguageCode"})


def checked(parameters: dict[str, Any], operation: OperationModel) -> dict[str, Any]:
    """Return the parameters without nulls, when the operation's input shape allows them.

    Raises: ServiceError, ValidationException or what the operation declares in its place.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    given: dict[str, Any] = _without_nulls(parameters, shape)
    report = ParamValidator().validate(given, shape)
    problems = (
        report.generate_report().splitlines() if report.has_errors() else list(_excesses(given, shape, ""))
    )
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise ServiceError(
            _refusal(operation), f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"
        )
    return given


def _refusal(operation: OperationModel) -> str:
    declared = {shape.name for shape in operation.error_shapes}
    return "InvalidRequestException" if "InvalidRequestException" in declared else "ValidationException"


def _without_nulls(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and not shape.is_document_type and isinstance(value, dict):
        return {
            key: _without_nulls(each, shape.members[key]) if key in shape.members else each
            for key, each in value.items()
            if each is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_without_nulls(each, shape.member) for each in value]
    return value


def _excesses(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield what botocore leaves to the service: upper bounds, patterns and enumerations."""
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        for key, each in value.items():
            yield from _excesses(each, shape.members[key], f"{path}.{key}" if path else key)
    elif isinstance(shape, ListShape):
        yield from _above_maximum(len(value), shape, path, "length")
        for index, each in enumerate(value):
            yield from _excesses(each, shape.member, f"{path}.{index}")
    elif isinstance(shape, MapShape):
        yield from _above_maximum(len(value), shape, path, "length")
        for key, each in value.items():
            yield from _excesses(key, shape.key, path)
            yield from _excesses(each, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string_excesses(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _above_maximum(value, shape, path, "value")


def _above_maximum(size: float, shape: Shape, path: str, what: str) -> Iterator[str]:
    maximum = shape.metadata.get("max")
    if maximum is not None and size > maximum:
        yield _constraint(path, f"Member must have {what} less than or equal to {maximum}")


def _string_excesses(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.name in LEFT_TO_THE_OPERATION:
        return
    yield from _above_maximum(len(value), shape, path, "length")
    if shape.enum and value not in shape.enum:
        yield _constraint(path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield _constraint(path, f"Member must satisfy regular expression pattern: {pattern}")


def _constraint(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a model's pattern, or return None for Java syntax that Python does not have (`\\P{C}`)."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
