"""Lay the cells of a web page's table out in rows of one width: merged cells are repeated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

_MOST_SPANNED = 1_000
_LAYOUT_ROLES = frozenset({"none", "presentation"})
_ROW_GROUPS = frozenset({"tbody", "tfoot", "thead"})
_PAGE_PARTS = ("table", "h1", "h2", "h3", "h4", "pre")


@dataclass
class _Spanning:
    """A cell that reaches into the rows below."""

    text: str
    rows_left: int


def own_rows(table: HtmlElement) -> list[HtmlElement]:
    """Return the rows of a table, without those of tables inside it."""
    parts = (part if part.tag in _ROW_GROUPS else [part] for part in table)
    return [row for part in parts for row in part if row.tag == "tr"]


def own_cells(row: HtmlElement) -> list[HtmlElement]:
    """Return the cells of a row."""
    return [cell for cell in row if cell.tag in ("td", "th")]


def is_layout(table: HtmlElement) -> bool:
    """Tell whether a table only arranges parts of a page."""
    if table.get("role") in _LAYOUT_ROLES or all(len(own_cells(row)) < 2 for row in own_rows(table)):
        return True
    has_names = any(cell.tag == "th" for row in own_rows(table) for cell in own_cells(row))
    return not has_names and any(table.find(f".//{part}") is not None for part in _PAGE_PARTS)


def count_header_rows(table: HtmlElement) -> int | None:
    """Return how many rows name the columns; None when the page does not say."""
    rows = own_rows(table)
    heads = [row for row in rows if row.getparent().tag == "thead"]
    if heads:
        return len(heads)
    kinds = [[cell.tag for cell in own_cells(row)] for row in rows]
    if not any("th" in row for row in kinds):
        return None
    is_head = [row[-1:] == ["th"] and "td" not in row[1:] for row in kinds]
    names = next((place for place, named in enumerate(is_head) if not named), len(kinds))
    return names if names or all(row[:1] == ["th"] for row in kinds) else None


def table_rows(table: HtmlElement, text_of: Callable[[HtmlElement], str]) -> Iterator[list[str]]:
    """Yield the rows; a cell that takes the whole width is alone in its row."""
    above: dict[int, _Spanning] = {}
    for row in own_rows(table):
        cells = own_cells(row)
        yield from _with_spans(cells, above, text_of)


def _with_spans(
    cells: list[HtmlElement], above: dict[int, _Spanning], text_of: Callable[[HtmlElement], str]
) -> Iterator[list[str]]:
    found: list[str] = []
    waiting = cells[::-1]
    while waiting or len(found) in above:
        if (spanning := above.get(len(found))) is not None:
            spanning.rows_left -= 1
            if not spanning.rows_left:
                del above[len(found)]
            found.append(spanning.text)
            continue
        cell = waiting.pop()
        text, columns, rows = text_of(cell), _span(cell, "colspan"), _span(cell, "rowspan")
        is_label = len(cells) == 1 and columns > 1 and not above
        for _ in range(1 if is_label else columns):
            if rows > 1:
                above[len(found)] = _Spanning(text, rows - 1)
            found.append(text)
    yield found


def _span(cell: HtmlElement, name: str) -> int:
    given = (cell.get(name) or "").strip()
    if not given.isdecimal():
        return 1
    return min(int(given[:5]), _MOST_SPANNED) or (_MOST_SPANNED if name == "rowspan" else 1)
