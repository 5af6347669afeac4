"""Put the lines of a PDF together into paragraphs, and tell headings and lists from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from devstack.bedrock.knowledge.reading.pdf.boxes import Piece
from devstack.bedrock.knowledge.reading.pdf.hyphens import joined, words_of
from devstack.bedrock.knowledge.reading.pdf.tables import Table
from devstack.bedrock.knowledge.reading.tables import table_blocks

_BULLET = re.compile(r"[•‣▪●○◦■□–*-]\s+(?=\S)")
_ENTRY = re.compile(rf"{_BULLET.pattern}|\(?(?:\d{{1,2}}|[a-z])[.)]\s+(?=\S)")
_ENDS_SENTENCE = re.compile(r"[.!?:;。！？…]\W{0,2}\Z")
_WIDER = 1.35
_LARGER = 1.15
_SAME_HEIGHT = 0.12
_LONGEST_HEADING = 120
_LOWEST_LEVEL = 3

Column = Sequence["Piece | Table"]
"""The whole lines and the tables of a column, from the top down."""


@dataclass(frozen=True)
class _Paragraph:
    """Lines that belong together, and how high their letters are."""

    lines: tuple[Piece, ...]

    @property
    def height(self) -> float:
        return self.lines[0].height

    @property
    def is_entry(self) -> bool:
        return _ENTRY.match(self.lines[0].text) is not None


def written(columns: Iterable[Column]) -> str:
    """Return the Markdown of a document's columns, in reading order."""
    parts = list(_paragraphs(columns))
    known = words_of([line.text for part in parts if isinstance(part, _Paragraph) for line in part.lines])
    levels = _heading_levels(parts)
    text = ""
    for before, part in pairwise([None, *parts]):
        if isinstance(part, Table):
            text += "\n\n" + "\n\n".join(table_blocks(part.rows))
        elif part is not None:
            goes_on = part.is_entry and isinstance(before, _Paragraph) and before.is_entry
            text += ("\n" if goes_on else "\n\n") + _markdown(part, known, levels)
    return text.strip()


def _markdown(paragraph: _Paragraph, known: frozenset[str], levels: dict[float, int]) -> str:
    text, *others = (line.text for line in paragraph.lines)
    for line in others:
        text = joined(text, line, known)
    level = levels.get(round(paragraph.height)) if len(text) <= _LONGEST_HEADING else None
    return (
        f"{'#' * level} {text}" if level else _BULLET.sub("- ", text, count=1) if paragraph.is_entry else text
    )


def _heading_levels(parts: Sequence[_Paragraph | Table]) -> dict[float, int]:
    """Return the level of a heading by the height of its letters, larger ones than most of the text has."""
    letters: Counter[int] = Counter()
    for part in parts:
        if isinstance(part, Table):
            letters[round(part.letter_height)] += sum(len(cell) for row in part.rows for cell in row)
        else:
            letters[round(part.height)] += sum(len(line.text) for line in part.lines)
    usual = letters.most_common(1)[0][0] if letters else 0
    larger = sorted((height for height in letters if height >= _LARGER * usual), reverse=True)
    return {height: min(rank, _LOWEST_LEVEL) for rank, height in enumerate(larger, start=1)}


def _paragraphs(columns: Iterable[Column]) -> Iterator[_Paragraph | Table]:
    """Yield the paragraphs, those that go on in the next column or on the next page in one."""
    open_lines: list[Piece] = []
    for column in columns:
        breaks = _Breaks(column)
        for place, part in enumerate(column):
            is_line = isinstance(part, Piece)
            if open_lines and not (is_line and _go_on(open_lines[-1], part, breaks if place else None)):
                yield _Paragraph(tuple(open_lines))
                open_lines = []
            if isinstance(part, Piece):
                open_lines.append(part)
            else:
                yield part
    if open_lines:
        yield _Paragraph(tuple(open_lines))


class _Breaks:
    """Where the paragraphs of a column end."""

    def __init__(self, column: Column) -> None:
        lines = [part for part in column if isinstance(part, Piece)]
        pitches = [above.middle - below.middle for above, below in pairwise(lines)]
        self._usual_pitch = median(pitches) if pitches else 0.0
        self._left = min((line.left for line in lines), default=0.0)
        self._right = max((line.right for line in lines), default=0.0)
        self._titles = {
            line
            for line, below in pairwise(lines)
            if self._had_room(line, below) and not _ENDS_SENTENCE.search(line.text)
        }

    def between(self, above: Piece, below: Piece) -> bool:
        """Tell whether a line begins a paragraph."""
        if above.middle - below.middle > _WIDER * max(self._usual_pitch, above.height):
            return True
        if below.text[0].islower() or above.text.endswith("-"):
            return False
        is_indented = below.left - self._left > below.height and above.left - self._left < 1.0
        is_title = below in self._titles and _ENDS_SENTENCE.search(above.text)
        return bool(is_indented or is_title or above.text.endswith("?") or self._had_room(above, below))

    def _had_room(self, above: Piece, below: Piece) -> bool:
        """Tell whether a line's first word had room on the line above, had it belonged there."""
        first_word = below.text.split(" ", 1)[0]
        needed = (below.right - below.left) * (len(first_word) + 1) / len(below.text)
        return not below.text[0].islower() and self._right - above.right > needed


def _go_on(above: Piece, below: Piece | Table, breaks: _Breaks | None) -> bool:
    """Tell whether a paragraph goes on with a line; without `breaks` that one is in another column."""
    if isinstance(below, Table) or _ENTRY.match(below.text):
        return False
    if abs(above.height - below.height) > _SAME_HEIGHT * above.height:
        return False
    if breaks is None:
        return below.text[0].islower() and not _ENDS_SENTENCE.search(above.text)
    return not breaks.between(above, below)
