"""Take from a PDF page what its layout is read from: pieces of text with their places, and ruled lines.

Coordinates are points from the page's lower left corner.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import pypdfium2
import pypdfium2.raw as pdfium

# A gap as wide as letters are high parts columns; spaces between words are narrower.
_WIDEST_SPACE = 0.9
_WIDEST_SPACE_AFTER_MARK = 4.0
_ENTRY_MARK = re.compile(r"[•‣▪●○◦■□–*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_MOST_LEVEL_RADIANS = 0.1
_MOST_RISE = 1.5
_SHORTEST_RULE = 15.0
_MOST_SHAPES = 5_000
# What PDFium writes for a hyphen at a line's end.
_HYPHENS = {0x02: "-", 0xFFFE: "-"}
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")


@dataclass(frozen=True)
class Box:
    """A place on a page."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Piece(Box):
    """Text on one line without a wide gap."""

    text: str


@dataclass(frozen=True)
class Page:
    """What is on a page; `unplaced` is its text when most of that does not run along level lines."""

    pieces: list[Piece]
    rules: list[Box]
    unplaced: str


def read_page(page: pypdfium2.PdfPage) -> Page:
    """Read one page. Raises pypdfium2's PdfiumError."""
    text_page = page.get_textpage()
    words = list(_words(text_page))
    level = [word for word in words if word is not None]
    if len(level) < len(words) / 2:
        return Page([], [], text_page.get_text_range())
    return Page(list(_pieces(level)), list(_rules(page)), "")


def _words(text_page: pypdfium2.PdfTextPage) -> Iterator[Piece | None]:
    """Yield the words in PDFium's order; None for one that is not on a level line."""
    for found in _WORD.finditer(_characters(text_page)):
        if abs(pdfium.FPDFText_GetCharAngle(text_page.raw, found.start())) > _MOST_LEVEL_RADIANS:
            yield None
            continue
        box = _union(_box(text_page, found.start()), _box(text_page, found.end() - 1))
        # Letters beyond the first 65,536 may come in halves.
        text = found[0].translate(_HYPHENS).encode("utf-16-le", "surrogatepass")
        yield Piece(box.left, box.right, box.bottom, box.top, text.decode("utf-16-le", "replace"))


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


def _pieces(words: list[Piece]) -> Iterator[Piece]:
    """Yield the words joined where no line ends and no wide gap is."""
    start = 0
    box: Box = words[0] if words else Box(0, 0, 0, 0)
    for place, word in enumerate(words[1:], start=1):
        is_mark = place == start + 1 and _ENTRY_MARK.fullmatch(words[start].text)
        if _goes_on(box, word, _WIDEST_SPACE_AFTER_MARK if is_mark else _WIDEST_SPACE):
            box = _union(box, word)
        else:
            yield _joined(words[start:place], box)
            start, box = place, word
    if words:
        yield _joined(words[start:], box)


def _joined(words: list[Piece], box: Box) -> Piece:
    # As high as its longest word: a bullet or a mark may be larger.
    longest = max(words, key=lambda word: len(word.text))
    text = " ".join(word.text for word in words)
    return Piece(box.left, box.right, longest.bottom, longest.top, text)


def _goes_on(piece: Box, word: Box, widest_space: float) -> bool:
    """Tell whether a word stands on a piece's line, close to either of its ends."""
    gap = max(word.left - piece.right, piece.left - word.right)
    return piece.bottom < word.middle < piece.top and gap < widest_space * max(piece.height, word.height)


def _union(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        max(one.right, other.right),
        min(one.bottom, other.bottom),
        max(one.top, other.top),
    )


def _rules(page: pypdfium2.PdfPage) -> Iterator[Box]:
    """Yield the horizontal edges of the shapes on a page."""
    for shape in islice(page.get_objects([pdfium.FPDF_PAGEOBJ_PATH], max_depth=1), _MOST_SHAPES):
        matrix = shape.get_matrix()
        corners = [matrix.on_point(*corner) for corner in _corners(shape)]
        for (left, bottom), (right, top) in pairwise(corners):
            if abs(top - bottom) <= _MOST_RISE and abs(right - left) >= _SHORTEST_RULE:
                yield Box(min(left, right), max(left, right), bottom, bottom)


def _corners(shape: pypdfium2.PdfObject) -> Iterator[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    for place in range(pdfium.FPDFPath_CountSegments(shape.raw)):
        pdfium.FPDFPathSegment_GetPoint(pdfium.FPDFPath_GetPathSegment(shape.raw, place), x, y)
        yield x.value, y.value
