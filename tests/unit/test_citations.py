"""The marks of an answer: which stay, what they refer to, and what they can never become."""

import time

import pytest

from chalicelib.chat.citations import resolve, unmarked, without_marks
from chalicelib.domain.conversation import Citation, Passage

RESET = Passage("Choose Forgot password.", "Reset", "https://help.example.com/reset", 0.9)
RESET_AGAIN = Passage("The mail may take an hour.", "Reset", "https://help.example.com/reset", 0.6)
REFUND = Passage("Refunds take five days.", "Refunds", None, 0.4)
PASSAGES = (RESET, RESET_AGAIN, REFUND)


def test_a_citation_is_looked_up_and_not_taken_from_the_model() -> None:
    answer = resolve("Choose Forgot password. [1]", PASSAGES)
    assert answer.text == "Choose Forgot password. [1]"
    assert answer.citations == (
        Citation(1, "Reset", "https://help.example.com/reset", "Choose Forgot password.", 0.9),
    )
    assert not answer.unanswered


def test_marks_are_numbered_in_reading_order() -> None:
    answer = resolve("Money back. [3] Password. [1]", PASSAGES)
    assert answer.text == "Money back. [1] Password. [2]"
    assert [(c.index, c.title) for c in answer.citations] == [(1, "Refunds"), (2, "Reset")]


def test_passages_of_one_document_share_a_citation_and_the_first_words() -> None:
    answer = resolve("Wait. [2] Choose. [1]", PASSAGES)
    assert answer.text == "Wait. [1] Choose. [1]"
    assert [c.snippet for c in answer.citations] == ["The mail may take an hour."]


@pytest.mark.parametrize(
    ("first", "second", "sources"),
    [
        (("https://help.example.com/old", None), ("https://help.example.com/new", None), 2),
        ((None, "de/faq.md"), (None, "en/faq.md"), 2),
        ((None, "faq.md"), (None, "faq.md"), 1),
    ],
)
def test_passages_of_one_title_share_a_source_if_they_lead_to_one(
    first: tuple[str | None, str | None], second: tuple[str | None, str | None], sources: int
) -> None:
    passages = [Passage("Text.", "FAQ", url, 0.5, key) for url, key in (first, second)]
    citations = resolve("A [1] b [2].", passages).citations
    assert [(c.url, c.document) for c in citations] == [first, second][:sources]


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("So it is [9].", "So it is."),
        ("So it is. [4]", "So it is."),
        ("[9] So it is.", "So it is."),
        ("So [1, 9] it is.", "So [1] it is."),
        ("So [9][1] it is.", "So [1] it is."),
        ("So it is. [999]", "So it is."),
    ],
)
def test_a_mark_of_a_passage_that_was_not_handed_out_is_dropped(text: str, resolved: str) -> None:
    assert resolve(text, PASSAGES).text == resolved


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("Both. [1, 3]", "Both. [1][2]"),
        ("Both. [3;1]", "Both. [1][2]"),
        ("Both. [1,3,1]", "Both. [1][2]"),
        ("Both. 【1】【3】", "Both. [1][2]"),
        ("Both. [^1] [^3]", "Both. [1][2]"),
        ("Both. [[1]] [[3]]", "Both. [1][2]"),
        ("Both. [01] and [03]", "Both. [1] and [2]"),
    ],
)
def test_the_ways_in_which_models_write_marks_are_understood(text: str, resolved: str) -> None:
    answer = resolve(text, PASSAGES)
    assert answer.text == resolved
    assert {c.title for c in answer.citations} == {"Reset", "Refunds"}


@pytest.mark.parametrize("text", ["Wait. [1][2]", "Wait. [1] [2]", "Wait. [1, 2]", "Wait. [1] [1] [2][1]"])
def test_a_source_stands_once_in_a_run_of_marks(text: str) -> None:
    assert resolve(text, PASSAGES).text == "Wait. [1]"


@pytest.mark.parametrize(
    "linked",
    [
        "[1](http://evil.example)",
        "[1](http://evil.example/a_(b))",
        '[1](http://evil.example "Reset")',
        "[1](http://evil.example\n'Reset')",
        "[1](javascript:alert)",
        "[1]()",
        "[[1]](http://evil.example)",
        "【1】(http://evil.example)",
    ],
)
def test_a_mark_loses_the_link_that_the_model_made_of_it(linked: str) -> None:
    assert resolve(f"Choose it. {linked} Then wait.", PASSAGES).text == "Choose it. [1] Then wait."


def test_brackets_behind_a_mark_stay_and_make_no_link_of_it() -> None:
    assert resolve("Choose it [1](only for admins).", PASSAGES).text == "Choose it [1] (only for admins)."
    assert resolve("Choose it [1](a) (b).", PASSAGES).text == "Choose it [1] (b)."


@pytest.mark.parametrize("definition", ["[1]: http://evil.example", "  [^1]: <http://evil.example>  "])
def test_a_link_definition_cannot_take_over_a_mark(definition: str) -> None:
    answer = resolve(f"Choose it. [1]\n\n{definition}\n\nBye.", PASSAGES)
    assert "evil" not in answer.text
    assert answer.text.split() == ["Choose", "it.", "[1]", "Bye."]


