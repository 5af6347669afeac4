"""Put the lines of a PDF together into paragraphs, and tell headings and lists from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from devstack.bedrock.knowledge.reading.pdf.boxes import Piece
from devstack.bedrock.knowledge.reading.pdf.tables import Table
from devstack.bedrock.knowledge.reading.tables import table_blocks

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HEAD = re.compile(r"(-?)([^\W\d_]+)-\Z")
_TAIL = re.compile(r"([^\W\d_]+)(-?)")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_SOFT_HYPHEN = "\u00ad"
_RANGE_BEGINS = re.compile(r"\d[–/]\Z")

# "Liefer- und Versandkosten" leaves a part out; nothing is joined there.
_JOINING_WORDS = frozenset({"and", "bis", "en", "et", "oder", "of", "or", "ou", "to", "und", "y"})
# What English writes with a hyphen, and what it writes as one word though both parts are words.
_FIRST_PARTS = frozenset(
    {
        "all", "cross", "ex", "full", "half", "high", "long", "low", "mid", "multi", "non", "part", "real",
        "self", "short", "single", "well", "one", "two", "three", "four", "five", "six", "seven", "eight",
        "nine", "ten", "eleven", "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
        "eighty", "ninety", "first", "second", "third", "last", "next", "top", "best",
    }
)  # fmt: skip
_LAST_PARTS = frozenset(
    {
        "based", "effective", "facing", "free", "friendly", "in", "led", "level", "made", "off", "on",
        "only", "out", "party", "quality", "ready", "related", "resistant", "sized", "specific", "term",
        "up", "wide", "year",
    }
)  # fmt: skip
_CLOSED_FIRST_PARTS = frozenset(
    {
        "after", "any", "back", "down", "every", "fore", "hand", "here", "home", "how", "inter", "life",
        "net", "over", "out", "some", "super", "there", "through", "under", "up", "what", "when", "where",
        "with", "work",
    }
)  # fmt: skip
_SHORTEST_PART = 4


def words_of(lines: Sequence[str]) -> frozenset[str]:
    """Return the words of a document in lower case, compounds whole, but none that a line's end parts."""
    words: set[str] = set()
    for above, line in pairwise(["", *lines]):
        start = _TAIL.match(line) if above.endswith(("-", _SOFT_HYPHEN)) else None
        end = _HEAD.search(line)
        whole = line[start.end() if start else 0 : end.start() if end else len(line)]
        words.update(word.casefold() for word in _WORD.findall(whole))
    return frozenset(words)


def joined(above: str, below: str, known: frozenset[str]) -> str:
    """Return two lines of a paragraph as one; `known` are the words of the document.

    A word parted by a hyphen is joined, unless the document or English writes it with one.
    """
    if above.endswith(_SOFT_HYPHEN):
        return above[:-1] + below
    head, tail = _HEAD.search(above), _TAIL.match(below)
    if head is None or tail is None:
        keeps_together = above.endswith("-") and above[-2:-1].isalnum() and below[:1].isalnum()
        keeps_together |= bool(_RANGE_BEGINS.search(above)) and below[:1].isdigit()
        is_unspaced = _UNSPACED.match(above[-1:]) and _UNSPACED.match(below[:1])
        return above + below if keeps_together or is_unspaced else f"{above} {below}"
    if head[1] or tail[2] or not tail[1].islower():
        return above + below
    if tail[1] in _JOINING_WORDS:
        return f"{above} {below}"
    return above + below if _is_compound(head[2].casefold(), tail[1], known) else above[:-1] + below


def _is_compound(first: str, last: str, known: frozenset[str]) -> bool:
    if first + last in known:
        return False
    if f"{first}-{last}" in known or len(first) == 1 or first in _FIRST_PARTS:
        return True
    if first in _CLOSED_FIRST_PARTS:
        return False
    are_words = first in known and last in known and min(len(first), len(last)) >= _SHORTEST_PART
    return are_words or last in _LAST_PARTS


# Among them those that the fonts Symbol and Wingdings have in places of their own.
_BULLET = re.compile(r"[•‣▪●○◦■□–*\uf06c\uf06e\uf076\uf0a7\uf0b7\uf0d8\uf0fc-]\s+(?=\S)")
_ENTRY = re.compile(rf"{_BULLET.pattern}|\(?(?:\d{{1,2}}|[a-z])[.)]\s+(?=\S)")
_ENDS_SENTENCE = re.compile(r"[.!?:;。！？…]\W{0,2}\Z")
_WIDER = 1.35
_LARGER = 1.15
_SAME_SIZE = 0.12
_LONGEST_HEADING = 120
_LOWEST_LEVEL = 3

Column = Sequence["Piece | Table"]
"""The whole lines and the tables of a column, from the top down."""


@dataclass(frozen=True)
class _Paragraph:
    """Lines that belong together, and how large their letters are."""

    lines: tuple[Piece, ...]

    @property
    def size(self) -> float:
        return self.lines[0].size

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
    level = levels.get(_rounded(paragraph.size)) if len(text) <= _LONGEST_HEADING else None
    return (
        f"{'#' * level} {text}" if level else _BULLET.sub("- ", text, count=1) if paragraph.is_entry else text
    )


def _heading_levels(parts: Sequence[_Paragraph | Table]) -> dict[float, int]:
    """Return the level of a heading by the size of its letters, larger ones than most of the text has."""
    letters: Counter[float] = Counter()
    for part in parts:
        if isinstance(part, Table):
            letters[_rounded(part.letter_size)] += sum(len(cell) for row in part.rows for cell in row)
        else:
            letters[_rounded(part.size)] += sum(len(line.text) for line in part.lines)
    usual = letters.most_common(1)[0][0] if letters else 0.0
    if not usual:
        return {}  # no line of it has a place
    larger = sorted((size for size in letters if size >= _LARGER * usual), reverse=True)
    return {size: min(rank, _LOWEST_LEVEL) for rank, size in enumerate(larger, start=1)}


def _rounded(size: float) -> float:
    return round(2 * size) / 2


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
    if abs(above.size - below.size) > _SAME_SIZE * above.size:
        return False
    if breaks is None:
        return below.text[0].islower() and not _ENDS_SENTENCE.search(above.text)
    return not breaks.between(above, below)
