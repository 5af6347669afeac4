"""Find the grids that ruled lines draw on a PDF page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece
from devstack.bedrock.knowledge.reading.pdf.tables import Table, table_between

_SAME_HEIGHT = 1.5
_SAME_END = 6.0
_SMALLEST_BREAK = 3.0
_LOWEST_BAND = 5.0
_LEAST_RULES = 3
_LONGEST_LABEL = 120


def ruled_tables(pieces: Sequence[Piece], rules: Sequence[Box]) -> Iterator[tuple[Table, list[Piece]]]:
    """Yield each table that stands between lines of one length, and the pieces in it."""
    for grid in _grids(rules):
        left, right = grid[0].left - _SAME_END, grid[0].right + _SAME_END
        within = [piece for piece in pieces if left <= piece.left and piece.right <= right]
        bands = [
            [piece for piece in within if low.bottom < piece.middle < high.bottom]
            for high, low in pairwise(grid)
        ]
        for run in _runs(bands):
            table = table_between(run)
            if table is not None:
                yield table, [piece for band in run for piece in band]


def _runs(bands: Sequence[list[Piece]]) -> Iterator[list[list[Piece]]]:
    """Yield the bands between those that hold the text between two tables."""
    run: list[list[Piece]] = []
    for band in [*bands, None]:
        if band is None or _is_prose(band):
            if run:
                yield run
            run = []
        else:
            run.append(band)


def _is_prose(band: Sequence[Piece]) -> bool:
    return any(len(piece.text) > _LONGEST_LABEL for piece in band)


def _grids(rules: Sequence[Box]) -> list[list[Box]]:
    """Return the lines that begin and end alike, from the top down, where there are enough of them."""
    grids: list[list[Box]] = []
    for rule in sorted(_joined(rules), key=lambda each: -each.bottom):
        grid = next((each for each in grids if _ends_alike(each[-1], rule)), None)
        if grid is None:
            grids.append([rule])
        elif grid[-1].bottom - rule.bottom >= _LOWEST_BAND:
            grid.append(rule)
    return [grid for grid in grids if len(grid) >= _LEAST_RULES]


def _ends_alike(one: Box, other: Box) -> bool:
    return abs(one.left - other.left) < _SAME_END and abs(one.right - other.right) < _SAME_END


def _joined(rules: Sequence[Box]) -> list[Box]:
    """Return the lines with those made one that go on where another ends, as around the cells of a row."""
    joined: list[Box] = []
    for rule in sorted(rules, key=lambda each: (-round(each.bottom), each.left)):
        last = joined[-1] if joined else None
        is_level = last is not None and abs(last.bottom - rule.bottom) <= _SAME_HEIGHT
        if last is not None and is_level and rule.left <= last.right + _SMALLEST_BREAK:
            joined[-1] = Box(last.left, max(last.right, rule.right), last.bottom, last.top)
        else:
            joined.append(rule)
    return joined
