"""Read CSV and its relatives: any common delimiter, with or without a title above the column names."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import and_
from statistics import quantiles

from devstack.bedrock.knowledge.reading.characters import decode, tidy
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.tables import spread, starts_like_a_value, table_blocks

_DELIMITERS = ",;\t|"
_PROBED_CHARACTERS = 50_000
_PROBED_ROWS = 50
_MOST_TITLE_ROWS = 10
# The column names fill most of a table's width, a title above them less.
_LEAST_FILLED_SHARE = 0.6
# Excel's own line that names the delimiter.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?[,;\t| ]*(?:\n|\Z)", re.IGNORECASE)


def read_csv(body: bytes) -> Document:
    """Read the rows as a table; what stands alone above it is its title. Raises UnreadableDocument."""
    text = tidy(decode(body))
    declared = _SEPARATOR_LINE.match(text)
    text = text[declared.end() :] if declared else text
    try:
        delimiter = declared.group(1) if declared else _delimiter_of(text)
        _require_closed_quotes(text, delimiter)
        # A row of one cell would be a label.
        rows = [[*row, ""] if len(row) == 1 else row for row in _rows(text, delimiter)]
    except csv.Error as error:
        raise UnreadableDocument(f"The CSV cannot be read ({error}). Save it again as UTF-8 CSV.") from error
    return titled_table(rows)


def titled_table(rows: Iterable[Sequence[str]]) -> Document:
    """Read rows as a table, or several with empty rows between; what stands alone above one is its title."""
    tables = [_one_table(table) for table in _tables(rows)]
    (title, first), *others = tables or [(None, [])]
    below = (
        block for name, blocks in others for block in (f"## {name}" if name else "", *blocks[bool(name) :])
    )
    return Document(title, "\n\n".join(filter(None, [*first, *below])))


def _tables(rows: Iterable[Sequence[str]]) -> list[list[Sequence[str]]]:
    """Return the rows of each table; an empty row within one ends nothing."""
    parts: list[list[Sequence[str]]] = [[]]
    for row in rows:
        if _count_filled(row):
            parts[-1].append(row)
        elif parts[-1]:
            parts.append([])
    tables: list[list[Sequence[str]]] = [[]]
    for part in filter(None, parts):
        if any(_count_filled(row) > 1 for row in tables[-1]) and _names_columns(part):
            tables.append([])
        tables[-1] += part
    return tables


def _names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether rows begin with the names of their columns: no values above values."""
    rows = rows[_count_title_rows(rows) :]
    if len(rows) < 2 or any(map(starts_like_a_value, rows[0])) or _count_filled(rows[0]) < 2:
        return False
    return any(
        all(starts_like_a_value(row[place]) for row in rows[1:] if place < len(row) and row[place])
        for place, name in enumerate(rows[0])
        if name and any(place < len(row) and row[place] for row in rows[1:])
    )


def _one_table(rows: Sequence[Sequence[str]]) -> tuple[str | None, list[str]]:
    """Return the title of a table, and its blocks with what stands above it."""
    above = _count_title_rows(rows)
    titles = [" ".join(" ".join(row).split()).lstrip("# ") for row in rows[:above]]
    return next(iter(titles), None), [*titles, *table_blocks(_labelled(rows[above:]))]


def _labelled(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows; those that alone hold but a name are labels as well, where they part the whole table.

    They stay rows, as one may just lack its values.
    """
    is_label = [
        len(row) > 2 and bool(row[0].strip()) and _count_filled(row) == 1 and not starts_like_a_value(row[0])
        for row in rows
    ]
    parts_all = is_label[1:2] == [True] and sum(is_label) > 1 and not is_label[-1]
    if not parts_all or any(map(and_, is_label, is_label[1:])):
        return [*rows]
    return [each for row, label in zip(rows, is_label, strict=True) for each in ([row[:1]] * label + [row])]


def _rows(text: str, delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


def _delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the most rows into the same number of cells, and into many."""

    def evenness(delimiter: str) -> float:
        rows = islice(filter(None, _rows(text[:_PROBED_CHARACTERS], delimiter)), _PROBED_ROWS)
        widths = Counter(map(len, rows))
        return max(((width - 1) * (n / widths.total()) ** 3 for width, n in widths.items()), default=0)

    return max(_DELIMITERS, key=evenness)


def _require_closed_quotes(text: str, delimiter: str) -> None:
    """Refuse a file in which a quotation mark swallows all that follows. Raises csv.Error."""
    if text.count('"') % 2 == 0:
        return
    try:
        for _ in _rows(text, delimiter, strict=True):
            pass
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise csv.Error("a quotation mark is never closed") from error


def _count_filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _count_title_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows stand above the column names."""
    filled = [_count_filled(row) for row in rows[:_PROBED_ROWS]]
    usual = max(quantiles(filled, n=4)) if len(filled) > 1 else 0
    least = max(2, _LEAST_FILLED_SHARE * usual)
    names = next((place for place, count in enumerate(filled[: _MOST_TITLE_ROWS + 1]) if count >= least), 0)
    # What names groups of columns fills less of the width than their names do.
    return names - 1 if names and spread(rows[names - 1], rows[names]) else names
