"""Reading PDFs: columns, tables, paragraphs and hyphens, from where the letters stand."""

from collections.abc import Iterator, Sequence

import pytest

from devstack.bedrock.knowledge.documents import extract
from tests.devstack.document_files import Text, form, pdf

ALPHA = ["The Alpha grinder is covered for three", "years from the day of purchase, burrs",
         "for twelve months only, because they", "wear out."]  # fmt: skip
BETA = ["Brush the Beta chute after each fifth", "use, and descale the boiler when its",
        "lamp is lit. The hopper must not go", "into a dishwasher."]  # fmt: skip
GAMMA = ["Write to the Gamma people if anything", "is missing from the box. They answer",
         "within a day and send what you need", "without a charge."]  # fmt: skip


def read(*pages: Sequence[Text | str]) -> str:
    return extract("a.pdf", pdf(*pages)).text


def column(x: float, lines: Sequence[str], top: float = 700) -> list[Text]:
    return [(x, top - 13 * place, line) for place, line in enumerate(lines)]


def row_by_row(*columns: list[Text]) -> list[Text]:
    return [text for row in zip(*columns, strict=True) for text in row]


def grid(rows: Sequence[Sequence[str]], xs: Sequence[float], top: float = 700) -> Iterator[Text]:
    for place, cells in enumerate(rows):
        yield from ((x, top - 18 * place, text) for x, text in zip(xs, cells, strict=True) if text)


def rules(xs: Sequence[float], ys: Sequence[float]) -> list[str]:
    """Draw the lines of a grid."""
    return [f"{xs[0]} {y} m {xs[-1]} {y} l S" for y in ys] + [f"{x} {ys[0]} m {x} {ys[-1]} l S" for x in xs]


@pytest.mark.parametrize(
    "title", ["", "untitled", "(anonymous)", "Microsoft Word - a.docx", "a.pdf", "a.html"]
)
def test_the_title_is_the_first_line_when_the_properties_hold_none(title: str) -> None:
    page: list[Text] = [
        (72, 720, "Opening hours", 18),
        *column(72, ["We open at nine.", "We close at five."], 690),
    ]
    assert extract("a.pdf", pdf(page, title=title)).title == "Opening hours"
    assert extract("a.pdf", pdf(page, title="Hours")).title == "Hours"


@pytest.mark.parametrize("is_row_by_row", [False, True])
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_the_other(count: int, is_row_by_row: bool) -> None:
    texts = [ALPHA, BETA, GAMMA][:count]
    columns = [
        column(50 + 260 * place if count == 2 else 30 + 190 * place, text) for place, text in enumerate(texts)
    ]
    page = row_by_row(*columns) if is_row_by_row else [text for each in columns for text in each]
    assert read(page).split("\n\n") == [" ".join(text) for text in texts]


def test_columns_need_not_stand_at_one_height() -> None:
    page = column(50, ALPHA) + column(310, BETA, top=694)
    assert read(page).split("\n\n") == [" ".join(ALPHA), " ".join(BETA)]


def test_what_spans_the_columns_is_read_above_and_below_them() -> None:
    above = (50, 730, "This line above the columns is as wide as the page and names what they are all about.")
    below = (50, 630, "This line below the columns is as wide as the page and names where we can be found.")
    page = [above, *row_by_row(column(50, ALPHA), column(310, BETA)), below]
    assert read(page).split("\n\n") == [above[2], " ".join(ALPHA), " ".join(BETA), below[2]]


def test_a_sentence_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    page = column(50, ALPHA[:3]) + column(310, [ALPHA[3], *BETA])
    assert read(page).split("\n\n") == [" ".join(ALPHA), " ".join(BETA)]
    assert read(column(50, ALPHA[:2]), column(50, ALPHA[2:])) == " ".join(ALPHA)


PRICES = [["Zone", "Up to 2 kg", "Delivery time"], ["1", "4.40 EUR", "2 working days"],
          ["47", "50.40 EUR", "6 working days"], ["58", "", "3 working days"]]  # fmt: skip
PRICES_READ = (
    "| Zone | Up to 2 kg | Delivery time |\n|---|---|---|\n| 1 | 4.40 EUR | 2 working days |\n"
    "| 47 | 50.40 EUR | 6 working days |\n| 58 |  | 3 working days |"
)


