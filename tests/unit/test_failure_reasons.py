"""Which file failed, and why, as Bedrock words it."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.ingestion import FileFailure
from chalicelib.gateways.failure_reasons import read_failures

keys = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(", []\"'%+:/."), min_size=1)


def worded(*addresses: str, why: str = "Ignored 2 files as their file format was not supported.") -> str:
    """Return a sentence of Bedrock's."""
    files = ", ".join(addresses)
    return f"Encountered error: {why} [Files: {files}]. Call to Customer Source did not succeed."


def test_each_file_of_a_sentence_is_named_with_the_reason() -> None:
    assert read_failures([json.dumps([worded("s3://kb/a.png", "s3://kb/guides/b c.zip")])]) == (
        FileFailure("a.png", "Ignored 2 files as their file format was not supported."),
        FileFailure("guides/b c.zip", "Ignored 2 files as their file format was not supported."),
    )


def test_a_plain_sentence_is_read_as_one_of_a_list() -> None:
    assert read_failures([worded("s3://kb/a.png")]) == read_failures([json.dumps([worded("s3://kb/a.png")])])


def test_all_sentences_of_all_reasons_are_read_and_repetitions_are_not() -> None:
    one, two = worded("s3://kb/a.png", why="One."), worded("s3://kb/b.png", why="Two.")
    assert read_failures([json.dumps([one, two]), json.dumps([two]), one]) == (
        FileFailure("a.png", "One."),
        FileFailure("b.png", "Two."),
    )


def test_a_sidecar_is_named_by_its_own_key() -> None:
    sentence = "Check the attributes. Then retry your request [Files: s3://kb/a.md.metadata.json]."
    assert read_failures([json.dumps([sentence])]) == (
        FileFailure("a.md.metadata.json", "Check the attributes. Then retry your request"),
    )


def test_how_many_files_there_were_is_left_out_where_a_reason_follows() -> None:
    assert read_failures([worded("s3://kb/a.md", why="Ignored 1 files. The file is empty.")]) == (
        FileFailure("a.md", "The file is empty."),
    )


def test_a_sentence_without_files_names_none() -> None:
    reason = json.dumps(
        ["Encountered error: The vector store is full. Call to Customer Source did not succeed."]
    )
    assert read_failures([reason]) == (FileFailure(None, "The vector store is full."),)


def test_no_reasons_are_no_failures() -> None:
    assert read_failures([]) == ()
    assert read_failures(["[]"]) == ()


@pytest.mark.parametrize("reason", ["", "Encountered error:", '[""]'])
def test_an_empty_reason_says_so(reason: str) -> None:
    assert read_failures([reason]) == (FileFailure(None, "Bedrock gives no reason."),)


@pytest.mark.parametrize(("reason", "text"), [("[x", "[x"), ("[[1]]", "[1]"), ('[{"a": 1}]', '{"a": 1}')])
def test_what_is_no_list_of_sentences_is_shown_as_it_is(reason: str, text: str) -> None:
    assert read_failures([reason]) == (FileFailure(None, text),)


def test_a_long_reason_is_clipped() -> None:
    (failure,) = read_failures([worded("s3://kb/a.png", why="x" * 900)])
    assert len(failure.reason) == 300
    assert failure.reason.endswith("x…")


def test_hostile_nesting_is_no_crash() -> None:
    assert read_failures(["[" * 100_000])[0].file is None


@given(files=st.lists(keys, min_size=1, max_size=4, unique=True))
def test_any_keys_are_read_back(files: list[str]) -> None:
    # Only an address within a key could be taken for the next file.
    assume(not any("s3://kb/" in key for key in files))
    reason = json.dumps([worded(*(f"s3://kb/{key}" for key in files), why="Not supported.")])
    assert read_failures([reason]) == tuple(FileFailure(key, "Not supported.") for key in files)


@given(
    files=st.lists(keys, min_size=2, max_size=4, unique=True),
    cut=st.integers(1, 200),
    ascii_only=st.booleans(),
)
def test_of_a_text_that_was_cut_off_the_files_before_the_last_are_named(
    files: list[str], cut: int, ascii_only: bool
) -> None:
    assume(not any("s3://kb/" in key or "]" in key for key in files))
    whole = json.dumps([worded(*(f"s3://kb/{key}" for key in files))], ensure_ascii=ascii_only)
    after_the_first = whole.index(", s3://kb/") + len(", s3://kb/")
    failures = read_failures([whole[: max(after_the_first, len(whole) - cut)]])
    assert [failure.file for failure in failures][: len(failures) - 1] == files[: len(failures) - 1]
    assert failures[0].file == files[0]


@given(reasons=st.lists(st.text() | st.lists(st.text(), max_size=3).map(json.dumps), max_size=3))
def test_any_text_is_read(reasons: list[str]) -> None:
    assert all(failure.reason for failure in read_failures(reasons))
