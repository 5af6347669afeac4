"""Passages in the order of a reranker, and in that of the search where it is no help."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.domain.access import AN_AGENT, NOBODY_KNOWN
from chalicelib.domain.conversation import Passage
from chalicelib.errors import Unavailable
from chalicelib.gateways.reranking import CANDIDATES, RerankedSearch
from tests.aws import stubbed
from tests.builders import REFUND, RESET
from tests.fakes import FakeKnowledgeBase, FakeSearchLog

ARN = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
LAMP = Passage("It is red.", "Lamps", None, 0.3, "lamps.md")


def expected(*passages: Passage, wanted: int = 2) -> dict[str, Any]:
    texts = [f"{passage.title}\n\n{passage.text}" for passage in passages]
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": "refund"}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in texts
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "numberOfResults": wanted,
                "modelConfiguration": {"modelArn": ARN},
            },
        },
    }


def answer(*results: tuple[int, float]) -> dict[str, Any]:
    return {"results": [{"index": index, "relevanceScore": score} for index, score in results]}


class Reranked:
    """A search with a reranker whose answers are scripted."""

    def __init__(self, *passages: Passage, search_takes_seconds: float = 0) -> None:
        self.found, self.log, self.now = FakeKnowledgeBase(*passages), FakeSearchLog(), 0.0
        self.found.before = lambda: setattr(self, "now", self.now + search_takes_seconds)
        client, self.stub = stubbed("bedrock-agent-runtime")
        model = "cohere.rerank-v3-5:0"
        self.search = RerankedSearch(self.found, client, model, self.log, lambda: self.now)

    def titles(self, limit: int = 2) -> list[str]:
        return [each.title for each in self.search.retrieve("refund", limit, NOBODY_KNOWN)]


def test_the_best_of_what_was_found_are_kept_with_their_new_scores() -> None:
    reranked = Reranked(RESET, LAMP, REFUND)
    reranked.stub.add_response("rerank", answer((2, 0.98765), (0, 0.2)), expected(RESET, LAMP, REFUND))
    kept = reranked.search.retrieve("refund", 2, NOBODY_KNOWN)
    assert kept == (replace(REFUND, score=0.9877), replace(RESET, score=0.2))
    assert reranked.log.not_in_order == []


def test_more_is_looked_up_than_is_kept() -> None:
    many = [replace(RESET, title=f"{n}") for n in range(30)]
    reranked = Reranked(*many)
    results = [(n, 0.5) for n in (19, 18, 17, 16, 15)]
    reranked.stub.add_response("rerank", answer(*results), expected(*many[:CANDIDATES], wanted=5))
    assert reranked.titles(5) == ["19", "18", "17", "16", "15"]


def test_the_reranker_is_sent_only_what_the_reader_may_read() -> None:
    internal = replace(LAMP, access=("agent",))
    reranked = Reranked(internal, RESET, REFUND)
    reranked.stub.add_response("rerank", answer((1, 0.9), (0, 0.1)), expected(RESET, REFUND))
    assert reranked.titles() == [REFUND.title, RESET.title]
    reranked.stub.add_response("rerank", answer((0, 0.9), (2, 0.1)), expected(internal, RESET, REFUND))
    best, _ = reranked.search.retrieve("refund", 2, AN_AGENT)
    assert best.access == ("agent",)


@pytest.mark.parametrize("passages", [(), (RESET,)], ids=["nothing", "one"])
def test_what_has_no_order_is_not_reranked(passages: tuple[Passage, ...]) -> None:
    reranked = Reranked(*passages)
    assert reranked.search.retrieve("refund", 5, NOBODY_KNOWN) == passages
    assert reranked.log.not_in_order == []


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ValidationException"])
def test_where_the_reranker_fails_the_order_is_that_of_the_search(code: str) -> None:
    reranked = Reranked(RESET, LAMP, REFUND)
    reranked.stub.add_client_error("rerank", code)
    assert reranked.titles() == [RESET.title, LAMP.title]
    assert reranked.log.not_in_order == [code]


def test_a_reranker_that_does_not_answer_in_time_is_not_waited_for() -> None:
    reranked = Reranked(RESET, LAMP, REFUND)

    def hang(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://bedrock")

    reranked.stub.deactivate()
    reranked.search.client.meta.events.register("before-send", hang)
    assert reranked.titles() == [RESET.title, LAMP.title]
    assert reranked.log.not_in_order == ["ReadTimeoutError"]


def test_after_a_slow_search_there_is_no_time_to_rerank() -> None:
    reranked = Reranked(RESET, LAMP, REFUND, search_takes_seconds=1.3)
    assert reranked.titles() == [RESET.title, LAMP.title]
    assert reranked.log.not_in_order == ["SlowSearch"]


@pytest.mark.parametrize(
    "results",
    [
        [],
        [(0, 0.5)],
        [(0, 0.5), (0, 0.4)],
        [(0, 0.5), (3, 0.4)],
        [(0, 0.5), (1, float("nan"))],
        [(0, 0.5), (1, 0.4), (2, 0.3)],
    ],
    ids=str,
)
def test_an_odd_order_is_none(results: list[tuple[int, float]]) -> None:
    reranked = Reranked(RESET, LAMP, REFUND)
    reranked.stub.add_response("rerank", answer(*results))
    assert reranked.titles() == [RESET.title, LAMP.title]
    assert [cause.split(":")[0] for cause in reranked.log.not_in_order] == ["UnreadableAnswer"]


def test_a_search_that_fails_is_an_outage() -> None:
    reranked = Reranked(RESET, LAMP)
    reranked.found.down = Unavailable("knowledge_base")
    with pytest.raises(Unavailable, match="not available"):
        reranked.titles()
