"""Reading CSV and its relatives as tables, and finding every cell again with the name of its column."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devstack.bedrock.knowledge.chunking import chunk, count_tokens
from devstack.bedrock.knowledge.documents import UnreadableDocument, extract

PRICES = "| Country | Price |\n|---|---|\n| France | 8,90 € |\n| Italy | 7 € |"


def read(text: str) -> str:
    return extract("a.csv", text.encode()).text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(delimiter: str) -> None:
    rows = [["Country", "Price"], ["France", '"8,90 €"'], [], ["Italy", "7 €"]]
    assert read("\n".join(delimiter.join(row) for row in rows)) == PRICES


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;"])
def test_a_line_that_names_the_delimiter_is_no_row(line: str) -> None:
    assert read(f"{line}\r\nCountry;Price\r\nFrance;8,90 €\r\nItaly;7 €\r\n") == PRICES


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_reads_what_excel_saves_as_unicode(encoding: str) -> None:
    body = "Country\tPrice\r\nFrance\t8,90 €\r\nItaly\t7 €\r\n".encode(encoding)
    assert extract("a.csv", body).text == PRICES


@pytest.mark.parametrize(
    ("text", "title", "table"),
    [
        ("Stock in November,,\n,,\nItem,Shelf,Count\nHinge,B7,412", "Stock in November",
         "# Stock in November\n\n| Item | Shelf | Count |\n|---|---|---|\n| Hinge | B7 | 412 |"),
        ("Stock\nNovember 2025\n\nItem,Shelf,Count\nHinge,B7,412", "Stock",
         "# Stock\n\nNovember 2025\n\n| Item | Shelf | Count |\n|---|---|---|\n| Hinge | B7 | 412 |"),
        ("Stock,Nov,,\nBy,Ann,,\nItem,Shelf,Count,Note\nHinge,B7,412,\nLatch,C2,88,new\nBolt,C3,8,new",
         "Stock Nov",
         "# Stock Nov\n\nBy Ann\n\n| Item | Shelf | Count | Note |\n|---|---|---|---|\n"
         "| Hinge | B7 | 412 |  |\n| Latch | C2 | 88 | new |\n| Bolt | C3 | 8 | new |"),
        ("Item,Count\nHinge,\nLatch,88", None, "| Item | Count |\n|---|---|\n| Hinge |  |\n| Latch | 88 |"),
    ],
)  # fmt: skip
def test_what_stands_above_the_column_names_is_the_title(text: str, title: str | None, table: str) -> None:
    document = extract("a.csv", text.encode())
    assert (document.title, document.text) == (title, table)


ZONES = (
    "| Zone | Home – Fee | Home – Days | Abroad – Fee | Abroad – Days |\n|---|---|---|---|---|\n"
    "| 1 | 3 | 2 | 9 | 5 |"
)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (",Home,,Abroad,\nZone,Fee,Days,Fee,Days\n1,3,2,9,5", ZONES),
        ("Zone,Home,,Abroad,\n,Fee,Days,Fee,Days\n1,3,2,9,5", ZONES),
        ("Zone,Home,Home,Abroad,Abroad\nZone,Fee,Days,Fee,Days\n1,3,2,9,5", ZONES),
        ("Pump,Flow,Head\n,l/min,m\nP1,200,12",
         "| Pump | Flow – l/min | Head – m |\n|---|---|---|\n| P1 | 200 | 12 |"),
        ("Region,City,Fee\n,Kiel,3\nUlm,Ulm,4",
         "| Region | City | Fee |\n|---|---|---|\n|  | Kiel | 3 |\n| Ulm | Ulm | 4 |"),
    ],
)  # fmt: skip
def test_groups_and_units_are_part_of_the_names_of_columns(text: str, table: str) -> None:
    assert read(text) == table


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("Hats,\nSize,Fee\nS,10\n,\nGloves,\nSize,Fee\nS,7\n,\nWith tax.,\n",
         "# Hats\n\n| Size | Fee |\n|---|---|\n| S | 10 |\n\n"
         "## Gloves\n\n| Size | Fee |\n|---|---|\n| S | 7 |\n"
         "| With tax. |  |"),
        ("Size,Fee\nS,10\n,\nL,12", "| Size | Fee |\n|---|---|\n| S | 10 |\n| L | 12 |"),
        ("Item,Fee,Days\nHATS,,\nFelt,3,1\nBAGS,,\nTote,9,4",
         "| Item | Fee | Days |  |\n|---|---|---|---|\n| HATS |  |  | HATS |\n| Felt | 3 | 1 | HATS |\n"
         "| BAGS |  |  | BAGS |\n| Tote | 9 | 4 | BAGS |"),
    ],
)  # fmt: skip
def test_each_table_and_part_of_one_is_read_under_its_name(text: str, tables: str) -> None:
    assert read(text) == tables


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ('Note,Count\n"a\nb, ""c""",2\n', '| Note | Count |\n|---|---|\n| a b, "c" | 2 |'),
        ('Size,Count\n15" wide,2\n4" high,3',
         '| Size | Count |\n|---|---|\n| 15" wide | 2 |\n| 4" high | 3 |'),
        ('Item, Count\nHinge, "1,200"', "| Item | Count |\n|---|---|\n| Hinge | 1,200 |"),
        ("Item,Path\nHinge,a|b", "| Item | Path |\n|---|---|\n| Hinge | a\\|b |"),
        ("a,b,,\n1,2,,\n", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("Item,Count\nHinge,4,spare\nLatch",
         "| Item | Count |  |\n|---|---|---|\n| Hinge | 4 | spare |\n| Latch |  |  |"),
        ("Item,2023,2024\nHinge,4,5", "| Item | 2023 | 2024 |\n|---|---|---|\n| Hinge | 4 | 5 |"),
        ("HM-1,101,2 years\nHM-2,102,3 years",
         "|  |  |  |\n|---|---|---|\n| HM-1 | 101 | 2 years |\n| HM-2 | 102 | 3 years |"),
        ("Weight,3 kg\nColour,red", "Weight: 3 kg\n\nColour: red"),
        ("Zone,2 kg\n1,4 EUR\n2,5 EUR", "| Zone | 2 kg |\n|---|---|\n| 1 | 4 EUR |\n| 2 | 5 EUR |"),
        ("Item,Count\nHinge,4\nItem,Count\nNut,5", "| Item | Count |\n|---|---|\n| Hinge | 4 |\n| Nut | 5 |"),
        ("Hinge\nLatch", "Hinge\n\nLatch"),
    ],
)  # fmt: skip
def test_cells_are_kept_as_they_are_meant(text: str, table: str) -> None:
    assert read(text) == table


