"""Reading Markdown and plain text."""

import pytest

from devstack.bedrock.knowledge.documents import extract


def read(text: str) -> str:
    return extract("a.md", text.encode()).text


@pytest.mark.parametrize(
    "text",
    [
        '---\ntitle: "Plans"\ndraft: no\n---\n# Other\n\nTwo.',
        "# **Plans**\n\nTwo.",
        "[logo]\n\n## Plans ##\n\nTwo.",
        "```\n# comment\n```\n\n# Plans",
        "~~~\n# comment\n~~~\n\n# Plans",
        "Plans\n=====\n\nTwo.",
        "Plans\n---\n\nTwo.",
        '+++\ntitle = "Plans"\n+++\n# Other\n\nTwo.',
        "---\ntitle: Plans\n...\nTwo.",
        "# Plans {#top .large}\n\nTwo.",
    ],
)
def test_the_title_is_the_front_matters_or_the_first_heading(text: str) -> None:
    assert extract("a.md", text.encode()).title == "Plans"


@pytest.mark.parametrize("text", ["Two plans.", "#1 is best.", "```\n# comment\n```"])
def test_a_text_without_a_heading_has_no_title(text: str) -> None:
    assert extract("a.md", text.encode()).title is None


def test_front_matter_is_no_part_of_the_text() -> None:
    assert read("---\ntitle: Plans\ndraft: no\n---\nTwo.") == "# Plans\n\nTwo."


