"""Take from a PDF page what its layout is read from: pieces of text with their places, and ruled lines."""

from __future__ import annotations

import ctypes
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise, zip_longest

import pypdfium2
import pypdfium2.raw as pdfium

from devstack.bedrock.knowledge.reading.marks import lowered, raised, struck
from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece

# Gaps in heights of the letters: one as wide as they are high parts columns, spaces are narrower.
_WIDEST_SPACE = 0.9
_WIDEST_SPACE_AFTER_MARK = 4.0
_USUAL_SPACE = 0.6
_NO_SPACE = 0.2
_ENTRY_MARK = re.compile(r"[•‣▪●○◦■□–*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_CLOSING_MARK = re.compile(r"[,.;:!?)\xad]")
_MOST_LEVEL_RADIANS = 0.1
_SMALL, _SMALLER = 0.8, 0.95
_LEAST_RISE = 0.12
_HIGH_INK = 0.25
_RAISED, _LOWERED, _LEVEL = "raised", "lowered", "level"
_DIGIT = re.compile(r"\d")
_SHIFTED = re.compile(r"[\w+−–-]")
_STRIKE_HEIGHTS = (0.3, 0.65)
# The first two are what PDFium writes for a hyphen at a line's end.
_HYPHENS = {0x02: "-", 0xFFFE: "-", 0x2010: "-", 0x2011: "-"}
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")


def words_of(text_page: pypdfium2.PdfTextPage) -> Iterator[tuple[Piece, float]]:
    """Yield the words in PDFium's order, each with the angle of its line in radians.

    On a page full of narrow columns PDFium may take each letter for a line.
    """
    characters = _characters(text_page)
    before: tuple[Piece, float] | None = None
    end = 0
    for found in _WORD.finditer(characters):
        word, angle = _word(text_page, found)
        if before and characters[end : found.start()] == "\r\n" and _touches(before[0], word):
            joined = before[0].union(word)
            before = replace(word, left=joined.left, text=before[0].text + word.text), angle
        else:
            if before:
                yield before
            before = word, angle
        end = found.end()
    if before:
        yield before


def _word(text_page: pypdfium2.PdfTextPage, found: re.Match[str]) -> tuple[Piece, float]:
    angle = abs(pdfium.FPDFText_GetCharAngle(text_page.raw, found.start()))
    letters = [_letter(text_page, index) for index in (found.start(), found.end() - 1)]
    if _DIGIT.search(found[0]) or letters[0].size != letters[1].size:
        letters = [_letter(text_page, index) for index in range(found.start(), found.end())]
    base = max(letters, key=lambda letter: letter.size)
    around = letters[0].box.union(letters[-1].box)
    text = found[0]
    if len(letters) == len(text):
        text = _on_the_line(text, letters, base)
    # Letters beyond the first 65,536 may come in halves.
    halves = text.translate(_HYPHENS).encode("utf-16-le", "surrogatepass")
    text = halves.decode("utf-16-le", "replace")
    return Piece(around.left, around.right, base.box.bottom, base.box.top, text, base.size), angle


def _touches(before: Piece, word: Piece) -> bool:
    is_level = (before.bottom, before.size) == (word.bottom, word.size)
    return is_level and abs(word.left - before.right) < _NO_SPACE * word.height


@dataclass(frozen=True)
class _Letter:
    """A letter: its box, its size in points, where its line is, and where its ink begins above that."""

    box: Box
    size: float
    line: float
    bottom: float

    def shift(self, base: _Letter) -> str:
        """Return whether it is raised above another letter's line, lowered below it, or neither."""
        rise = (self.line - base.line) / (base.size or 1.0)
        if self.size < _SMALLER * base.size and abs(rise) > _LEAST_RISE:
            return _RAISED if rise > 0 else _LOWERED
        # A font may draw a small figure high up by itself.
        return _RAISED if self.bottom - self.line > _HIGH_INK * self.size else _LEVEL


