"""What a turn is expected to cost, before it is known."""

from dataclasses import replace

from chalicelib.chat.spending import PASSAGE_TOKENS, RERANK_MICRO_USD, RETRIEVE_MICRO_USD
from tests.scene import SPENDING

ONE = "How do I reset my password?"
TWO = f"{ONE} How long do refunds take?"


def test_each_search_of_a_message_is_counted_with_its_passages() -> None:
    one, two = (SPENDING.expected(message, has_past=False) for message in (ONE, TWO))
    question_tokens = len(TWO) // 4 - len(ONE) // 4
    assert two.tokens - one.tokens == PASSAGE_TOKENS + question_tokens
    assert two.micro_usd - one.micro_usd == (two.tokens - one.tokens) + RETRIEVE_MICRO_USD


def test_a_reranker_is_paid_for_each_search() -> None:
    reranked = replace(SPENDING, has_reranker=True)
    once, twice = (reranked.lookups(message).micro_usd for message in (ONE, TWO))
    assert once - SPENDING.lookups(ONE).micro_usd == RERANK_MICRO_USD
    assert twice - SPENDING.lookups(TWO).micro_usd == 2 * RERANK_MICRO_USD
    assert reranked.ticket(3, None).micro_usd - SPENDING.ticket(3, None).micro_usd == 3 * RERANK_MICRO_USD
