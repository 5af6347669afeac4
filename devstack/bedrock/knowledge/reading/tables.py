"""Write a table as Markdown in which each row can be read with the names of its columns."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise, zip_longest
from operator import and_

Row = Sequence[str]
"""The cells of a row as plain text. A single cell in a wider table is a label over its whole width."""

_NUMBER = re.compile(r"\W*\d[\d.,' \u00a0]*\s*(?:%|[€$£¥]|EUR|USD|GBP|CHF)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_STARTS_LIKE_A_VALUE = re.compile(r"\W*\d")
_QUESTION_NAMES = re.compile(r"(?i)q|questions?|frage|pregunta|domanda|pergunta|vraag|pytanie|質問|问题")
_ANSWER_NAMES = re.compile(
    r"(?i)a|answers?|antwort|r[ée]ponse|respuesta|risposta|resposta|antwoord|odpowied[źz]|回答|答案"
)
# What marks a heading, an entry or code loses its sense in the middle of a line.
_CELL_MARKUP = re.compile(r"^\s*(?:#{1,6} |- (?!\[)|```.*)")
_RULE = re.compile(r"[-|]+")
_CELL_END = re.compile(r"(?<!\\) \| ")
_MOSTLY = 0.6
_LONGEST_UNIT = 12
_NAME_GLUE = " – "


def table_blocks(rows: Sequence[Row], header_rows: int | None = None) -> list[str]:
    """Return the Markdown blocks of a table; without a count of header rows, the cells tell.

    Labels above the header become paragraphs, those between rows a last cell of the rows below them.
    """
    kept = _without_empty_columns([tidy for row in rows if any(tidy := [" ".join(c.split()) for c in row])])
    width = max(map(len, kept), default=0)
    if width < 2:
        return [row[0] for row in kept]
    above = next(place for place, row in enumerate(kept) if len(row) > 1)
    titles = [row[0] for row in kept[:above]]
    header_rows = None if header_rows is None else max(header_rows - above, 0)
    return [*titles, *_body_blocks(kept[above:], width, header_rows)]


def cell_text(blocks: Iterable[str]) -> str:
    """Return the Markdown blocks in a cell as one line; lines that end without a mark end with a comma."""
    lines = (line for block in blocks for line in _lines_in_cell(block))
    kept = [line for line in lines if line and not _RULE.fullmatch(line)]
    return "".join(
        line if last else f"{line} " if line[-1] in ".,;:!?" else f"{line}, "
        for last, line in zip([*[False] * (len(kept) - 1), True], kept, strict=False)
    )


def _lines_in_cell(block: str) -> Iterator[str]:
    """Yield the lines of a block; of a table inside a cell, each row with the names of its columns."""
    lines = block.split("\n")
    rows = [_CELL_END.split(line.strip(" |")) for line in lines]
    if len(lines) > 2 and _RULE.fullmatch(lines[1]):
        for row in rows[2:]:
            yield ", ".join(_pair(name, cell) for name, cell in zip(rows[0], row, strict=False) if cell)
    else:
        yield from (", ".join([_CELL_MARKUP.sub("", row[0]).strip(" |"), *row[1:]]) for row in rows)


def starts_like_a_value(cell: str) -> bool:
    """Tell whether a cell begins with a number, which the name of a column does not."""
    return _STARTS_LIKE_A_VALUE.match(cell) is not None and not _YEAR.fullmatch(cell)


def _without_empty_columns(rows: Sequence[Row]) -> list[Row]:
    width = max(map(len, rows), default=0)
    used = [any(len(row) > 1 and place < len(row) and row[place] for row in rows) for place in range(width)]
    if all(used) or not any(used):
        return list(rows)
    return [row if len(row) == 1 else list(compress(row, used)) for row in rows]


def _body_blocks(rows: Sequence[Row], width: int, header_rows: int | None) -> Iterator[str]:
    notes: list[str] = []
    while len(rows[-1]) == 1:
        notes.insert(0, rows[-1][0])
        rows = rows[:-1]
    labelled = _with_labels(rows, width)
    if header_rows is None:
        header_rows = _count_header_rows([row for row in rows if len(row) > 1], width)
        if header_rows > 1:
            labelled[0] = list(spread(*labelled[:2]) or labelled[0])
    if len(labelled) == 1:
        yield "; ".join(filter(None, labelled[0]))
    elif header_rows == 0 and width == 2:
        yield from (_pair(*row[:2], *row[2:]) for row in labelled)
    else:
        names = _names(labelled[:header_rows], max(map(len, labelled)))
        yield from _named_rows(names, labelled[header_rows:])
    yield from notes


def _with_labels(rows: Sequence[Row], width: int) -> list[list[str]]:
    """Return the rows at one width; each row below a label has it as one more cell."""
    labels = any(len(row) == 1 for row in rows)
    label, found = "", []
    for row in rows:
        if len(row) == 1:
            label = row[0]
        else:
            found.append([*row, *[""] * (width - len(row)), *([label] if labels else [])])
    return found


def _count_header_rows(rows: Sequence[Row], width: int) -> int:
    """Return 0 when the first row holds data as the others do, 2 when groups or units are named, else 1."""
    first, *others = rows
    columns = list(zip_longest(*others, fillvalue=""))[: len(first)]
    holds_numbers = [_are_numbers(column) for column in columns]
    if width == 2 and holds_numbers[:1] != [True]:
        is_pair = first[0].endswith(":") or _STARTS_LIKE_A_VALUE.match(first[1])
        return 0 if is_pair else 1
    is_data = (bool(_NUMBER.fullmatch(cell)) and not _YEAR.fullmatch(cell) for cell in first)
    if any(map(and_, is_data, holds_numbers)):
        return 0
    return 2 if len(others) > 1 and _goes_on(first, others[0], others[1:]) else 1


def _goes_on(first: Row, second: Row, below: Sequence[Row]) -> bool:
    """Tell whether the second row names the columns as well, inside groups or by their units."""
    if any(map(_STARTS_LIKE_A_VALUE.match, second)) or not (
        {second[0], first[0]} & {""} or second[0] == first[0]
    ):
        return False
    groups = any(
        above and above == beside and one != two for (above, beside), (one, two) in _beside(first, second)
    )
    return groups or spread(first, second) is not None or _are_units(second, below)


def _beside(first: Row, second: Row) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    return zip(pairwise(first), pairwise(second), strict=False)


def _are_units(row: Row, below: Sequence[Row]) -> bool:
    columns = list(zip_longest(*below, fillvalue=""))
    named = [column for cell, column in zip(row, columns, strict=False) if cell]
    is_short = row[0] == "" and all(len(cell) <= _LONGEST_UNIT for cell in row)
    return is_short and bool(named) and all(map(_are_numbers, named))


def spread(first: Row, second: Row) -> Row | None:
    """Return the names of groups repeated over the columns of each, where those below repeat; else None.

    That is how "Zone; Home; ; Abroad; " stands over "; Price; Days; Price; Days".
    """
    filled = [cell for cell in second if cell]
    is_above = all(
        place < len(second) and (second[place] or place == 0) for place, cell in enumerate(first) if cell
    )
    if not is_above or len(set(filled)) == len(filled) or sum(map(bool, first)) < 2:
        return None
    names: list[str] = []
    for place, name in enumerate(second):
        above = first[place] if place < len(first) else ""
        is_inside = name and not above and place > 0
        names.append(names[-1] if is_inside else above)
    return names


def _are_numbers(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell]
    return bool(filled) and sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) >= _MOSTLY * len(filled)


def _names(header: Sequence[Row], width: int) -> list[str]:
    """Return the columns' names; those of several header rows are joined, each once."""
    columns = ([row[place] if place < len(row) else "" for row in header] for place in range(width))
    return [_NAME_GLUE.join(dict.fromkeys(filter(None, column))) for column in columns]


def _named_rows(names: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    question = next((place for place, name in enumerate(names) if _QUESTION_NAMES.fullmatch(name)), None)
    answer = next((place for place, name in enumerate(names) if _ANSWER_NAMES.fullmatch(name)), None)
    if question is None or answer is None:
        # A table that was printed in parts names its columns again in each.
        values = (row for row in rows if list(row) != list(names))
        lines = [_line(names), "|" + "---|" * len(names), *map(_line, values)]
        yield "\n".join(lines)
        return
    for row in rows:
        rest = [
            _pair(name, cell)
            for place, (name, cell) in enumerate(zip(names, row, strict=True))
            if cell and place not in (question, answer)
        ]
        # As questions.py recognises them.
        yield "\n".join(filter(None, (f"Q: {row[question]}", f"A: {row[answer]}", "; ".join(rest))))


def _pair(name: str, value: str, *more: str) -> str:
    values = "; ".join(filter(None, (value, *more)))
    return f"{name.rstrip(':')}: {values}" if name and values else name or values


def _line(cells: Row) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