def _letter(text_page: pypdfium2.PdfTextPage, index: int) -> _Letter:
    matrix, edges = pdfium.FS_MATRIX(), [ctypes.c_double() for _ in range(6)]
    left, right, bottom, top, x, y = edges
    pdfium.FPDFText_GetMatrix(text_page.raw, index, matrix)
    pdfium.FPDFText_GetCharBox(text_page.raw, index, left, right, bottom, top)
    pdfium.FPDFText_GetCharOrigin(text_page.raw, index, x, y)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    size = pdfium.FPDFText_GetFontSize(text_page.raw, index) * scale
    return _Letter(_box(text_page, index), size, y.value, bottom.value)


def _on_the_line(text: str, letters: Sequence[_Letter], base: _Letter) -> str:
    """Return a word with its raised and lowered letters written as what they are."""
    shifts = [
        letter.shift(base) if _SHIFTED.match(sign) else _LEVEL
        for sign, letter in zip(text, letters, strict=True)
    ]
    written = ""
    for shift, group in groupby(range(len(text)), key=lambda place: shifts[place]):
        places = list(group)
        part, after = text[places[0] : places[-1] + 1], text[places[-1] + 1 :]
        if shift == _LEVEL:
            written += part
        elif shift == _LOWERED:
            written += lowered(part, written)
        else:
            written += (
                f"({part}) " if after and not written and part.isdecimal() else raised(part, written, after)
            )
    return written


def _characters(text_page: pypdfium2.PdfTextPage) -> str:
    """Return the text so that each place in it is PDFium's number of the character."""
    text: str = text_page.get_text_range()
    count = text_page.count_chars()
    if len(text) == count:
        return text
    return "".join(chr(pdfium.FPDFText_GetUnicode(text_page.raw, index)) for index in range(count))


def _box(text_page: pypdfium2.PdfTextPage, index: int) -> Box:
    rectangle = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page.raw, index, rectangle)
    return Box(rectangle.left, rectangle.right, rectangle.bottom, rectangle.top)


def _beside(small: Piece, base: Piece, before: str, after: str) -> str:
    """Return a word in small letters as what it is: raised, lowered, or just small."""
    if small.middle > base.middle:
        return raised(small.text, before, after)
    return lowered(small.text, before)


def pieces_of(words: Sequence[Piece], rules: Sequence[Box], walls: Sequence[Box]) -> Iterator[Piece]:
    """Yield the words joined where no line end, wall or wide gap is, and crossed out by rules."""
    words = _crossed_out(words, rules)
    walls = sorted(walls, key=lambda wall: wall.left)
    lefts = [wall.left for wall in walls]
    start = 0
    box: Box = words[0] if words else Box(0, 0, 0, 0)
    for place, word in enumerate(words[1:], start=1):
        is_mark = place == start + 1 and _ENTRY_MARK.fullmatch(words[start].text)
        widest = _WIDEST_SPACE_AFTER_MARK if is_mark else _WIDEST_SPACE
        between = walls[bisect_left(lefts, box.right - 1) : bisect_right(lefts, word.left + 1)]
        is_parted = any(wall.bottom < word.middle < wall.top for wall in between)
        if not is_parted and _goes_on(box, word, widest):
            box = box.union(word)
        else:
            yield _joined_in_parts(words[start:place], box)
            start, box = place, word
    if words:
        yield _joined_in_parts(words[start:], box)


def _crossed_out(words: Sequence[Piece], rules: Sequence[Box]) -> list[Piece]:
    ordered = sorted(rules, key=lambda rule: rule.bottom)
    heights = [rule.bottom for rule in ordered]
    marked = []
    for word in words:
        low, high = (word.bottom + share * word.height for share in _STRIKE_HEIGHTS)
        through = ordered[bisect_left(heights, low) : bisect_right(heights, high)]
        is_struck = any(rule.left < word.left + 2 and rule.right > word.right - 2 for rule in through)
        marked.append(replace(word, text=struck(word.text)) if is_struck else word)
    return marked


def _goes_on(piece: Box, word: Box, widest_space: float) -> bool:
    """Tell whether a word stands on a piece's line, close to either of its ends."""
    gap = max(word.left - piece.right, piece.left - word.right)
    return piece.bottom < word.middle < piece.top and gap < widest_space * max(piece.height, word.height)


