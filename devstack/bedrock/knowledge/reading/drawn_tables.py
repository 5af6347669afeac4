"""Read the tables that a text draws with spaces, or with `+`, `-` and `|`, as programs print them."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from devstack.bedrock.knowledge.reading.tables import table_blocks

_LEAST_ROWS = 3
# Some write two spaces behind a full stop.
_GAP = re.compile(r"\t+| {3,}|(?<![.!?]) {2}")
_BORDER = re.compile(r"\s*\+(?:[-=]+\+)+\s*\Z")
_BOXED_ROW = re.compile(r"\s*\|.*\|\s*\Z")
_RULE = re.compile(r"[ \t]*[-=]+(?:[ \t+]+[-=]+)+[ \t]*\Z")
_SQL_RULE = re.compile(r"(?m)^[ \t]*-+(?:\+-+)+[ \t]*$")
_NO_ROW = re.compile(r"\s*(?:[-*+•>#|]|\d+[.)]\s)")


def with_drawn_tables(text: str) -> str:
    """Return the text with its drawn tables as Markdown."""
    text = _SQL_RULE.sub(lambda found: found[0].replace("+", "|"), text)
    if "  " not in text and "\t" not in text and "+-" not in text:
        return text
    lines = text.split("\n")
    parts: list[str] = []
    for (shape, _), group in groupby(lines, key=_shape):
        part = list(group)
        blocks = _spaced(part) if shape == "spaced" else _boxed(part) if shape == "boxed" else []
        parts.append("\n" + "\n\n".join(blocks) + "\n" if blocks else "\n".join(part))
    return "\n".join(parts)


def _shape(line: str) -> tuple[str, int]:
    """Return what a line can be part of; lines of a table are alike."""
    if _BORDER.match(line) or _BOXED_ROW.match(line):
        return "boxed", 0
    if _RULE.match(line):
        return "spaced", len(line.split())
    cells = _GAP.split(line.strip())
    return ("spaced", len(cells)) if len(cells) > 1 and not _NO_ROW.match(line) else ("text", 0)


def _spaced(lines: Sequence[str]) -> list[str]:
    rows = [_GAP.split(line.strip()) for line in lines if not _RULE.match(line)]
    return table_blocks(rows) if len(rows) >= _LEAST_ROWS and len(rows[0]) > 1 else []


def _boxed(lines: Sequence[str]) -> list[str]:
    return table_blocks(list(_boxed_rows(lines))) if _BORDER.match(lines[0]) else []


def _boxed_rows(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows; a line without a first cell goes on with the row above it."""
    for is_border, group in groupby(lines, key=lambda line: _BORDER.match(line) is not None):
        rows: list[list[str]] = []
        for line in group if not is_border else ():
            cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
            if rows and not cells[0]:
                rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=False)]
            else:
                rows.append(cells)
        yield from rows
