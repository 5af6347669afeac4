"""Reading Word files."""

import pytest

from devstack.bedrock.knowledge.documents import extract
from tests.devstack.document_files import cell, docx, paragraph, row, run, table

STYLES = """
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift2"/></w:style>
<w:style w:type="paragraph" w:styleId="Deep"><w:name w:val="x"/>
 <w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Points"><w:name w:val="Points"/>
 <w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>"""
NUMBERING = """
<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/></w:lvl>
 <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>"""


def read(*blocks: str, **parts: str) -> str:
    return extract("a.docx", docx(*blocks, **parts)).text


def entry(text: str, list_id: int, depth: int = 0) -> str:
    place = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, properties=place)


@pytest.mark.parametrize(
    ("style", "heading"),
    [("Titel", "# Plans"), ("berschrift2", "## Plans"), ("Own", "## Plans"), ("Deep", "### Plans")],
)
def test_headings_are_known_by_their_style_in_any_language(style: str, heading: str) -> None:
    document = extract("a.docx", docx(paragraph("Plans", style=style), paragraph("Two."), styles=STYLES))
    assert (document.title, document.text) == ("Plans", f"{heading}\n\nTwo.")


@pytest.mark.parametrize("style", ["", "Loop", "Unknown"])
def test_other_paragraphs_are_text(style: str) -> None:
    assert read(paragraph("Two plans.", style=style), styles=STYLES) == "Two plans."


def test_lists_keep_their_marks_numbers_and_depth() -> None:
    entries = [
        entry("one", 1), paragraph("two", style="Points"), paragraph("Then:"), entry("c", 2),
        entry("i", 2, 1),
        entry("ii", 2, 1), entry("d", 2), entry("i", 2, 1), entry("none", 0),
    ]  # fmt: skip
    assert read(*entries, styles=STYLES, numbering=NUMBERING).split("\n\n") == [
        "- one\n- two",
        "Then:",
        "3. c\n   1. i\n   2. ii\n4. d\n   1. i",
        "none",
    ]


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (run("39 EUR", "<w:strike/>") + run(" 24 EUR"), "~~39 EUR~~ 24 EUR"),
        (run("39", "<w:dstrike/>") + run(" EUR", '<w:strike w:val="1"/>') + run(" 24"), "~~39 EUR~~ 24"),
        (run("39", '<w:strike w:val="0"/>'), "39"),
        (run("10") + run("6", '<w:vertAlign w:val="superscript"/>') + run(" rows"), "10^6 rows"),
        (run("H") + run("2", '<w:vertAlign w:val="subscript"/>') + run("O"), "H2O"),
        (run("One.") + run("STAFF77", "<w:vanish/>") + run(" Two."), "One. Two."),
        (run("One") + "<w:r><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r>", "One\ntwo three"),
        ("<w:r><w:t>HM</w:t><w:noBreakHyphen/><w:t>120 re</w:t><w:softHyphen/><w:t>fund</w:t></w:r>",
         "HM-120 refund"),
        (f"<w:del>{run('39')}</w:del><w:ins>{run('24')}</w:ins>", "24"),
        (f"<w:moveFrom>{run('39')}</w:moveFrom>{run('24')}", "24"),
        (f"<w:hyperlink>{run('our')}</w:hyperlink>{run(' shop')}", "our shop"),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{run('our shop')}</w:sdtContent></w:sdt>", "our shop"),
        ('<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>our shop</w:t></w:r>', "our shop"),
        ("<m:oMath><m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup></m:oMath>",
         "10^6"),
        ("<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>",
         "1/2"),
        ("<mc:AlternateContent><mc:Choice><w:r><w:t>once</w:t></w:r></mc:Choice>"
         "<mc:Fallback><w:r><w:t>twice</w:t></w:r></mc:Fallback></mc:AlternateContent>", "once"),
    ],
)  # fmt: skip
def test_a_paragraph_says_what_its_reader_sees(inner: str, text: str) -> None:
    assert read(paragraph(inner, "")) == text


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (
            "https://shop.example.com/a_(b)?c=1&d=2",
            "See [our shop](https://shop.example.com/a_%28b%29?c=1&d=2).",
        ),
        ("mailto:help@example.com", "See [our shop](mailto:help@example.com)."),
        ("javascript:alert(1)", "See our shop."),
        ("../other.docx", "See our shop."),
    ],
)
def test_a_link_keeps_what_it_leads_to(target: str, text: str) -> None:
    link = f'<w:hyperlink w:id="link0">{run("our ")}{run("shop")}</w:hyperlink>'
    assert extract("a.docx", docx(paragraph("See ", link, "."), links=[target])).text == text


