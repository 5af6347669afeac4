"""The metadata filters of Retrieve, as a predicate on a document's attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from devstack.bedrock.wire.protocol import ServiceError

Predicate = Callable[[Mapping[str, Any]], bool]
Comparison = Callable[[Any, Any], bool]


def _same(found: Any, wanted: Any) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_scalar, value))


def _numeric(compare: Comparison) -> Comparison:
    return lambda found, wanted: _is_number(found) and compare(found, wanted)


def _is_in(found: Any, wanted: Any) -> bool:
    return any(_same(found, each) for each in wanted)


def _list_contains(found: Any, wanted: Any) -> bool:
    return isinstance(found, list) and any(_same(each, wanted) for each in found)


def _string_contains(found: Any, wanted: Any) -> bool:
    return any(
        isinstance(each, str) and wanted in each for each in (found if isinstance(found, list) else [found])
    )


# Which operand an operator takes, when an attribute that is there matches, and whether a missing one does.
OPERATORS: dict[str, tuple[Callable[[Any], bool], Comparison, bool]] = {
    "equals": (_is_scalar, _same, False),
    "notEquals": (_is_scalar, lambda found, wanted: not _same(found, wanted), True),
    "greaterThan": (_is_number, _numeric(lambda found, wanted: found > wanted), False),
    "greaterThanOrEquals": (_is_number, _numeric(lambda found, wanted: found >= wanted), False),
    "lessThan": (_is_number, _numeric(lambda found, wanted: found < wanted), False),
    "lessThanOrEquals": (_is_number, _numeric(lambda found, wanted: found <= wanted), False),
    "in": (_is_list, _is_in, False),
    "notIn": (_is_list, lambda found, wanted: not _is_in(found, wanted), True),
    "startsWith": (
        _is_text,
        lambda found, wanted: isinstance(found, str) and found.startswith(wanted),
        False,
    ),
    "listContains": (_is_scalar, _list_contains, False),
    "stringContains": (_is_text, _string_contains, False),
}


def predicate(condition: Mapping[str, Any]) -> Predicate:
    """Return what a `RetrievalFilter` asks of a document's attributes.

    Raises: ServiceError (ValidationException) for an operand that the operator does not take.
    """
    ((operator, operand),) = condition.items()
    if operator in ("andAll", "orAll"):
        return _combined(operator, [predicate(each) for each in operand])
    return _compared(operator, operand["key"], operand["value"])


def _combined(operator: str, members: list[Predicate]) -> Predicate:
    combine = all if operator == "andAll" else any
    return lambda attributes: combine(member(attributes) for member in members)


def _compared(operator: str, key: str, wanted: Any) -> Predicate:
    takes, compare, matches_without = OPERATORS[operator]
    if not takes(wanted):
        raise ServiceError(
            "ValidationException", f"The filter {operator} on {key!r} does not take this value."
        )
    return lambda attributes: compare(attributes[key], wanted) if key in attributes else matches_without