LONG_NOTE = "With tax of the country. " * 12 + "End."


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Plans\n=====\n\nTwo.\n\nSmall\n---\n\nOne.", "# Plans\n\nTwo.\n\n## Small\n\nOne."),
        ("~~~py\n# one\n~~~", "```py\n# one\n```"),
        ("  | a | b |\n  |---|---|\n  | 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("1. Run:\n   ~~~\n   x\n   ~~~", "1. Run:\n   ```\n   x\n   ```"),
        ("a | b\n---|---\n1 | 2", "| a | b |\n| ---|--- |\n| 1 | 2 |"),
        ("One&nbsp;month &ndash; 5&#8364;.", "One\u00a0month – 5€."),
        ("One.<br>Two.", "One.\nTwo."),
        ("10<sup>6</sup> of H<sub>2</sub>O, <del>5</del> <s> 4 </s>.", "10^6 of H2O, ~~5~~ ~~4~~."),
        ("| a |\n|---|\n| 1<br>2 |", "| a |\n|---|\n| 1, 2 |"),
        ("<p align='center'>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>\n\nEnd.", "| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."),
        ("<ul><li>a<ul><li>b</ul></ul>\n\nEnd.", "- a\n  - b\n\nEnd."),
        ("Two lines\nof one\n------\n\nEnd.", "## Two lines of one\n\nEnd."),
        ("Costs 5 EUR[^1].\n\n[^1]: With tax,\n    always.", "Costs 5 EUR (With tax, always.)."),
        (f"Costs 5 EUR[^a].\n\n[^a]: {LONG_NOTE}", f"Costs 5 EUR[^a].\n\n[^a]: {LONG_NOTE}"),
        ('!!! note "Mind"\n    Only 3 days.\n\nEnd.', "Mind\n\nOnly 3 days.\n\nEnd."),
        ('??? question "Is it free?"\n    Yes.', "### Is it free?\n\nYes."),
        ('=== "Mac"\n\n    Press **F5**.', "### Mac\n\nPress **F5**."),
        ("::: tip Mind\nOnly 3.\n:::", "Mind\nOnly 3."),
        ("> [!NOTE]\n> Only 3.", "> Only 3."),
        ("[TOC]\n\nTerm\n: Two weeks", "Term: Two weeks"),
        ("<b>One</b> <kbd>F5</kbd> <mark>two</mark> <img src='a.png' alt='three'>", "One `F5` two three"),
    ],
)
def test_what_can_be_written_several_ways_is_read_in_one(written: str, form: str) -> None:
    assert read(written).strip() == form


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<!-- kept --> <del>x</del>&nbsp;<br>\n```",
        "Use `<sup>2</sup>` and `&nbsp;`.",
        "A Pellon parcel takes 3~5 days, `a*b*c`.",
        "- [x] done\n- [ ] open",
        'Use <your-key> & "a" < b &lt;i&gt;.',
        "~~29 EUR~~ **19 EUR**",
    ],
)
def test_code_and_what_carries_meaning_is_left_as_it_is(text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- STAFF77 -->",
        "<!--\nSTAFF77\n\n-->",
        "[//]: # (STAFF77)",
        "<div hidden>STAFF77</div>",
        "<p style='display:none'>STAFF77</p>",
        "<span aria-hidden='true'>STAFF77</span>",
        "<script>STAFF77</script>",
        "<template>STAFF77</template>",
    ],
)
def test_what_a_reader_of_the_page_does_not_see_is_left_out(hidden: str) -> None:
    assert read(f"One.\n\n{hidden}\n\nTwo.") == "One.\n\nTwo."


def test_a_folded_part_is_a_section_of_its_own() -> None:
    folded = "<details>\n<summary>Small <b>print</b></summary>\n\nTwo **plans**.\n\n</details>"
    assert read(f"# Plans\n\n{folded}") == "# Plans\n\n### Small print\n\nTwo **plans**."


@pytest.mark.parametrize(
    "text",
    [
        "Is it waterproof?\nYes, up to 3 m.",
        "Is it waterproof?\n\nYes, up to 3 m.",
        "Is it\nwaterproof?\n\nYes, up to 3 m.",
        "Q: Is it waterproof?\nA: Yes, up to 3 m.",
        "Q1. Is it waterproof?\n\nA1. Yes, up to 3 m.",
        "Q: Is it waterproof? A: Yes, up to 3 m.",
        "**Q:** Is it waterproof?\n\n**A:** Yes, up to 3 m.",
        "**Is it waterproof?**\nYes, up to 3 m.",
        "1. Is it waterproof?\n   Yes, up to 3 m.",
        "- Is it waterproof?\n\nYes, up to 3 m.",
        "Is it waterproof?\n: Yes, up to 3 m.",
        "## Question: Is it waterproof?\n**Answer:** Yes, up to 3 m.",
        "Q：Is it waterproof?\nA：Yes, up to 3 m.",
    ],
)
def test_a_question_becomes_a_heading_above_its_answer(text: str) -> None:
    assert read(f"# Tent\n\n{text}") == "# Tent\n\n## Is it waterproof?\n\nYes, up to 3 m."


def test_each_question_of_a_list_becomes_a_heading() -> None:
    listed = "- May I make a fire?\n  In the bowl.\n- Is there power?\n  At each pitch."
    headed = "## May I make a fire?\n\nIn the bowl.\n\n## Is there power?\n\nAt each pitch."
    assert read(f"# Camp\n\n{listed}") == f"# Camp\n\n{headed}"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Frage: Wie lange?", "Antwort: Zwei Tage."),
        ("P: ¿Cuánto?", "R: Dos días."),
        ("Question 2: Sizes", "Answer: S."),
        ("質問: いつまで？", "回答: 14日です。"),
    ],
)
def test_questions_are_labelled_in_many_languages(question: str, answer: str) -> None:
    asked, said = question.partition(": ")[2], answer.partition(": ")[2]
    assert read(f"{question}\n{answer}\n\n{question}\n{answer}") == "\n\n".join([f"## {asked}", said] * 2)


@pytest.mark.parametrize(
    "text",
    [
        "- Did you look there?\n- Did you ask?",
        "Is it over?\n\n## Next",
        "Can I?\n\nMay I ask this?",
        "We looked. Is it over? We think so.",
        "| Is it over? |\n|---|\n| Yes |",
        "```\nIs it over?\n\n\nYes.\n```",
        "````\n```\n\nIs it over?\n\nYes.\n```\n````",
        "## Which way is it sent?\n\nA) By sea\n\nB) By air",
        "## Q1: Revenue\n\nA: Europe",
        "F: 32 degrees\n\nC: 0 degrees",
    ],
)
def test_what_is_no_question_with_an_answer_is_left_as_it_is(text: str) -> None:
    assert read(f"# Tent\n\n{text}") == f"# Tent\n\n{text}"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Opening hours\n\nWe open at nine.", "Opening hours"),
        ("Opening hours\n=============\n\nWe open at nine.", "Opening hours"),
        ("How do I reset it?\nHold the button.", "How do I reset it?"),
        ("We open at nine. We close\nat five.", None),
        ("Opening hours: nine to five\n\nCome in.", None),
        ("Dear customer,\n\nwe open at nine.", None),
        ("x" * 121 + "\n\nWe open at nine.", None),
    ],
)
def test_a_short_first_line_of_plain_text_is_its_title(text: str, title: str | None) -> None:
    assert extract("a.txt", text.encode()).title == title


@pytest.mark.parametrize(
    "drawn",
    [
        "Zone   Fee      Days\nNorth  3.20 EUR    2\nSouth  4.10 EUR    3",
        "Zone\tFee\tDays\nNorth\t3.20 EUR\t2\nSouth\t4.10 EUR\t3",
        "=====  ========  ====\nZone   Fee       Days\n=====  ========  ====\n"
        "North  3.20 EUR  2\nSouth  4.10 EUR  3",
        "+-------+----------+------+\n| Zone  | Fee      | Days |\n+-------+----------+------+\n"
        "| North | 3.20 EUR |    2 |\n| South | 4.10     |    3 |\n|       | EUR      |      |\n"
        "+-------+----------+------+",
    ],
    ids=["spaces", "tabs", "simple", "grid"],
)
def test_a_table_that_a_text_draws_is_read_with_the_names_of_its_columns(drawn: str) -> None:
    assert extract("a.txt", f"Fees\n\n{drawn}\n\nEnd.".encode()).text == (
        "# Fees\n\n| Zone | Fee | Days |\n|---|---|---|\n| North | 3.20 EUR | 2 |\n| South | 4.10 EUR | 3 |"
        "\n\nEnd."
    )


@pytest.mark.parametrize(
    "text",
    [
        "One ends.  Two begins\nand ends.  Three begins\nand ends.  Four.",
        "- a  b\n- c  d\n- e  f",
        "1.  Open\n2.  Close\n3.  Lock",
        "Only two  columns\nhere, in  lines",
    ],
)
def test_spaces_alone_make_no_table(text: str) -> None:
    assert extract("a.txt", text.encode()).text == text
