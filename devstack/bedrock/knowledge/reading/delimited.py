"""Read CSV and its relatives: any common delimiter, with or without a title above the column names."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from statistics import quantiles

from devstack.bedrock.knowledge.reading.characters import decode, tidy
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.tables import table_blocks

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
        rows = list(_rows(text, delimiter))
    except csv.Error as error:
        raise UnreadableDocument(f"The CSV cannot be read ({error}). Save it again as UTF-8 CSV.") from error
    return titled_table(rows)


def titled_table(rows: Iterable[Sequence[str]]) -> Document:
    """Read rows as a table; what stands alone above it is its title."""
    rows = [row for row in rows if _count_filled(row)]
    above = _count_title_rows(rows)
    titles = [" ".join(" ".join(row).split()) for row in rows[:above]]
    # A row of one cell would be a label over the whole table.
    table = [[*row, ""] if len(row) == 1 else row for row in rows[above:]]
    return Document(titles[0] if titles else None, "\n\n".join([*titles, *table_blocks(table)]))


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
    return next((place for place, count in enumerate(filled[: _MOST_TITLE_ROWS + 1]) if count >= least), 0)
