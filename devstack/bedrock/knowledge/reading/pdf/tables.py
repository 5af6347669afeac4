"""Find the tables on a PDF page: rows between ruled lines, or the same few gaps on line after line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece

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


_LEAST_ROWS = 3
_LEAST_FULL_SHARE = 0.6
_NARROWEST_GAP = 3.0
_MOST_CROSSING_SHARE = 0.1
_LONGEST_CELL = 300
_CONTINUED_PITCH = 0.75
_CLOSE_LINE = 1.4

Line = list[Piece]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Table(Box):
    """A table with the text of its cells."""

    rows: tuple[Row, ...]
    letter_size: float


def lines_of(pieces: Iterable[Piece]) -> list[Line]:
    """Return the pieces of each line together, lines from the top down, pieces from the left."""
    lines: list[Line] = []
    for piece in sorted(pieces, key=lambda each: -each.middle):
        if lines and lines[-1][0].bottom < piece.middle < lines[-1][0].top:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [sorted(line, key=lambda piece: piece.left) for line in lines]


def table_between(bands: Sequence[Sequence[Piece]]) -> Table | None:
    """Return the table whose rows are these bands, if they hold one."""
    filled = [_in_parts(band) for band in bands if band]
    gaps = _common_gaps([piece for band in filled for piece in band], len(filled))
    if len(filled) <= 2 and any(len(lines_of(band)) > 1 for band in filled):
        # Lines only around the table and below its head.
        return table_of([line for band in filled for line in lines_of(band)])
    return _table([_row(lines_of(band), gaps) for band in filled], filled)


def table_of(lines: Sequence[Line]) -> Table | None:
    """Return the table that lines without rules between them make up, if they do."""
    lines = [_in_parts(line) for line in lines]
    gaps = _common_gaps([piece for line in lines for piece in line], len(lines))
    if not gaps:
        return None
    starts = [line for line in lines if _column(line[0], gaps) == 0]
    pitches = [above[0].middle - below[0].middle for above, below in pairwise(starts)]
    usual = median(pitches) if pitches else 0.0
    rows: list[list[Line]] = []
    for above, line in zip([None, *lines], lines, strict=False):
        is_close = above is not None and above[0].middle - line[0].middle < _CONTINUED_PITCH * usual
        if rows and is_close and _column(line[0], gaps) > 0:
            rows[-1].append(line)
        else:
            rows.append([line])
    return _table([_row(row, gaps) for row in rows], lines)


def _in_parts(pieces: Iterable[Piece]) -> Line:
    return [part for piece in pieces for part in (piece.parts or [piece])]


def loose_tables(lines: Sequence[Line]) -> Iterator[Table | Line]:
    """Yield the lines in order, those that make up a table as one."""
    start = 0
    while start < len(lines):
        end = _end_of_run(lines, start)
        table = table_of(lines[start:end]) if end - start >= _LEAST_ROWS else None
        while table and not any(table.rows[-1][1:]) and end - start > _LEAST_ROWS:
            end -= 1  # the text below it begins
            table = table_of(lines[start:end])
        if table is not None:
            yield table
            start = end
        else:
            yield lines[start]
            start += 1


def _end_of_run(lines: Sequence[Line], start: int) -> int:
    """Return where the lines of several pieces end, single ones that go on with a cell among them."""
    end = start
    for place in range(start, len(lines)):
        first = lines[place][0]
        if len(lines[place]) > 1:
            end = place + 1
        elif place == start or first.left <= lines[start][0].right:
            break
        elif end == place and lines[place - 1][0].middle - first.middle < _CLOSE_LINE * first.height:
            end = place + 1
    return end


def _table(rows: Sequence[Row], parts: Sequence[Sequence[Piece]]) -> Table | None:
    full = sum(sum(map(bool, row)) > 1 for row in rows)
    longest = max((len(cell) for row in rows for cell in row), default=0)
    if full < max(2, _LEAST_FULL_SHARE * len(rows)) or longest > _LONGEST_CELL:
        return None
    pieces = [piece for part in parts for piece in part]
    return Table(
        min(piece.left for piece in pieces),
        max(piece.right for piece in pieces),
        min(piece.bottom for piece in pieces),
        max(piece.top for piece in pieces),
        tuple(rows),
        median(piece.size for piece in pieces),
    )


def _row(lines: Sequence[Line], gaps: Sequence[float]) -> Row:
    cells: list[list[str]] = [[] for _ in range(len(gaps) + 1)]
    for line in lines:
        for piece in line:
            cells[_column(piece, gaps)].append(piece.text)
    return tuple(" ".join(cell) for cell in cells)


def _column(piece: Piece, gaps: Sequence[float]) -> int:
    return sum(gap <= piece.left for gap in gaps)


def _common_gaps(pieces: Sequence[Piece], row_count: int) -> list[float]:
    """Return the middles of the strips that next to no piece crosses."""
    edges = sorted([(piece.left, 1) for piece in pieces] + [(piece.right, -1) for piece in pieces])
    most_crossing = int(_MOST_CROSSING_SHARE * row_count)
    gaps = []
    covering = 0
    for (place, change), (next_place, _) in pairwise(edges):
        covering += change
        if covering <= most_crossing and next_place - place >= _NARROWEST_GAP:
            gaps.append((place + next_place) / 2)
    return gaps