@pytest.mark.parametrize(
    "drawn",
    [
        [],
        rules([50, 120, 200, 320], [712, 694, 676, 658, 640]),
        [f"{y} g 50 {y} 270 18 re f" for y in (694, 676, 658, 640)],
        rules([50, 320], [712, 694, 640]),
    ],
    ids=["plain", "grid", "zebra", "head and foot"],
)
def test_a_table_is_read_row_by_row_with_the_names_of_its_columns(drawn: list[str]) -> None:
    around = [(50, 740, "These are the prices:"), (50, 600, "They apply from January on.")]
    page = [*drawn, "0 g", *around, *grid(PRICES, [55, 125, 205])]
    assert read(page).split("\n\n") == [around[0][2], PRICES_READ, around[1][2]]


@pytest.mark.parametrize(
    "drawn", [[], rules([50, 120, 300, 360], [712, 694, 655, 616])], ids=["plain", "grid"]
)
def test_a_cell_of_several_lines_stays_whole(drawn: list[str]) -> None:
    cells = [
        (55, 700, "Part"), (125, 700, "What it does"), (305, 700, "Price"),
        (55, 680, "Lid"), (125, 680, "Keeps the dust out of"), (305, 680, "4 EUR"), (125, 668, "the hopper."),
        (55, 641, "Key"), (125, 641, "Opens the drawer below"), (305, 641, "2 EUR"), (125, 629, "the lid."),
    ]  # fmt: skip
    assert read([*drawn, *cells]) == (
        "| Part | What it does | Price |\n|---|---|---|\n"
        "| Lid | Keeps the dust out of the hopper. | 4 EUR |\n"
        "| Key | Opens the drawer below the lid. | 2 EUR |"
    )


def test_a_merged_cell_is_read_with_each_row_and_column_that_it_covers() -> None:
    drawn = [
        *(f"50 {y} m 230 {y} l S" for y in (712, 676, 640, 622)),
        *("110 694 m 230 694 l S", "110 658 m 230 658 l S", "50 622 m 50 712 l S", "230 622 m 230 712 l S"),
        *("110 640 m 110 712 l S", "170 640 m 170 694 l S"),
    ]
    cells = [
        (55, 694, "Zone"), (130, 700, "Home"), (115, 682, "Price"), (175, 682, "Days"),
        (55, 655, "North"), (115, 664, "3 EUR"), (175, 664, "1"), (115, 646, "4 EUR"), (175, 646, "2"),
        (55, 628, "All with tax."),
    ]  # fmt: skip
    assert read([*drawn, *cells]).split("\n\n") == [
        "| Zone | Home – Price | Home – Days |\n|---|---|---|\n| North | 3 EUR | 1 |\n| North | 4 EUR | 2 |",
        "All with tax.",
    ]


def test_a_table_of_close_columns_ends_before_the_text_below_it() -> None:
    rows = [["Service", "Basic", "Plus"], ["Account", "4 EUR", "2 EUR"], ["Telephone order", "1 EUR", "free"]]
    below: list[Text] = [(50, 645, "Prices"), (86, 645, "are"), (110, 645, "with tax.")]
    text = read([*grid(rows, [50, 130, 170], top=699), *below])
    assert text.startswith(
        "| Service | Basic | Plus |\n|---|---|---|\n| Account | 4 EUR | 2 EUR |\n"
        "| Telephone order | 1 EUR | free |\n\n"
    )


def test_narrow_columns_are_no_table() -> None:
    left = [
        "The office offers effi-",
        "cient fitness. Towels",
        "cost 2 EUR. Lockers",
        "are free for our",
        "members.",
    ]
    right = [
        "From Monday to Friday",
        "we open at 6, on Sat-",
        "urday at 8. Refur-",
        "bishment may close",
        "some areas.",
    ]
    page = row_by_row(column(50, left), column(190, right))
    assert read(page).split("\n\n") == [
        "The office offers efficient fitness. Towels cost 2 EUR. Lockers are free for our members.",
        "From Monday to Friday we open at 6, on Saturday at 8. Refurbishment may close some areas.",
    ]


