"""Take from a PDF page what its layout is read from: pieces of text with their places, and ruled lines."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece
from devstack.bedrock.knowledge.reading.pdf.words import pieces_of, words_of

_MOST_RISE = 1.5
_SHORTEST_RULE = 10.0
_MOST_SHAPES = 5_000


@dataclass(frozen=True)
class Page:
    """What is on a page; `unplaced` is its text when most of that does not run along level lines."""

    pieces: list[Piece]
    rules: list[Box]
    unplaced: str


def read_page(page: pypdfium2.PdfPage) -> Page:
    """Read one page. Raises pypdfium2's PdfiumError."""
    text_page = page.get_textpage()
    words = list(words_of(text_page))
    level = [word for word in words if word is not None]
    if len(level) < len(words) / 2:
        return Page([], [], text_page.get_text_range())
    rules = list(_rules(page))
    return Page(list(pieces_of(level, rules)), rules, "")


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
