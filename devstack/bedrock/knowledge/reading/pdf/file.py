"""Read PDF files as Markdown."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile

import pypdfium2

from devstack.bedrock.knowledge.reading.characters import tidy
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.markdown import title_of
from devstack.bedrock.knowledge.reading.pdf.boxes import Box, Piece
from devstack.bedrock.knowledge.reading.pdf.columns import columns
from devstack.bedrock.knowledge.reading.pdf.grids import boxed_tables
from devstack.bedrock.knowledge.reading.pdf.page import Page, read_page
from devstack.bedrock.knowledge.reading.pdf.prose import Column, written
from devstack.bedrock.knowledge.reading.pdf.tables import Line, Table, lines_of, loose_tables, ruled_tables

_EDGE_LINES = 2
_LEAST_PAGES = 3
_HEAD_AND_FOOT = 2
_LEAST_SHARE = 0.6
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"\W{0,3}(?:page|seite|página|pagina|strona|p\.|s\.)\s?\d{1,4}(?:\s?(?:/|of|von|de|di|van|sur|z)\s?\d{1,4})?\W{0,3}"
    r"|\d{1,4}\s?/\s?\d{1,4}",
    re.IGNORECASE,
)


def without_running_heads(pages: Sequence[Page]) -> list[Page]:
    """Return the pages with each such line on the first page only that has it, and no page numbers.

    What a page says more often than at its head and its foot, whatever its numbers, are rows of a table.
    """
    lines_each = [lines_of(page.pieces) for page in pages]
    edges = [_edge_lines(lines) for lines in lines_each]
    counts = Counter(key for lines in edges for key in {_key(line) for line in lines})
    for lines in lines_each:
        for key, count in Counter(map(_key, lines)).items():
            if count > _HEAD_AND_FOOT:
                del counts[key]
    least = max(_LEAST_PAGES, _LEAST_SHARE * len(pages))
    seen: set[str] = set()
    kept = []
    for page, lines in zip(pages, edges, strict=True):
        repeated = [
            line
            for line in lines
            if (counts[_key(line)] >= least and _key(line) in seen) or _PAGE_NUMBER.fullmatch(_text(line))
        ]
        dropped = {piece for line in repeated for piece in line}
        kept.append(replace(page, pieces=[piece for piece in page.pieces if piece not in dropped]))
        seen |= {_key(line) for line in lines}
    return kept


def _edge_lines(lines: list[Line]) -> list[Line]:
    return lines if len(lines) <= 2 * _EDGE_LINES else [*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]]


def _key(line: Sequence[Piece]) -> str:
    """Return what a line says, whatever its numbers."""
    return _DIGITS.sub("#", _text(line))


def _text(line: Sequence[Piece]) -> str:
    return " ".join(piece.text for piece in line)


# PDFium must not be called by two threads at once.
_PDFIUM = threading.Lock()
_PROTECTED = (4, 5)  # PDFium's numbers for a wrong password and for an unknown protection
_NO_TITLE = re.compile(
    r"\(?anonymous\)?|untitled|unbenannt|(?:document|dokument)\s?\d*|microsoft word - .*"
    r"|.*\.(?:docx?|html?|indd|md|odt|pdf|pptx?|tex|txt|xlsx?)|(?:https?|file)://\S*|about:blank",
    re.IGNORECASE,
)
_MOST_UNMAPPED_SHARE = 0.3
_UNMAPPED = re.compile(r"[\ue000-\uf8ff\ufffd]")


def read_pdf(body: bytes) -> Document:
    """Read a PDF; the title is that of its properties, else its first heading or line that stands alone.

    Raises UnreadableDocument.
    """
    try:
        with _PDFIUM, pypdfium2.PdfDocument(body) as file:
            file.init_forms()
            title = tidy(file.get_metadata_value("Title")).strip()
            pages = without_running_heads([read_page(_page(file, place)) for place in range(len(file))])
    except pypdfium2.PdfiumError as error:
        if error.err_code in _PROTECTED:
            raise UnreadableDocument("The PDF is protected by a password. Save it without one.") from error
        raise UnreadableDocument("The PDF is damaged. Open it, and save or print it as PDF again.") from error
    text = tidy(written(_with_whole_tables(column for page in pages for column in _columns(page))))
    if len(_UNMAPPED.findall(text)) > _MOST_UNMAPPED_SHARE * len(text):
        raise UnreadableDocument("The PDF does not say which letters it draws. Run text recognition (OCR).")
    return Document(title_of(text) if _NO_TITLE.fullmatch(title) or not title else title, text)


def _page(file: pypdfium2.PdfDocument, place: int) -> pypdfium2.PdfPage:
    """Return a page on which what is filled into a form is text as well."""
    if file.formenv:
        with suppress(pypdfium2.PdfiumError):  # what else is on it can be read
            file[place].flatten()
    return file[place]


def _columns(page: Page) -> Iterator[Column]:
    """Yield the columns of a page with their lines and tables."""
    if page.unplaced:
        yield [Piece(0, 0, 0, 0, line.strip()) for line in page.unplaced.split("\n") if line.strip()]
        return
    tables = list(boxed_tables(page.pieces, page.rules, page.walls))
    boxes: list[Box] = _outside(page.pieces, tables)
    tables += ruled_tables([piece for piece in boxes if isinstance(piece, Piece)], page.rules)
    boxes = _outside(page.pieces, tables)
    for column in columns([*boxes, *(table for table, _ in tables)], page.rules):
        yield list(_parts(column))
    if page.aside:
        yield [Piece(0, 0, 0, 0, page.aside)]


def _outside(pieces: Sequence[Piece], tables: Sequence[tuple[Table, list[Piece]]]) -> list[Box]:
    inside = {piece for _, in_table in tables for piece in in_table}
    return [piece for piece in pieces if piece not in inside]


def _parts(column: Sequence[Box]) -> Iterator[Piece | Table]:
    """Yield the lines and tables of a column from the top down."""
    whole = sorted((box for box in column if isinstance(box, Table)), key=lambda table: -table.middle)
    lines = lines_of(box for box in column if isinstance(box, Piece))
    for table in [*whole, None]:
        above = [line for line in lines if table is None or line[0].middle > table.middle]
        lines = lines[len(above) :]
        for part in loose_tables(above):
            yield part if isinstance(part, Table) else _joined(part)
        if table is not None:
            yield table


def _joined(line: Line) -> Piece:
    first = line[0]
    return Piece(first.left, line[-1].right, first.bottom, first.top, _text(line), first.size)


def _with_whole_tables(columns: Iterator[Column]) -> Iterator[Column]:
    """Yield the columns with each table whole that goes on in the next column or on the next page."""
    open_table: Table | None = None
    for column in columns:
        parts = list(column)
        first = parts[0] if parts else None
        if open_table and isinstance(first, Table) and len(first.rows[0]) == len(open_table.rows[0]):
            pairs = zip(first.rows, open_table.rows, strict=False)
            head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            open_table = replace(open_table, rows=open_table.rows + first.rows[head:])
            del parts[0]
            if not parts:
                continue
        if open_table:
            yield [open_table]
        last = parts[-1] if parts else None
        open_table = last if isinstance(last, Table) else None
        yield parts[:-1] if open_table else parts
    if open_table:
        yield [open_table]
