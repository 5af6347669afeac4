"""Cutting texts into chunks that can each be read by themselves."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstack.bedrock.knowledge.chunking import chunk, count_tokens

TEXTS = st.text(max_size=600) | st.lists(
    st.sampled_from(
        ["word ", "Longer sentence here. ", "\n\n", "\n", "\n# Heading\n", "\n## Part\n", "漢字", "🦄", "-",
         "x" * 40, "\n```\n", "\n| a | a |\n|---|---|\n", "\n| c | d |\n", "\n| only |\n"]
    ),
    max_size=150,
).map("".join)  # fmt: skip
LIMITS = st.integers(1, 60)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("one two", 2), ("password", 2), ("a, b!", 4), ("漢字", 2), ("🦄 \n", 1)]
)
def test_estimates_tokens_by_characters_and_marks(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@given(TEXTS, LIMITS)
@settings(deadline=None)
def test_no_chunk_exceeds_the_limit(text: str, limit: int) -> None:
    assert all(count_tokens(piece) <= limit for piece in chunk(text, limit))


@given(TEXTS, LIMITS)
@settings(deadline=None)
def test_every_letter_is_in_a_chunk(text: str, limit: int) -> None:
    letters = re.compile(r"[^\W_]")
    assert set(letters.findall(text)) <= set(letters.findall("".join(chunk(text, limit))))


@given(st.integers(1, 400), LIMITS)
@settings(deadline=None)
def test_chunks_go_forward_and_overlap_by_a_tenth_at_most(count: int, limit: int) -> None:
    pieces = [piece.split() for piece in chunk(" ".join(f"w{number:03}" for number in range(count)), limit)]
    assert [word for piece in pieces for word in piece[-1:]] == sorted(piece[-1] for piece in pieces)
    assert all(len(set(one) & set(two)) <= limit * 0.1 for one, two in pairwise(pieces))
    assert len({word for piece in pieces for word in piece}) == count


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
    words = [f"w{number:03}" for number in range(1000)]
    first, second, *_ = (piece.split() for piece in chunk(" ".join(words)))
    assert first == words[:512]
    assert second[0] == words[512 - 51]


def test_a_chunk_begins_with_the_headings_that_it_stands_below() -> None:
    text = "# Guide\n\nHi.\n\n## Old\n\nOld.\n\n## New\n\n### Sizes\n\n" + "One two three. " * 60
    first, *others = chunk(text, 100)
    assert first.startswith("# Guide\n\nHi.\n\n## Old\n\nOld.\n\n## New\n\n### Sizes\n\nOne")
    assert all(piece.startswith("# Guide\n\n## New\n\n### Sizes\n\nOne two three.") for piece in others)


def test_headings_that_take_too_much_room_are_left_out_from_the_top() -> None:
    text = f"# {'Guide ' * 10}\n\n## New\n\n" + "One two three. " * 60
    assert chunk(text, 100)[1].startswith("## New\n\nOne")


def test_no_chunk_ends_below_a_heading() -> None:
    for length in range(1, 40):
        text = f"{'word ' * length}\n\n## How long is it?\n\nSix metres and ten."
        assert not any(re.search(r"it\?\s*\Z", piece) for piece in chunk(text, 30))


TABLE_HEAD = "| Zone | Price |\n|---|---|"


def test_a_table_that_is_cut_has_its_head_in_every_chunk() -> None:
    rows = [f"| Zone {number} | {number}.90 EUR |" for number in range(100)]
    text = "\n".join(["# Prices", "", TABLE_HEAD, *rows, "", "End."])
    pieces = chunk(text, 120)
    assert len(pieces) > 5
    assert all(piece.startswith(f"# Prices\n\n{TABLE_HEAD}\n| Zone") for piece in pieces)
    assert set(rows) <= {line for piece in pieces for line in piece.split("\n")}
    assert all(line in {*rows, *text.split("\n")} for piece in pieces for line in piece.split("\n"))


def test_a_row_that_fills_a_chunk_is_spelled_out_with_its_columns() -> None:
    names = " | ".join(f"Column {number}" for number in range(50))
    cells = " | ".join(f"c{number}" for number in range(50))
    pieces = chunk(f"| {names} |\n{'|---' * 50}|\n| {cells} |", 100)
    paragraphs = [paragraph for piece in pieces for paragraph in piece.split("\n\n")]
    assert all(paragraph.startswith("Column 0: c0; Column") for paragraph in paragraphs)
    assert all(any(f"Column {number}: c{number}" in each for each in paragraphs) for number in range(50))


def test_a_long_cell_is_cut_into_parts_that_each_name_row_and_column() -> None:
    text = f"| Part | Care |\n|---|---|\n| Lid | {'Wash it by hand. ' * 40} |"
    pieces = chunk(text, 100)
    paragraphs = [paragraph for piece in pieces for paragraph in piece.split("\n\n")]
    assert len(paragraphs) > 3
    assert all(paragraph.startswith("Part: Lid; Care: ") for paragraph in paragraphs)


def test_code_that_is_cut_is_closed_and_opened_again() -> None:
    code = [f"    call({number})  # a comment" for number in range(60)]
    pieces = chunk("\n".join(["# Setup", "", "```python", *code, "```", "", "Then restart."]), 100)
    assert len(pieces) > 4
    assert all(piece.count("```") == 2 for piece in pieces)
    assert all(piece.startswith("# Setup\n\n```python\n    call(") for piece in pieces)
    assert pieces[-1].endswith("\n```\n\nThen restart.")
    assert set(code) <= {line for piece in pieces for line in piece.split("\n")}


def test_code_in_a_list_is_closed_and_opened_with_its_indent() -> None:
    code = [f"   call({number})" for number in range(60)]
    pieces = chunk("\n".join(["1. Run:", "   ```sh", *code, "   ```", "2. Restart."]), 100)
    assert all(piece.count("   ```") == 2 for piece in pieces)
    assert all(piece.startswith("   ```sh\n   call(") for piece in pieces[1:])


def test_code_that_holds_shorter_fences_ends_at_its_own() -> None:
    code = ["```", "inner", "```"] * 20
    pieces = chunk("\n".join(["````md", *code, "````", "", "End."]), 60)
    assert all(piece.startswith("````md\n") and piece.count("````") == 2 for piece in pieces)


def test_code_that_nothing_closes_is_closed() -> None:
    assert chunk("```\ncode") == ["```\ncode\n```"]


def test_code_within_a_line_opens_nothing() -> None:
    assert chunk("```code``` is short.\n\nEnd.") == ["```code``` is short.\n\nEnd."]


@given(
    st.lists(
        st.sampled_from(["word " * 9, "", "```", "# Heading", "code()", "| a | b |", "|---|---|"]),
        max_size=60,
    ),
    st.integers(60, 100),
)
@settings(deadline=None)
def test_no_chunk_leaves_code_open(lines: list[str], limit: int) -> None:
    fences = [len(re.findall(r"^```", piece, re.MULTILINE)) for piece in chunk("\n".join(lines), limit)]
    assert all(count % 2 == 0 for count in fences)
