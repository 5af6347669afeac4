"""What of a sheet in an Excel workbook is not shown, and which of its cells are merged."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import range_boundaries

_ELEMENT = re.compile(rb"<(?:\w+:)?(col|row|mergeCell)\s([^<>]*)>")
_ATTRIBUTE = re.compile(rb"(\w+)=[\"']([^\"']*)[\"']")
_ON = (b"1", b"true")
_MOST_MERGED_ROWS = 1_000
_LAST_COLUMN = 16_384


@dataclass(frozen=True)
class Layout:
    """Rows and columns that are hidden, and merged ranges by their first row; all count from 1."""

    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]
    merged: Mapping[int, Sequence[tuple[int, int, int]]]

    def shown(self, rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the rows that are shown, the text of a merged cell repeated over what it covers.

        One that is alone in its row is a label over the table, and comes as a row of one cell.
        """
        open_ranges: list[tuple[int, int, int, str]] = []
        for number, row in enumerate(rows, start=1):
            cells = list(row)
            is_label = sum(map(bool, cells)) == 1 and not open_ranges
            for left, right, last in self.merged.get(number, ()):
                text = cells[left - 1] if left <= len(cells) else ""
                is_wide = right > left
                cells = [text] if text and is_label and is_wide else _repeated(cells, left, right, text)
                if last > number:
                    open_ranges.append((left, right, last, text))
            for left, right, _, text in open_ranges:
                cells = _repeated(cells, left, right, text)
            open_ranges = [each for each in open_ranges if each[2] > number]
            if number not in self.hidden_rows:
                hidden = self.hidden_columns if len(cells) > 1 else ()
                yield [cell for place, cell in enumerate(cells, start=1) if place not in hidden]


def _repeated(cells: Sequence[str], left: int, right: int, text: str) -> list[str]:
    wide = [*cells, *[""] * (right - len(cells))] if text else list(cells)
    return [text if left <= place <= right else cell for place, cell in enumerate(wide, start=1)]


def layout_of(sheet: bytes) -> Layout:
    """Return the layout that a sheet's part of the file describes. Raises ValueError."""
    rows: set[int] = set()
    columns: set[int] = set()
    merged: dict[int, list[tuple[int, int, int]]] = {}
    for found in _ELEMENT.finditer(sheet):
        values = dict(_ATTRIBUTE.findall(found[2]))
        if found[1] == b"mergeCell":
            left, top, right, bottom = map(int, range_boundaries(values.get(b"ref", b"").decode("ascii")))
            merged.setdefault(top, []).append((left, right, min(bottom, top + _MOST_MERGED_ROWS)))
        elif values.get(b"hidden") in _ON and found[1] == b"row":
            rows.add(int(values.get(b"r", b"0")))
        elif values.get(b"hidden") in _ON:
            first, last = int(values[b"min"]), min(int(values[b"max"]), _LAST_COLUMN)
            columns.update(range(first, last + 1))
    return Layout(frozenset(rows), frozenset(columns), merged)