def _joined_in_parts(words: Sequence[Piece], box: Box) -> Piece:
    cuts = [
        place
        for place, (before, word) in enumerate(pairwise(words), start=1)
        if word.left - before.right > _USUAL_SPACE * max(before.size, word.size)
    ]
    piece = _joined(words, box)
    if not cuts:
        return piece
    groups = [words[start:end] for start, end in pairwise([0, *cuts, len(words)])]
    return replace(piece, parts=tuple(_joined(group, _around(group)) for group in groups))


def _around(words: Sequence[Piece]) -> Box:
    box: Box = words[0]
    for word in words[1:]:
        box = box.union(word)
    return box


def _joined(words: Sequence[Piece], box: Box) -> Piece:
    text = words[0].text
    for (before, word), following in zip_longest(pairwise(words), words[2:]):
        is_close = abs(word.left - before.right) < _NO_SPACE * before.height
        if is_close and _is_shifted(word, before):
            text += _beside(word, before, text, following.text if following else "")
        else:
            text += word.text if is_close and _CLOSING_MARK.match(word.text) else f" {word.text}"
    # As high as its longest word: a bullet or a mark may be larger.
    longest = max(words, key=lambda word: len(word.text))
    size = max(words, key=lambda word: len(word.text) * (word.size or 1.0)).size
    return Piece(box.left, box.right, longest.bottom, longest.top, text.replace("~~ ~~", " "), size)


def _is_shifted(word: Piece, before: Piece) -> bool:
    rise = abs(word.bottom - before.bottom) / (before.size or 1.0)
    return word.size < _SMALL * before.size or (word.size < _SMALLER * before.size and rise > _LEAST_RISE)


_MOST_RISE = 1.5
_SHORTEST_RULE = 10.0
_MOST_SHAPES = 5_000


@dataclass(frozen=True)
class Page:
    """What is on a page: its text, and the horizontal rules and vertical walls between it.

    `aside` is what is written from below or from above; `unplaced` is the text of a page that is mostly so.
    """

    pieces: list[Piece]
    rules: list[Box]
    walls: list[Box]
    aside: str
    unplaced: str


def read_page(page: pypdfium2.PdfPage) -> Page:
    """Read one page. Raises pypdfium2's PdfiumError."""
    text_page = page.get_textpage()
    words = list(words_of(text_page))
    level = [word for word, angle in words if angle <= _MOST_LEVEL_RADIANS]
    if len(level) < len(words) / 2:
        return Page([], [], [], "", text_page.get_text_range())
    rules, walls = _lines(page)
    # Across a page there is only a watermark.
    aside = " ".join(
        word.text for word, angle in words if abs(angle % math.pi - math.pi / 2) < _MOST_LEVEL_RADIANS
    )
    return Page(list(pieces_of(level, rules, walls)), rules, walls, aside, "")


def _lines(page: pypdfium2.PdfPage) -> tuple[list[Box], list[Box]]:
    """Return the horizontal and the vertical edges of the shapes on a page."""
    rules, walls = [], []
    for shape in islice(page.get_objects([pdfium.FPDF_PAGEOBJ_PATH], max_depth=1), _MOST_SHAPES):
        matrix = shape.get_matrix()
        corners = [matrix.on_point(*corner) for corner in _corners(shape)]
        for (left, bottom), (right, top) in pairwise(corners):
            edge = Box(min(left, right), max(left, right), min(bottom, top), max(bottom, top))
            if edge.height <= _MOST_RISE and edge.right - edge.left >= _SHORTEST_RULE:
                rules.append(Box(edge.left, edge.right, bottom, bottom))
            elif edge.right - edge.left <= _MOST_RISE and edge.height >= _SHORTEST_RULE:
                walls.append(Box(left, left, edge.bottom, edge.top))
    return rules, walls


def _corners(shape: pypdfium2.PdfObject) -> Iterator[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    for place in range(pdfium.FPDFPath_CountSegments(shape.raw)):
        pdfium.FPDFPathSegment_GetPoint(pdfium.FPDFPath_GetPathSegment(shape.raw, place), x, y)
        yield x.value, y.value
