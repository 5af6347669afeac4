"""Rerank: the order, the limits and the refusals of the stand-in."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.devstack.bedrock_server import Documents, Server, running

TEXTS = ["Lamps are red.", "A refund takes five days.", "Ask for a refund of your lamp on the refunds page."]
ARN = "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(Documents({"a.md": "# Lamps\n\nLamps are red."})) as server:
        server.ingest()
        yield server


def rerank(server: Server, query: str = "refund of a lamp", arn: str = ARN, **options: Any) -> list[Any]:
    documents: list[Any] = [{"type": "TEXT", "textDocument": {"text": text}} for text in TEXTS]
    answer = server.agent_runtime.rerank(
        queries=[{"type": "TEXT", "textQuery": {"text": query}}],
        sources=[{"type": "INLINE", "inlineDocumentSource": document} for document in documents],
        rerankingConfiguration={
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": arn}, **options},
        },
    )
    return list(answer["results"])


def test_the_most_relevant_come_first_by_their_place_in_the_request(server: Server) -> None:
    results = rerank(server)
    assert results[0]["index"] == 2
    assert {each["index"] for each in results} == {0, 1, 2}
    scores = [each["relevanceScore"] for each in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_no_more_results_than_asked_for(server: Server) -> None:
    assert len(rerank(server, numberOfResults=2)) == 2


def test_a_model_that_is_no_reranker_is_refused(server: Server) -> None:
    with pytest.raises(server.agent_runtime.exceptions.ValidationException, match="model identifier"):
        rerank(server, arn=ARN.replace("rerank", "titan"))
