"""Take from a PDF page what its layout is read from: pieces of text with their places, and ruled lines."""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise, zip_longest

import pypdfium2
import pypdfium2.raw as pdfium

from devstack.bedrock.knowledge.reading.marks import lowered, raised, struck
from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece

# Gaps in heights of the letters: one as wide as they are high parts columns, spaces are narrower.
_WIDEST_SPACE = 0.9
_WIDEST_SPACE_AFTER_MARK = 4.0
_NO_SPACE = 0.2
_ENTRY_MARK = re.compile(r"[•‣▪●○◦■□–*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_CLOSING_MARK = re.compile(r"[,.;:!?)]")
_MOST_LEVEL_RADIANS = 0.1
_SMALL = 0.8
_STRIKE_HEIGHTS = (0.3, 0.65)
# What PDFium writes for a hyphen at a line's end.
_HYPHENS = {0x02: "-", 0xFFFE: "-"}
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")


def words_of(text_page: pypdfium2.PdfTextPage) -> Iterator[Piece | None]:
    """Yield the words in PDFium's order; None for one that is not on a level line."""
    for found in _WORD.finditer(_characters(text_page)):
        if abs(pdfium.FPDFText_GetCharAngle(text_page.raw, found.start())) > _MOST_LEVEL_RADIANS:
            yield None
            continue
        first, last = _box(text_page, found.start()), _box(text_page, found.end() - 1)
        # Letters beyond the first 65,536 may come in halves.
        halves = found[0].translate(_HYPHENS).encode("utf-16-le", "surrogatepass")
        text = halves.decode("utf-16-le", "replace")
        around = first.union(last)
        word = Piece(around.left, around.right, around.bottom, around.top, text)
        if last.height < _SMALL * first.height:
            small = next(i for i in range(found.start(), found.end()) if _is_small(_box(text_page, i), first))
            start = small - found.start()
            text = text[:start] + _beside(last, first, text[start:], text[:start], "")
            word = replace(word, bottom=first.bottom, top=first.top, text=text)
        yield word


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


def _is_small(box: Box, beside: Box) -> bool:
    return box.height < _SMALL * beside.height


def _beside(small: Box, base: Box, text: str, before: str, after: str) -> str:
    """Return a text in small letters as what it is: raised, lowered, or just small."""
    if small.middle > base.middle:
        return raised(text, before, after)
    return lowered(text, before)


def pieces_of(words: Sequence[Piece], rules: Sequence[Box]) -> Iterator[Piece]:
    """Yield the words joined where no line ends and no wide gap is, and crossed out where a rule does so."""
    words = _crossed_out(words, rules)
    start = 0
    box: Box = words[0] if words else Box(0, 0, 0, 0)
    for place, word in enumerate(words[1:], start=1):
        is_mark = place == start + 1 and _ENTRY_MARK.fullmatch(words[start].text)
        if _goes_on(box, word, _WIDEST_SPACE_AFTER_MARK if is_mark else _WIDEST_SPACE):
            box = box.union(word)
        else:
            yield _joined(words[start:place], box)
            start, box = place, word
    if words:
        yield _joined(words[start:], box)


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


def _joined(words: Sequence[Piece], box: Box) -> Piece:
    text = words[0].text
    for (before, word), following in zip_longest(pairwise(words), words[2:]):
        is_close = 0 <= word.left - before.right < _NO_SPACE * before.height
        if is_close and _is_small(word, before):
            text += _beside(word, before, word.text, text, following.text if following else "")
        else:
            text += word.text if is_close and _CLOSING_MARK.match(word.text) else f" {word.text}"
    # As high as its longest word: a bullet or a mark may be larger.
    longest = max(words, key=lambda word: len(word.text))
    return Piece(box.left, box.right, longest.bottom, longest.top, text.replace("~~ ~~", " "))


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