@pytest.mark.parametrize("repeats_head", [False, True])
def test_a_table_goes_on_on_the_next_page(repeats_head: bool) -> None:
    below = [["59", "61.40 EUR", "4 working days"], ["60", "62.40 EUR", "5 working days"],
             ["61", "63.40 EUR", "6 working days"]]  # fmt: skip
    second = [PRICES[0], *below] if repeats_head else below
    text = read(list(grid(PRICES, [55, 125, 205])), list(grid(second, [55, 125, 205])))
    assert text == PRICES_READ + "".join(f"\n| {' | '.join(row)} |" for row in below)


def test_rows_that_differ_by_their_numbers_are_no_heads_of_the_pages() -> None:
    rows = [[f"{n}", f"{n}.40 EUR", f"{n} working days"] for n in range(40, 58)]
    pages = [list(grid([PRICES[0], *rows[start : start + 6]], [55, 125, 205])) for start in (0, 6, 12)]
    read_rows = read(*pages).split("\n")[2:]
    assert read_rows == [f"| {' | '.join(row)} |" for row in rows]


def test_a_full_page_that_is_drawn_digit_by_digit_is_read_by_rows() -> None:
    rows = [[f"{n}", f"{n}44", f"{n}11"] for n in range(40, 80)]
    page: list[Text] = [
        (x + 5.56 * place, 800 - 18 * row, digit)
        for row, cells in enumerate(rows)
        for x, text in zip((55, 225, 405), cells, strict=True)
        for place, digit in enumerate(text)
    ]
    assert read(page).split("\n")[2:] == [f"| {' | '.join(row)} |" for row in rows]


def test_pairs_are_no_table() -> None:
    page = list(grid([["Weight", "3 kg"], ["Colour", "red"], ["Power", "220 V"]], [55, 155]))
    assert read(page) == "Weight: 3 kg\n\nColour: red\n\nPower: 220 V"


@pytest.mark.parametrize(
    ("above", "below", "joined"),
    [
        ("The policy includes reim-", "bursement of lost bags.", "includes reimbursement of"),
        ("The goods are non-", "refundable once opened.", "are non-refundable once"),
        ("It is covered for thirty-", "six months from now on.", "for thirty-six months"),
        ("It is of state-of-the-", "art quality, as we think.", "of state-of-the-art quality"),
        ("The plan is kept up-", "to-date by our own people.", "kept up-to-date by"),
        ("Please write us an e-", "mail if you have questions.", "an e-mail if"),
        ("The price is for pay-as-", "you-go, or for a month.", "for pay-as-you-go, or"),
        ("We ship user-friendly and user-", "friendly devices to all.", "and user-friendly devices"),
        ("The pump with the code HM-", "120 has a guarantee.", "code HM-120 has"),
        (
            "Zahlen Sie die Liefer- und Liefer-",
            "oder Versandkosten selbst.",
            "und Liefer- oder Versandkosten",
        ),
        ("Schreiben Sie uns eine E-", "Mail mit Ihrer Nummer.", "eine E-Mail mit"),
        ("The years 2024-", "2026 are covered by it all.", "years 2024-2026 are"),
        ("We are open daily from 6–", "22 and on holidays.", "from 6–22 and"),
        ("The policy covers all -", "with one exception of note.", "covers all - with"),
    ],
)
def test_a_hyphen_at_a_lines_end_stays_only_where_it_belongs(above: str, below: str, joined: str) -> None:
    assert joined in read(column(50, [above, below]))


def test_paragraphs_headings_and_lists_are_told_apart() -> None:
    page = [
        (50, 700, "Care of the grinder", 16),
        *column(50, ["Brush the chute after each use, and", "descale the boiler each quarter."], top=670),
        *column(50, ["Never put it into a dishwasher:"], top=630),
        (50, 610, "•"), (64, 610, "the hopper cracks,"), (64, 597, "and its lid bends"),
        (50, 584, "•"), (64, 584, "the burrs rust."),
        *column(50, ["1. Open it.", "2. Brush it."], top=560),
    ]  # fmt: skip
    assert read(page).split("\n\n") == [
        "# Care of the grinder",
        "Brush the chute after each use, and descale the boiler each quarter.",
        "Never put it into a dishwasher:",
        "- the hopper cracks, and its lid bends\n- the burrs rust.\n1. Open it.\n2. Brush it.",
    ]