@pytest.mark.parametrize(("question", "answer"), [("Question", "Answer"), ("Frage", "Antwort"), ("q", "A")])
def test_a_row_that_answers_a_question_is_a_section(question: str, answer: str) -> None:
    text = f"{question},{answer},Topic\nHow long is it?,Six metres.,size\nOpening times,Nine to five.,\n"
    assert read(text) == (
        "## How long is it?\n\nSix metres.\nTopic: size\n\n## Opening times\n\nNine to five."
    )


def test_a_quotation_mark_that_is_never_closed_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="never closed"):
        read('Item,Count\n"Hinge,4\nLatch,88\n')


WORDS = st.text("abcdefg", min_size=1, max_size=12)
CELLS = st.lists(WORDS | st.just("|") | st.just("x" * 90), max_size=30).map(" ".join)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw a table's column names, and rows that begin with a name of their own."""
    width = draw(st.integers(3, 40))
    names = [f"Column {draw(WORDS)} {place}" for place in range(width)]
    heights = range(draw(st.integers(1, 30)))
    rows = [
        [f"Row {height}", *draw(st.lists(CELLS, min_size=width - 1, max_size=width - 1))]
        for height in heights
    ]
    return names, rows


def cells_of(piece: str) -> set[tuple[str, str, str]]:
    """Return what a chunk tells by itself: a row's first cell, a column, and a word of the cell in it."""
    found = set()
    names: list[str] = []
    for line in piece.split("\n"):
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            cells = [cell.strip().replace("\\|", "|") for cell in line[1:-1].replace(" | ", "\0").split("\0")]
            pairs = list(zip(names, cells, strict=False)) if names else []
            names = names or cells
        else:
            pairs = [(name, cell) for name, _, cell in (part.partition(": ") for part in line.split("; "))]
        found |= {(pairs[0][1], name, word) for name, cell in pairs for word in cell.split()}
    return found


@given(tables(), st.sampled_from([200, 300, 512]))
@example((["Column a 0", "Column a 1", "Column a 2"], [["Row 0", "", "|"]]), 200)
@settings(deadline=None, max_examples=60)
def test_every_cell_is_in_a_chunk_with_its_row_and_column(
    table: tuple[list[str], list[list[str]]], limit: int
) -> None:
    names, rows = table
    buffer = io.StringIO()
    csv.writer(buffer).writerows([names, *rows])
    pieces = chunk(extract("a.csv", buffer.getvalue().encode()).text, limit)
    assert all(count_tokens(piece) <= limit for piece in pieces)
    told = {cell for piece in pieces for cell in cells_of(piece)}
    expected = {
        (row[0], name, word)
        for row in rows
        for name, cell in zip(names, row, strict=True)
        for word in cell.split()
    }
    assert expected - told == set()
