"""Take off the pages of a PDF what stands at the edge of most of them: names, dates, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from devstack.bedrock.knowledge.reading.pdf.boxes import Piece
from devstack.bedrock.knowledge.reading.pdf.page import Page
from devstack.bedrock.knowledge.reading.pdf.tables import Line, lines_of

_EDGE_LINES = 2
_LEAST_PAGES = 3
_LEAST_SHARE = 0.6
_DIGITS = re.compile(r"\d+")


def without_running_heads(pages: Sequence[Page]) -> list[Page]:
    """Return the pages with each such line on the first page only that has it."""
    edges = [_edge_lines(page) for page in pages]
    counts = Counter(key for lines in edges for key in {_key(line) for line in lines})
    least = max(_LEAST_PAGES, _LEAST_SHARE * len(pages))
    seen: set[str] = set()
    kept = []
    for page, lines in zip(pages, edges, strict=True):
        repeated = [line for line in lines if counts[_key(line)] >= least and _key(line) in seen]
        dropped = {piece for line in repeated for piece in line}
        kept.append(replace(page, pieces=[piece for piece in page.pieces if piece not in dropped]))
        seen |= {_key(line) for line in lines}
    return kept


def _edge_lines(page: Page) -> list[Line]:
    lines = lines_of(page.pieces)
    return lines if len(lines) <= 2 * _EDGE_LINES else [*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]]


def _key(line: Sequence[Piece]) -> str:
    """Return what a line says, whatever its numbers."""
    return _DIGITS.sub("#", " ".join(piece.text for piece in line))
