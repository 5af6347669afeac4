"""Excel workbooks are read as they are shown, sheet by sheet."""

from datetime import date

import pytest

from devstack.bedrock.knowledge.documents import extract
from tests.devstack.document_files import Cell, saved, workbook, xlsx

PLANS: list[list[Cell]] = [
    ["Plan", "Price", "Since"],
    ["Starter", 19, date(2026, 5, 4)],
    ["Growth", 49.5, None],
]


def test_a_sheet_is_a_table_with_its_title_and_the_names_of_its_columns() -> None:
    document = extract("a.xlsx", xlsx([["Our plans"], [], *PLANS]))
    assert document.title == "Our plans"
    assert document.text.endswith(
        "| Plan | Price | Since |\n|---|---|---|\n| Starter | 19 | 2026-05-04 |\n| Growth | 49.5 |  |"
    )


def test_of_several_sheets_those_that_are_shown_are_read_under_their_names() -> None:
    book = workbook(Prices=PLANS, Staff=[["Code", "Discount"], ["STAFF77", "all"]], Empty=[])
    book["Staff"].sheet_state = "hidden"
    book.create_sheet("Hours").append(["Saturday", "09:00 to 17:00"])
    text = extract("a.xlsx", saved(book)).text
    assert "# Prices\n\n| Plan" in text
    assert "# Hours\n\nSaturday; 09:00 to 17:00" in text
    assert "STAFF77" not in text
    assert "Empty" not in text


def test_what_lies_far_off_takes_no_time() -> None:
    book = workbook(Prices=PLANS)
    book["Prices"].cell(1_048_576, 16_384).value = "x"
    assert "| Starter | 19 |" in extract("a.xlsx", saved(book)).text


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.25, "0%", "25%"),
        (0.125, "0.0%", "12.5%"),
        (19, '#,##0.00 "€"', "19.00 €"),
        (19.5, "[$€-407]#,##0.00", "19.50 €"),
        (1200, "$#,##0", "1200 $"),
        (0.1 + 0.2, "General", "0.3"),
        (12345678, "General", "12345678"),
        (4006381333931, "General", "4006381333931"),
        (1234567, "00000000", "01234567"),
        (5, '"about "0" kg"', "5 about kg"),
        (True, "General", "TRUE"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(value: float, number_format: str, shown: str) -> None:
    book = workbook(Prices=[["Plan", "Price"], ["Starter", value], ["Growth", value]])
    for row in (2, 3):
        book["Prices"].cell(row, 2).number_format = number_format
    assert f"| Starter | {shown} |" in extract("a.xlsx", saved(book)).text


def test_merged_cells_are_read_in_each_row_and_column_that_they_cover() -> None:
    book = workbook(
        Fees=[
            ["Our fees", None, None],
            ["Zone", "Home", None],
            [None, "Fee", "Days"],
            ["North", 3, 1],
            [None, 4, 2],
            ["South", "on request", None],
            ["With tax", None, None],
        ]
    )
    for merged in ("A1:C1", "A2:A3", "B2:C2", "A4:A5", "B6:C6", "A7:C7"):
        book["Fees"].merge_cells(merged)
    assert extract("a.xlsx", saved(book)).text.split("\n\n") == [
        "# Our fees",
        "| Zone | Home – Fee | Home – Days |\n|---|---|---|\n| North | 3 | 1 |\n| North | 4 | 2 |\n"
        "| South | on request | on request |",
        "With tax",
    ]


def test_hidden_rows_and_columns_are_left_out() -> None:
    book = workbook(
        Fees=[["Item", "Cost", "Price"], ["Hook", "STAFF77", 3], ["STAFF77", 1, 4], ["Eye", 1, 5]]
    )
    book["Fees"].column_dimensions["B"].hidden = True
    book["Fees"].row_dimensions[3].hidden = True
    assert extract("a.xlsx", saved(book)).text == "| Item | Price |\n|---|---|\n| Hook | 3 |\n| Eye | 5 |"