def test_a_text_box_is_read_once() -> None:
    box = f"<w:txbxContent>{paragraph('In a box.')}</w:txbxContent>"
    twice = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    inner = f"<w:r><mc:AlternateContent>{twice}</mc:AlternateContent></w:r>"
    assert read(paragraph(inner, "Around it.")) == "In a box.\n\nAround it."


LONG_NOTE = "With tax. " * 30


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("With tax.", "5 EUR (With tax.) a month."),
        (LONG_NOTE, f"5 EUR [1] a month.\n\n[1] {LONG_NOTE.strip()}"),
    ],
    ids=["short", "long"],
)
def test_a_note_is_read_where_it_belongs_and_a_long_one_at_the_end(note: str, text: str) -> None:
    notes = f"""<w:footnote w:type="separator" w:id="0">{paragraph("-")}</w:footnote>
        <w:footnote w:id="2">{paragraph(note)}</w:footnote>"""
    refers = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    assert read(paragraph("5 EUR", refers, run(" a month.")), footnotes=notes) == text


def test_ticks_of_a_font_for_symbols_are_read() -> None:
    tick, cross = (f'<w:r><w:sym w:font="Wingdings" w:char="{code}"/></w:r>' for code in ("F0FC", "F0FB"))
    assert read(paragraph("Phone ", tick, run(", chat "), cross)) == "Phone ✓, chat ✗"


RESTART = '<w:vMerge w:val="restart"/>'
GOES_ON = "<w:vMerge/>"
HEAD = "<w:tblHeader/>"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["Zone", "Fee"], ["1", "4 EUR"]], "| Zone | Fee |\n|---|---|\n| 1 | 4 EUR |"),
        ([["Hat", "Fee"], row(cell("Felt", properties=RESTART), "2"), row(cell("", properties=GOES_ON), "3")],
         "| Hat | Fee |\n|---|---|\n| Felt | 2 |\n| Felt | 3 |"),
        ([["Day", "From", "To"], row("Sun", cell("closed", properties='<w:gridSpan w:val="2"/>'))],
         "| Day | From | To |\n|---|---|---|\n| Sun | closed | closed |"),
        ([["Zone", "Fee"], row(cell("Europe", properties='<w:gridSpan w:val="2"/>')), ["1", "4"]],
         "| Zone | Fee |  |\n|---|---|---|\n| 1 | 4 | Europe |"),
        ([row("", "2024", properties=HEAD), row("Zone", "Fee", properties=HEAD), ["1", "4"]],
         "| Zone | 2024 – Fee |\n|---|---|\n| 1 | 4 |"),
        ([["A", "B"], row("y", properties='<w:gridBefore w:val="1"/>')], "| A | B |\n|---|---|\n|  | y |"),
        ([["A", "B"], row("x", "y", properties="<w:del/>"), ["z", "w"]], "| A | B |\n|---|---|\n| z | w |"),
        ([row("Zone", cell("2024", properties='<w:gridSpan w:val="2"/>')),
          ["Zone", "Fee", "Days"], ["1", "4", "2"]],
         "| Zone | 2024 – Fee | 2024 – Days |\n|---|---|---|\n| 1 | 4 | 2 |"),
        ([["Weight", "3 kg"], ["Colour", "red"]], "Weight: 3 kg\n\nColour: red"),
        ([["A", "B"], row("x", cell("p", "q.", "r"))], "| A | B |\n|---|---|\n| x | p, q. r |"),
        ([["A", "B"], row("x", cell(table(["i", "j"], ["k", "l"])))],
         "| A | B |\n|---|---|\n| x | i: k, j: l |"),
        ([row(cell("One.", "Two."))], "One.\n\nTwo."),
        ([row(cell(paragraph("Left", style="berschrift2"), "a"), "b")], "## Left\n\na\n\nb"),
    ],
)  # fmt: skip
def test_a_row_of_a_table_is_read_with_the_names_of_its_columns(
    rows: list[str | list[str]], text: str
) -> None:
    assert read(table(*rows), styles=STYLES) == text


def test_a_question_and_its_answer_stay_together() -> None:
    text = read(paragraph("Kettle FAQ"), paragraph("Can I use milk?"), paragraph("No, only water."))
    assert text == "# Kettle FAQ\n\n## Can I use milk?\n\nNo, only water."