def test_an_ordinary_sentence_behind_a_mark_and_a_colon_stays() -> None:
    assert resolve("[1]: Choose Forgot password.", PASSAGES).text == "[1]: Choose Forgot password."


def test_what_closes_up_around_a_dropped_mark_is_not_a_mark_by_accident() -> None:
    answer = resolve("[[9]8] [[9]1] [[[9]8]1]", PASSAGES)
    assert answer.text.replace(" ", "") == "[1]"
    assert [c.title for c in answer.citations] == ["Reset"]


@pytest.mark.parametrize(
    "code",
    [
        "`items[1]`",
        "``a ` b [9]``",
        "`first[1]\nsecond[0]`",
        "```python\nitems[1] = other[9]\n```",
        "```\nunclosed[1]",
        "~~~\nitems[9]\n~~~",
        "````\n```\nitems[9]\n```\n````",
        "1. Run:\n    ```\n    items[9]\n    ```",
        "```items[9]```",
    ],
)
def test_brackets_in_code_are_code(code: str) -> None:
    answer = resolve(f"Look:\n\n{code}", PASSAGES)
    assert answer.text == f"Look:\n\n{code}"
    assert answer.citations == ()
    assert not answer.unanswered


@pytest.mark.parametrize(
    "text",
    ["a ` b [1] c", "`a` [1] `b`", "```a``` [1]", "~~~\nx\n~~~\n[1]", "open ` here\n\nnext [1] and ` there"],
)
def test_a_mark_beside_code_is_a_mark(text: str) -> None:
    assert len(resolve(text, PASSAGES).citations) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Pay in [USD] or [EUR].",
        "- [ ] open\n- [x] done",
        "Wait [3-5] days.",
        "Order [1234][1234]",
        "[Help](https://help.example.com/1)",
        "1. First\n2. Second",
        "",
        "مرحبا 😀",
    ],
)
def test_other_brackets_are_left_alone(text: str) -> None:
    answer = resolve(text, PASSAGES)
    assert answer.text == text
    assert answer.citations == ()


@pytest.mark.parametrize(
    ("text", "left", "unanswered"),
    [
        ("I don't know that. [0]", "I don't know that.", True),
        ("Hm. [0] [9]", "Hm.", True),
        ("You're welcome!", "You're welcome!", False),
    ],
)
def test_zero_alone_says_that_the_passages_hold_no_answer(text: str, left: str, unanswered: bool) -> None:
    answer = resolve(text, PASSAGES)
    assert (answer.text, answer.citations, answer.unanswered) == (left, (), unanswered)


@pytest.mark.parametrize("text", ["Choose it. [1] The rest I don't know. [0]", "Choose it. [0, 1]"])
def test_an_answer_with_a_source_is_one_even_if_part_of_it_is_missing(text: str) -> None:
    answer = resolve(text, PASSAGES)
    assert not answer.unanswered
    assert "[0]" not in answer.text


def test_an_earlier_answer_is_shown_to_the_model_without_marks() -> None:
    assert without_marks("Choose it. [1][2] Use `a[0]`. [3]") == "Choose it. Use `a[0]`."


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("So it is [2].", "So it is (2)."),
        ("[[2]] 【3】 [^1] [1, 2]", "((2)) (3) (^1) (1, 2)"),
        (
            "[1](https://a.example)\n\n[1]: https://a.example",
            "(1)(https://a.example)\n\n(1): https://a.example",
        ),
        ("[[9]1]", "[(9)1]"),
        ("`items[1]`\n\n```\nitems[2]\n```", "`items[1]`\n\n```\nitems[2]\n```"),
        ("A ` b\n- [2] ` c", "A ` b\n- (2) ` c"),
        ("In [EUR], see [a](b), [1234]", "In [EUR], see [a](b), [1234]"),
    ],
)
def test_marks_in_the_words_of_others_are_none(text: str, read: str) -> None:
    assert unmarked(text) == read
    assert resolve(read, PASSAGES).citations == ()


def test_a_snippet_holds_what_the_sentence_before_its_mark_says() -> None:
    long = Passage("Choose a plan. " * 30 + "Refunds take five days by card.", "Refunds", None, 0.5)
    answer = resolve("Choose Forgot password. [1] A refund to a card takes five days. [2]", (RESET, long))
    assert answer.citations[1].snippet == "… Choose a plan. Refunds take five days by card."


@pytest.mark.parametrize(
    "text",
    [
        *(" " * 8000, "[" * 8000, "[9]" * 2600, "[9" * 600 + "]" * 600, "`" * 8000, "` `` " * 1500),
        *("[1](" * 2000, "[1" + " " * 8000, "[1,\n" * 2000, "[1]:" + " " * 8000, "\n " * 4000),
        "[1](" + "(a)" * 2500,
    ],
    ids=lambda text: text[:8],
)
def test_a_hostile_answer_takes_no_time_to_speak_of(text: str) -> None:
    started = time.thread_time()
    resolve(text, PASSAGES)
    assert time.thread_time() - started < 1
