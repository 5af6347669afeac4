"""The operation Retrieve, over the local index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devstack.bedrock.search.index import Hit, Index
from devstack.bedrock.search.retrieval_filter import predicate
from devstack.bedrock.wire.protocol import ServiceError

MAX_QUERY_CHARACTERS = 1_000
DEFAULT_RESULTS = 5
NOT_PLAYED = ("guardrailConfiguration", "nextToken", "userContext")
SEARCH_NOT_PLAYED = ("implicitFilterConfiguration", "rerankingConfiguration")


def retrieve(parameters: Mapping[str, Any], index: Index) -> dict[str, Any]:
    """Answer Retrieve. Raises: ServiceError (ValidationException)."""
    _refuse(parameters, NOT_PLAYED)
    search = _vector_search(parameters.get("retrievalConfiguration", {}))
    where = predicate(search["filter"]) if "filter" in search else None
    hits = index.search(
        _query_text(parameters["retrievalQuery"]), search.get("numberOfResults", DEFAULT_RESULTS), where
    )
    return {"retrievalResults": [_result(hit) for hit in hits]}


def _vector_search(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    _refuse(configuration, ("managedSearchConfiguration",))
    search: Mapping[str, Any] = configuration.get("vectorSearchConfiguration", {})
    _refuse(search, SEARCH_NOT_PLAYED)
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
            raise ServiceError("ValidationException", f"The local stand-in does not know {member}.")


def _result(hit: Hit) -> dict[str, Any]:
    return {
        "content": {"type": "TEXT", "text": hit.text},
        "location": {"type": "S3", "s3Location": {"uri": hit.uri}},
        "metadata": {**hit.metadata, "x-amz-bedrock-kb-chunk-id": hit.chunk_id},
        "score": hit.score,
    }
