"""The operation Rerank: by meaning where an embedder is at hand, else by the rarer words of the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devstack.bedrock.search.index import Index
from devstack.bedrock.search.text import content_stems, raw_words
from devstack.bedrock.wire.protocol import ServiceError

MODELS = frozenset({"amazon.rerank-v1:0", "cohere.rerank-v3-5:0"})


def rerank(parameters: Mapping[str, Any], index: Index) -> dict[str, Any]:
    """Answer Rerank, most relevant first. Raises: ServiceError (ValidationException)."""
    (query,) = parameters["queries"]
    configuration = parameters["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    model_id = configuration["modelConfiguration"]["modelArn"].rpartition("/")[2]
    if model_id not in MODELS:
        raise ServiceError("ValidationException", "The provided model identifier is invalid.")
    texts = [_text(source["inlineDocumentSource"]) for source in parameters["sources"]]
    scores = _relevance(query["textQuery"].get("text", ""), texts, index)
    ranked = sorted(range(len(texts)), key=lambda place: -scores[place])
    wanted = configuration.get("numberOfResults", len(texts))
    return {"results": [{"index": place, "relevanceScore": scores[place]} for place in ranked[:wanted]]}


def _text(document: Mapping[str, Any]) -> str:
    if document["type"] != "TEXT" or "textDocument" not in document:
        raise ServiceError("ValidationException", "The local stand-in reranks TEXT documents only.")
    return str(document["textDocument"].get("text", ""))


def _relevance(query: str, texts: Sequence[str], index: Index) -> list[float]:
    cosines = index.likeness(query, texts)
    if cosines is not None:
        return [min(1.0, max(0.0, cosine)) for cosine in cosines]
    weights = {stem: index.rarity(word) for word in raw_words(query) for stem in content_stems(word)}
    total = sum(weights.values()) or 1.0
    stems = [set(content_stems(text)) for text in texts]
    return [sum(weight for stem, weight in weights.items() if stem in found) / total for found in stems]
