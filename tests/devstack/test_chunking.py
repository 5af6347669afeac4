"""Cutting texts into chunks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.bedrock.knowledge.chunking import Span, chunk, chunk_spans, count_tokens

TEXTS = st.text(max_size=600) | st.lists(
    st.sampled_from(
        ["word ", "Longer sentence here. ", "\n\n", "\n", "# Heading\n", "漢字", "🦄", "-", "x" * 40]
    ),
    max_size=150,
).map("".join)
LIMITS = st.integers(1, 60)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("one two", 2), ("password", 2), ("a, b!", 4), ("漢字", 2), ("🦄 \n", 1)]
)
def test_estimates_tokens_by_characters_and_marks(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@given(TEXTS, LIMITS)
def test_no_chunk_exceeds_the_limit(text: str, limit: int) -> None:
    assert all(count_tokens(piece) <= limit for piece in chunk(text, limit))


@given(TEXTS, LIMITS)
def test_every_visible_character_is_in_a_chunk(text: str, limit: int) -> None:
    covered = {place for span in chunk_spans(text, limit) for place in range(span.start, span.end)}
    assert all(place in covered for place, letter in enumerate(text) if not letter.isspace())


@given(TEXTS, LIMITS)
def test_chunks_go_forward_and_overlap_by_a_tenth_at_most(text: str, limit: int) -> None:
    spans = chunk_spans(text, limit)
    for one, two in pairwise(spans):
        assert one.start < two.start
        assert one.end < two.end
        assert count_tokens(text[two.start : one.end]) <= max(limit * 0.1, 0)


def test_a_short_text_is_one_chunk_and_an_empty_one_none() -> None:
    assert chunk(" Hello there. \n") == ["Hello there."]
    assert chunk(" \n ") == []


def test_ends_a_chunk_where_a_paragraph_ends() -> None:
    text = "one two three four five six.\n\nseven eight nine. ten eleven twelve thirteen fourteen"
    assert chunk(text, 12, 0.0)[0] == "one two three four five six."


def test_ends_a_chunk_where_a_sentence_ends_when_no_paragraph_does() -> None:
    text = "one two. three four. five six. seven eight. nine ten."
    assert all(piece.endswith(".") for piece in chunk(text, 10, 0.0))


def test_consecutive_chunks_share_their_edge() -> None:
    text = " ".join(f"w{number:03}" for number in range(1000))
    first, second, *_ = chunk_spans(text)
    assert 40 <= count_tokens(text[second.start : first.end]) <= 51
    assert first == Span(0, len(" ".join(f"w{number:03}" for number in range(512))))
