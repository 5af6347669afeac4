"""What of a passage is shown: the part that matters, as plain text that means the same."""

import time

import pytest

from chalicelib.chat.snippets import MOST_CHARS, snippet

TABLE = "| Code | Pump | Guarantee |\n|---|---|---|\n" + "\n".join(
    f"| HM-{n} | Pump {n} | {n % 5} years |" for n in range(100, 140)
)


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("# Reset\n\nChoose  Forgot\npassword.", "Choose Forgot password."),
        ("# Reset", "Reset"),
        ("", ""),
        ("~~29 EUR~~ **19 EUR** a month", "~~29 EUR~~ 19 EUR a month"),
        ("<del>39 EUR</del> <ins>24 EUR</ins>", "~~39 EUR~~ 24 EUR"),
        ("10<sup>6</sup>, H<sub>2</sub>O, x<sup>a+b</sup>", "10⁶, H₂O, x^(a+b)"),
        (
            "3~5 days, 20*30*40 cm, 2**3, snake_case, __init__",
            "3~5 days, 20*30*40 cm, 2**3, snake_case, __init__",
        ),
        ("> 10 kg: 12 EUR", "> 10 kg: 12 EUR"),
        ("> said", "said"),
        ("- [x] done\n- [ ] open\n- plain", "☑ done ☐ open plain"),
        ("1. one\n2. two", "1. one 2. two"),
        ("[the guide](https://x.example/a_(b)) ![chart](y.png)", "the guide chart"),
        ("*it*, _em_, ***both***, これは**重要**です, `a*b*c`", "it, em, both, これは重要です, a*b*c"),
        ("a &lt; b, \\*, <your name>, one<br>two", "a < b, *, <your name>, one two"),
        ("```\nGET  /orders\n```", "GET /orders"),
        ("| A | B |\n|---|--:|\n| x | 1 |\n| y | |", "A: x; B: 1. A: y."),
        ("| x | 1 |\n| y | 2 |", "x; 1. y; 2."),
    ],
)
def test_a_snippet_is_plain_text_that_means_the_same(markdown: str, plain: str) -> None:
    assert snippet(markdown) == plain


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("word " * 100, ("word " * 100)[:239].rstrip() + " …"),
        ("語" * 240, "語" * 240),
        ("語" * 241, "語" * 240 + " …"),
    ],
)
def test_of_a_long_passage_the_beginning_is_shown(markdown: str, plain: str) -> None:
    assert snippet(markdown) == plain


@pytest.mark.parametrize(
    ("passage", "about", "shown"),
    [
        ("Nothing here. " * 30 + "Refunds take 5 days.", "A refund takes 5 days", "Refunds take 5 days."),
        (TABLE, "**HM-137** – Guarantee: 2 years", "Code: HM-137; Pump: Pump 137; Guarantee: 2 years."),
        (
            "filler " * 200 + "the Zelkova code is 7781 " + "filler " * 200,
            "Zelkova code",
            "Zelkova code is 7781",
        ),
        ("送料は無料です。" * 60 + "返金には五日かかります。", "返金は五日です", "返金には五日かかります。"),
    ],
    ids=["sentence", "row", "long line", "Japanese"],
)
def test_a_snippet_holds_what_it_is_about(passage: str, about: str, shown: str) -> None:
    found = snippet(passage, about)
    assert shown in found
    assert found.startswith("… ")
    assert len(found) <= MOST_CHARS + 4


def test_a_sentence_near_the_beginning_is_shown_with_what_leads_to_it() -> None:
    passage = "Prices hold for a year. The card reader costs 79 EUR. The scanner costs 59 EUR."
    assert snippet(passage, "The scanner costs 59 EUR.") == passage


def test_what_has_nothing_in_common_shows_the_beginning() -> None:
    assert snippet("First. Second.", "Etwas ganz anderes") == "First. Second."


@pytest.mark.parametrize(
    "unit", ["*", "[", "<del>", "_a ", "**a ", "[a](", "(a)", "`a", "| ", "<a ", "> ", "語", "a "]
)
def test_a_hostile_passage_takes_no_time_to_speak_of(unit: str) -> None:
    passage = (unit * 9000)[:18_000]
    started = time.thread_time()
    snippet(passage, "a b 語語")
    assert time.thread_time() - started < 0.5
