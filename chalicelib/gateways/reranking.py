"""Puts what a search found into a better order, by a reranker model on Bedrock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.answers import finite, require
from chalicelib.domain.access import Reader
from chalicelib.domain.conversation import Passage
from chalicelib.domain.protocols import PassageSearch
from chalicelib.errors import Unavailable
from chalicelib.gateways.aws import calling
from chalicelib.logs import cause_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agent_runtime import AgentsforBedrockRuntimeClient
    from mypy_boto3_bedrock_agent_runtime.type_defs import RerankSourceTypeDef

    from chalicelib.logs import SearchLogger

CANDIDATES = 20
"""How many passages are looked up to keep the best few."""
SLOW_SEARCH_SECONDS = 1.25
"""A search that took longer keeps its own order: a ticket waits four seconds, and the call may take 2.5."""
RERANK_READ_SECONDS = 1.5
MOST_CHARS = 32_000
"""What Rerank takes of a text; our chunks are far shorter."""


@dataclass(frozen=True)
class RerankedSearch:
    """A search that looks more up than it is asked for, and keeps what a model finds nearest.

    A call of its own, and not the option of Retrieve: the search's order is at hand when it fails, and
    only what the reader may read is sent.
    """

    search: PassageSearch
    client: "AgentsforBedrockRuntimeClient"
    model_id: str
    log: "SearchLogger"
    timer: Callable[[], float] = time.monotonic

    def retrieve(self, query: str, limit: int, reader: Reader) -> tuple[Passage, ...]:
        """Return passages as any PassageSearch; in the search's own order where the model is no help."""
        began_at = self.timer()
        found = self.search.retrieve(query, max(limit, CANDIDATES), reader)
        if len(found) < 2:
            return found
        if self.timer() - began_at > SLOW_SEARCH_SECONDS:
            self.log.not_reranked("SlowSearch")
            return found[:limit]
        try:
            return self._best(query, found, limit)
        except Unavailable as error:
            self.log.not_reranked(cause_of(error))
            return found[:limit]

    def _best(self, query: str, found: tuple[Passage, ...], limit: int) -> tuple[Passage, ...]:
        meta = self.client.meta
        arn = f"arn:{meta.partition}:bedrock:{meta.region_name}::foundation-model/{self.model_id}"
        wanted = min(limit, len(found))
        with calling("reranker"):
            answer = self.client.rerank(
                queries=[{"type": "TEXT", "textQuery": {"text": query}}],
                sources=[_source(passage) for passage in found],
                rerankingConfiguration={
                    "type": "BEDROCK_RERANKING_MODEL",
                    "bedrockRerankingConfiguration": {
                        "numberOfResults": wanted,
                        "modelConfiguration": {"modelArn": arn},
                    },
                },
            )
            by_index = dict(enumerate(found))
            best = [
                replace(by_index.pop(result["index"]), score=round(finite(result["relevanceScore"]), 4))
                for result in require(answer["results"], list)
            ]
            if len(best) != wanted:
                raise ValueError("another number of results than asked for")
            return tuple(best)


def _source(passage: Passage) -> "RerankSourceTypeDef":
    """Return a passage below its title, which says what the passage is part of."""
    text = f"{passage.title}\n\n{passage.text}"[:MOST_CHARS]
    return {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