def test_a_line_with_room_for_the_next_word_ends_a_paragraph() -> None:
    lines = ["Warranty terms", "The grinder is covered for three years", "from the day when it was bought.",
             "Cleaning", "Brush the chute after every fifth use."]  # fmt: skip
    assert read(column(50, lines)).split("\n\n") == [
        "# Warranty terms", " ".join(lines[1:3]), "Cleaning", lines[4],
    ]  # fmt: skip


@pytest.mark.parametrize("foot", ["", "Kestrel manual"])
def test_what_stands_on_every_page_is_read_of_the_first_only(foot: str) -> None:
    pages = [
        [(50, 800, "Kestrel manual"), *column(50, text), (280, 50, foot), (280, 30, f"Page {number} of 3")]
        for number, text in enumerate((ALPHA, BETA, GAMMA), start=1)
    ]
    text = read(*pages)
    assert (text.count("Kestrel"), text.count("Page")) == (1 + bool(foot), 0)
    assert all(" ".join(each) in text for each in (ALPHA, BETA, GAMMA))


RAISED, LOWERED, LEVEL = "/F1 6 Tf 4 Ts", "/F1 6 Tf -2 Ts", "/F1 10 Tf 0 Ts"


@pytest.mark.parametrize(
    ("drawn", "text"),
    [
        (f"(at most 10) Tj {RAISED} (6) Tj {LEVEL} ( rows) Tj", "at most 10^6 rows"),
        (f"(at most 10) Tj {RAISED} ( 6) Tj {LEVEL} ( rows) Tj", "at most 10^6 rows"),
        (f"(20 m) Tj {RAISED} (2) Tj {LEVEL} (, net) Tj", "20 m^2, net"),
        (f"(the price) Tj {RAISED} (1) Tj {LEVEL} ( is net) Tj", "the price (1) is net"),
        (f"(H) Tj {LOWERED} (2) Tj {LEVEL} (O) Tj", "H2O"),
        ("(at most 10) Tj /F1 8.3 Tf 4 Ts (6) Tj /F1 10 Tf 0 Ts (.) Tj", "at most 10^6."),
        (f"{RAISED} (1) Tj {LEVEL} (From May on) Tj", "(1) From May on"),
    ],
)
def test_small_raised_digits_are_told_from_the_rest_of_a_number(drawn: str, text: str) -> None:
    assert read([f"BT /F1 10 Tf 72 700 Td {drawn} ET"]) == text


def test_a_note_at_the_margin_is_read_and_a_watermark_is_not() -> None:
    upright = "BT /F1 10 Tf 0 1 -1 0 30 300 Tm (Code STAFF77) Tj ET"
    across = "BT /F1 60 Tf 0.7 0.7 -0.7 0.7 100 300 Tm (DRAFT) Tj ET"
    assert read([upright, across, *column(50, ALPHA)]) == f"{' '.join(ALPHA)}\n\nCode STAFF77"


def test_what_a_form_holds_is_read_beside_its_label() -> None:
    assert extract("a.pdf", form("Deadline:", "17 days")).text == "Deadline: 17 days"


def test_what_a_line_goes_through_is_crossed_out_and_what_stands_on_it_is_not() -> None:
    price: Text = (72, 700, "It costs 29 EUR 19 EUR")
    assert read(["106 703 m 140 703 l S", price]) == "It costs ~~29 EUR~~ 19 EUR"
    assert read(["106 698 m 140 698 l S", price]) == price[2]


def test_text_that_is_set_upright_is_read_all_the_same() -> None:
    page = [
        f"BT /F1 10 Tf 0 1 -1 0 {100 + 13 * place} 100 Tm ({line}) Tj ET" for place, line in enumerate(ALPHA)
    ]
    assert " ".join(read(page).split()) == " ".join(ALPHA)


def test_a_question_and_its_answer_stay_together() -> None:
    page = column(50, ["How long are the burrs covered?"]) + column(50, ["Twelve months."], top=680)
    assert read(page) == "## How long are the burrs covered?\n\nTwelve months."
