"""The operation Retrieve over the local index, and its metadata filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devstack.bedrock.search.index import Hit, Index
from devstack.bedrock.wire.protocol import ServiceError

Predicate = Callable[[Mapping[str, Any]], bool]
Comparison = Callable[[Any, Any], bool]

MAX_QUERY_CHARACTERS = 1_000
DEFAULT_RESULTS = 5
MOST_IN_A_GROUP, DEEPEST_GROUP = 5, 1
NOT_SUPPORTED = ("guardrailConfiguration", "nextToken", "userContext")
SEARCH_NOT_SUPPORTED = ("implicitFilterConfiguration", "rerankingConfiguration")


def retrieve(parameters: Mapping[str, Any], index: Index) -> dict[str, Any]:
    """Answer Retrieve. Raises: ServiceError (ValidationException)."""
    _refuse(parameters, NOT_SUPPORTED)
    search = _vector_search(parameters.get("retrievalConfiguration", {}))
    where = predicate(search["filter"]) if "filter" in search else None
    hits = index.search(
        _query_text(parameters["retrievalQuery"]), search.get("numberOfResults", DEFAULT_RESULTS), where
    )
    return {"retrievalResults": [_result(hit) for hit in hits]}


def _vector_search(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    _refuse(configuration, ("managedSearchConfiguration",))
    search: Mapping[str, Any] = configuration.get("vectorSearchConfiguration", {})
    _refuse(search, SEARCH_NOT_SUPPORTED)
    if search.get("overrideSearchType") == "HYBRID":
        raise ServiceError(
            "ValidationException",
            "HYBRID search type is not supported by the vector store of this knowledge base. Use SEMANTIC.",
        )
    return search


def _query_text(query: Mapping[str, Any]) -> str:
    text: str = query.get("text", "")
    if query.get("type", "TEXT") != "TEXT" or "image" in query:
        raise ServiceError("ValidationException", "This knowledge base can only be queried with text.")
    if not text.strip():
        raise ServiceError("ValidationException", "The text in retrievalQuery is blank.")
    if len(text) > MAX_QUERY_CHARACTERS:
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'retrievalQuery.text' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_QUERY_CHARACTERS}",
        )
    return text


def _refuse(given: Mapping[str, Any], members: tuple[str, ...]) -> None:
    for member in members:
        if member in given:
            raise ServiceError("ValidationException", f"The local stand-in does not support {member}.")


def _result(hit: Hit) -> dict[str, Any]:
    return {
        "content": {"type": "TEXT", "text": hit.text},
        "location": {"type": "S3", "s3Location": {"uri": hit.uri}},
        "metadata": {**hit.metadata, "x-amz-bedrock-kb-chunk-id": hit.chunk_id},
        "score": hit.score,
    }


def _same(found: Any, wanted: Any) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _equals(found: Any, wanted: Any) -> bool:
    """Compare as S3 Vectors does: a list equals each of its members."""
    return any(_same(each, wanted) for each in (found if isinstance(found, list) else [found]))


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
    return any(_equals(found, each) for each in wanted)


def _list_contains(found: Any, wanted: Any) -> bool:
    return isinstance(found, list) and any(_same(each, wanted) for each in found)


def _string_contains(found: Any, wanted: Any) -> bool:
    return any(
        isinstance(each, str) and wanted in each for each in (found if isinstance(found, list) else [found])
    )


# For each operator: which operand it takes, when a value matches, and whether a missing one does.
OPERATORS: dict[str, tuple[Callable[[Any], bool], Comparison, bool]] = {
    "equals": (_is_scalar, _equals, False),
    "notEquals": (_is_scalar, lambda found, wanted: not _equals(found, wanted), True),
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


def predicate(condition: Mapping[str, Any], depth: int = 0) -> Predicate:
    """Return what a `RetrievalFilter` asks of a document's attributes.

    Raises: ServiceError (ValidationException) for an operand that the operator does not take, and for groups
    that are too large or too deep.
    """
    ((operator, operand),) = condition.items()
    if operator in ("andAll", "orAll"):
        return _combined(operator, operand, depth)
    return _compared(operator, operand["key"], operand["value"])


def _combined(operator: str, members: Sequence[Mapping[str, Any]], depth: int) -> Predicate:
    if len(members) > MOST_IN_A_GROUP:
        raise ServiceError("ValidationException", f"{operator} takes {MOST_IN_A_GROUP} filters at most.")
    if depth > DEEPEST_GROUP:
        raise ServiceError("ValidationException", "A filter group may hold groups, but no deeper ones.")
    predicates = [predicate(each, depth + 1) for each in members]
    combine = all if operator == "andAll" else any
    return lambda attributes: combine(each(attributes) for each in predicates)


def _compared(operator: str, key: str, wanted: Any) -> Predicate:
    takes, compare, matches_without = OPERATORS[operator]
    if not takes(wanted):
        raise ServiceError(
            "ValidationException", f"The filter {operator} on {key!r} does not take this value."
        )
    return lambda attributes: compare(attributes[key], wanted) if key in attributes else matches_without
