"""Read the tables of a PDF page whose cells have lines on all sides, merged cells among them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import median

from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece
from devstack.bedrock.knowledge.reading.pdf.tables import Row, Table, lines_of

_TOUCH = 3.0
_SMALLEST_CELL = 4.0
_MOST_CELLS = 20_000
_LONGEST_CELL = 1_000

Place = tuple[int, int]
"""A row and a column."""


@dataclass(frozen=True)
class _Grid:
    """Where the lines of a table are, from the left and from the top, and the lines themselves."""

    columns: Sequence[float]
    rows: Sequence[float]
    rules: Sequence[Box]
    walls: Sequence[Box]

    def places(self) -> Iterator[Place]:
        """Yield each place between neighbouring lines."""
        return iter(product(range(len(self.rows) - 1), range(len(self.columns) - 1)))

    def has_wall(self, row: int, column: int) -> bool:
        """Tell whether a line stands between a place and the next one on the right."""
        x, y = self.columns[column + 1], (self.rows[row] + self.rows[row + 1]) / 2
        return any(abs(wall.left - x) < _TOUCH and wall.bottom < y < wall.top for wall in self.walls)

    def has_rule(self, row: int, column: int) -> bool:
        """Tell whether a line lies between a place and the one below."""
        x, y = (self.columns[column] + self.columns[column + 1]) / 2, self.rows[row + 1]
        return any(abs(rule.bottom - y) < _TOUCH and rule.left < x < rule.right for rule in self.rules)

    def place_of(self, piece: Piece) -> Place | None:
        """Return where the middle of a piece is, if it is inside."""
        row = bisect_left([-y for y in self.rows], -piece.middle) - 1
        column = bisect_left(self.columns, (piece.left + piece.right) / 2) - 1
        is_inside = 0 <= row < len(self.rows) - 1 and 0 <= column < len(self.columns) - 1
        return (row, column) if is_inside else None


def boxed_tables(
    pieces: Sequence[Piece], rules: Sequence[Box], walls: Sequence[Box]
) -> Iterator[tuple[Table, list[Piece]]]:
    """Yield each table that has lines between its columns and rows, and the pieces in it."""
    for grid in _grids(rules, walls):
        inside = {piece: place for piece in pieces if (place := grid.place_of(piece))}
        cells = _cells(grid)
        rows = _rows(grid, inside, cells)
        is_table = sum(len(set(filter(None, row))) > 1 for row in rows) > 1
        if is_table and max(len(cell) for row in rows for cell in row) <= _LONGEST_CELL:
            size = median(piece.size for piece in inside)
            left, right, bottom, top = grid.columns[0], grid.columns[-1], grid.rows[-1], grid.rows[0]
            yield Table(left, right, bottom, top, tuple(rows), size), list(inside)


def _grids(rules: Sequence[Box], walls: Sequence[Box]) -> Iterator[_Grid]:
    """Yield the lines that touch each other, where they leave several rows and columns."""
    for group in _groups([*rules, *walls]):
        own_rules = [line for line in group if not line.height]
        own_walls = [line for line in group if line.height]
        columns = _apart(wall.left for wall in own_walls)
        rows = _apart(rule.bottom for rule in own_rules)[::-1]
        if len(columns) > 2 and len(rows) > 2 and len(columns) * len(rows) <= _MOST_CELLS:
            yield _Grid(columns, rows, own_rules, own_walls)


def _groups(lines: Sequence[Box]) -> Iterator[list[Box]]:
    """Yield the lines that touch each other or stand between such, from the top down."""
    open_groups: list[tuple[Box, list[Box]]] = []
    for line in sorted(lines, key=lambda each: -each.top):
        around, group = line, [line]
        others = []
        for other_around, other in open_groups:
            if _touch(line, other_around):
                around, group = around.union(other_around), [*other, *group]
            elif other_around.bottom > line.top + _TOUCH:
                yield other
            else:
                others.append((other_around, other))
        open_groups = [*others, (around, group)]
    yield from (group for _, group in open_groups)


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left - _TOUCH <= other.right
        and other.left - _TOUCH <= one.right
        and one.bottom - _TOUCH <= other.top
        and other.bottom - _TOUCH <= one.top
    )


def _apart(places: Iterator[float]) -> list[float]:
    """Return places in order, those of both edges of a line as one."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] >= _SMALLEST_CELL:
            kept.append(place)
    return kept


def _cells(grid: _Grid) -> dict[Place, Place]:
    """Return for each place the first one of the cell that it is part of."""
    first: dict[Place, Place] = {}
    for row, column in grid.places():
        if column and not grid.has_wall(row, column - 1):
            first[row, column] = first[row, column - 1]
        elif row and not grid.has_rule(row - 1, column):
            first[row, column] = first[row - 1, column]
        else:
            first[row, column] = (row, column)
    return first


def _rows(grid: _Grid, inside: dict[Piece, Place], cells: dict[Place, Place]) -> list[Row]:
    """Return the text of each place, that of a merged cell repeated; one as wide as the table is alone."""
    found: dict[Place, list[Piece]] = {}
    for piece, place in inside.items():
        found.setdefault(cells[place], []).append(piece)
    texts = {
        cell: " ".join(piece.text for line in lines_of(in_cell) for piece in line)
        for cell, in_cell in found.items()
    }
    rows = []
    for row, _ in pairwise(range(len(grid.rows))):
        own = [cells[row, column] for column in range(len(grid.columns) - 1)]
        texts_of_row = [texts.get(cell, "") for cell in own]
        rows.append(tuple(texts_of_row if len(set(own)) > 1 else texts_of_row[:1]))
    return [row for row in rows if any(row)]
