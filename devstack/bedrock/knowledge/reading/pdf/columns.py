"""Part a PDF page into its columns, in reading order.

A gutter is a strip that no text and no ruled line crosses, with lines of prose on both sides. The columns of
a table hold a few words each and are no prose, so a table stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece
from devstack.bedrock.knowledge.reading.pdf.tables import lines_of

_NARROWEST_GUTTER = 7.0
_LEAST_LINES = 3
_SHORTEST_PROSE_LINE = 20
_SHORTEST_NARROW_LINE = 14
_LEAST_GOING_ON = 0.35


@dataclass(frozen=True)
class _Gutter(Box):
    """A strip without text; `lines` is the smaller number of lines of prose beside it, 0 for none."""

    lines: int

    @property
    def center(self) -> float:
        return (self.left + self.right) / 2


def columns(boxes: Sequence[Box], rules: Sequence[Box]) -> Iterator[list[Box]]:
    """Yield what belongs together, column by column; what spans several stands above or below them.

    `boxes` are pieces of text, and tables, which are never parted.
    """
    gutter = _main_gutter(boxes, rules)
    if gutter is None:
        yield list(boxes)
        return
    beside = [box for box in boxes if gutter.bottom <= box.middle <= gutter.top]
    parts = (
        [box for box in boxes if box.middle > gutter.top],
        [box for box in beside if box.left < gutter.center],
        [box for box in beside if box.left >= gutter.center],
        [box for box in boxes if box.middle < gutter.bottom],
    )
    for part in filter(None, parts):
        yield from columns(part, rules)


def _main_gutter(boxes: Sequence[Box], rules: Sequence[Box]) -> _Gutter | None:
    """Return the gutter with the most lines beside it."""
    ordered = sorted([*boxes, *rules], key=lambda box: -box.middle)
    found: list[_Gutter] = []
    for place, box in enumerate(ordered):
        gap = _gap_beside(box, ordered, place) if isinstance(box, Piece) else None
        if gap is not None and not any(_lies_in(gap, known) for known in found):
            found.append(_extended(gap, ordered, place))
    prose = [gutter for gutter in found if gutter.lines >= _LEAST_LINES]
    return max(prose, key=lambda gutter: gutter.lines, default=None)


def _gap_beside(piece: Piece, ordered: Sequence[Box], place: int) -> Box | None:
    """Return the gap between a piece and the next one on the right at its height."""
    beside = [
        box.left
        for box in _near(piece, ordered, place)
        if box.left >= piece.right and box.bottom < piece.top and box.top > piece.bottom
    ]
    nearest = min(beside, default=0.0)
    if nearest - piece.right < _NARROWEST_GUTTER:
        return None
    return Box(piece.right, nearest, piece.bottom, piece.top)


def _near(piece: Piece, ordered: Sequence[Box], place: int) -> Iterator[Box]:
    for direction in (range(place - 1, -1, -1), range(place + 1, len(ordered))):
        for other in direction:
            if abs(ordered[other].middle - piece.middle) > piece.height:
                break
            if isinstance(ordered[other], Piece):
                yield ordered[other]


def _lies_in(gap: Box, gutter: _Gutter) -> bool:
    return gutter.bottom <= gap.middle <= gutter.top and gap.left <= gutter.center <= gap.right


def _extended(gap: Box, ordered: Sequence[Box], place: int) -> _Gutter:
    """Return a gap as far up and down as nothing crosses it, and as wide as what stands beside it leaves."""
    left, right = gap.left, gap.right
    before: list[Box] = []
    after: list[Box] = []
    for direction in (range(place, -1, -1), range(place + 1, len(ordered))):
        for other in direction:
            box = ordered[other]
            room_after, room_before = right - max(box.right, left), min(box.left, right) - left
            if max(room_after, room_before) < _NARROWEST_GUTTER:
                break
            if room_after > room_before:
                left = max(box.right, left)
                before.append(box)
            else:
                right = min(box.left, right)
                after.append(box)
    beside = [*before, *after]
    bottom, top = min(box.bottom for box in beside), max(box.top for box in beside)
    return _Gutter(left, right, bottom, top, min(_count_lines(before), _count_lines(after)))


def _count_lines(boxes: Iterable[Box]) -> int:
    """Return the number of lines, 0 when they hold but a few words each and are no prose.

    Lines of a narrow column are short as well, but a word goes on or a sentence does in many of them.
    """
    # In bytes, since a letter of Chinese or Japanese says as much as three of others.
    texts = [
        " ".join(piece.text for piece in line)
        for line in lines_of(box for box in boxes if isinstance(box, Piece))
    ]
    lengths = [len(text.encode()) for text in texts]
    # Each letter counts by the length of its line.
    usual = sum(length**2 for length in lengths) / (sum(lengths) or 1)
    going_on = sum(
        above.endswith("-") or (below[0].islower() and " " in above) for above, below in pairwise(texts)
    )
    is_narrow_prose = usual >= _SHORTEST_NARROW_LINE and going_on >= _LEAST_GOING_ON * len(texts)
    return len(texts) if texts and (usual >= _SHORTEST_PROSE_LINE or is_narrow_prose) else 0
