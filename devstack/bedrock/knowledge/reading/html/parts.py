"""Read what stands in a line of a web page, and lay the cells of a table out in rows of one width."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from lxml.html import HtmlElement

from devstack.bedrock.knowledge.reading.marks import linked, lowered, raised, struck

_STRUCK = frozenset({"del", "s", "strike"})
_STRIKING_STYLE = re.compile(r"line-through", re.IGNORECASE)
_SHIFTING_STYLE = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
_STYLE_COMMENT_OR_BLOCK = re.compile(r"/\*.*?\*/|@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.DOTALL)
_STYLE_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CLASS_SELECTOR = re.compile(r"(?:^|,)\s*\w*\.([\w-]+)\s*(?=,|$)")
_TELLING_STYLE = re.compile(r"(?:line-through|vertical-align\s*:\s*su(?:per|b))\b", re.IGNORECASE)
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_HEADING_TAGS = frozenset({"dt", "h1", "h2", "h3", "h4", "h5", "h6", "summary", "th", "title"})
_PARAGRAPHS = frozenset({"div", "li", "p"})
_EQUATIONS = frozenset({"mfrac", "mroot", "msqrt", "msub", "msubsup", "msup"})
_BREAK = "\v"
_SPACES = re.compile(r"[^\S\v]+")
_AROUND_BREAK = re.compile(r" *\v *")
_PIECES_BEFORE = 6


def inline_text(element: HtmlElement) -> str:
    """Return what an element holds as text; only <br> ends a line."""
    pieces: list[str] = []
    write_content(element, pieces)
    return tidy_inline(pieces)


def tidy_inline(pieces: Sequence[str]) -> str:
    """Collapse white space as a browser does."""
    return _AROUND_BREAK.sub("\n", _SPACES.sub(" ", "".join(pieces))).strip()


def set_styles(page: HtmlElement) -> None:
    """Write on each element what its classes say that changes the sense: crossed out, raised, lowered."""
    sheets = "\n".join(_STYLE_COMMENT_OR_BLOCK.sub("", each.text or "") for each in page.iter("style"))
    styles = {
        name: rule
        for selectors, rule in _STYLE_RULE.findall(sheets)
        if _TELLING_STYLE.search(rule)
        for name in _CLASS_SELECTOR.findall(selectors)
    }
    for element in page.iter() if styles else ():
        for name in (element.get("class") or "").split():
            if name in styles:
                element.set("style", f"{element.get('style') or ''};{styles[name]}")


def is_struck(element: HtmlElement) -> bool:
    """Tell whether an element is crossed out."""
    return element.tag in _STRUCK or _STRIKING_STYLE.search(element.get("style") or "") is not None


def write_content(element: HtmlElement, pieces: list[str]) -> None:
    """Append the text of what an element holds."""
    pieces.append(element.text or "")
    for child in element:
        write_inline(child, pieces)
        pieces.append(child.tail or "")


def write_inline(element: HtmlElement, pieces: list[str]) -> None:
    """Append the text of an element with the marks of its kind."""
    if element.tag == "br":
        pieces.append(_BREAK)
    elif element.tag == "img":
        pieces.append(element.get("alt") or "")
    elif element.tag == "input":
        pieces.append(_box(element))
    elif element.tag in _EQUATIONS:
        pieces.append(_equation(element))
    else:
        own: list[str] = []
        write_content(element, own)
        pieces.append(_marked(element, "".join(own), "".join(pieces[-_PIECES_BEFORE:])))


def _box(element: HtmlElement) -> str:
    if element.get("type") not in ("checkbox", "radio"):
        return ""
    return "[x] " if element.get("checked") is not None else "[ ] "


def _marked(element: HtmlElement, text: str, before: str) -> str:
    if not text.strip():
        return text
    if is_struck(element):
        return struck(text)
    if element.tag == "a" and not _is_in_heading(element):
        return linked(text, element.get("href") or "")
    if element.tag in _CODE and "`" not in text:
        return f"`{text.strip()}`"
    if element.tag == "math":
        return f" {text}" if before[-1:].isdigit() and text.lstrip()[0].isdigit() else text
    if element.tag == "q":
        return f"“{text}”"
    shifted = _SHIFTING_STYLE.search(element.get("style") or "")
    if element.tag == "sup" or (shifted and shifted[1].lower() == "super"):
        return raised(text.strip(), before, element.tail or "")
    if element.tag == "sub" or shifted:
        return lowered(text.strip(), before)
    return f" {text} " if element.tag in _PARAGRAPHS else text


def _equation(element: HtmlElement) -> str:
    """Return a fraction, power, index or root of MathML on the line."""
    inner = [inline_text(part) for part in element]
    base, *others = inner or [""]
    if element.tag == "mfrac":
        return "/".join(inner)
    if element.tag in ("msqrt", "mroot"):
        return f"√({base})" if len(inner) == 1 else f"{raised(others[0], ' ')}√({base})" if others else base
    index = others[0] if element.tag != "msup" and others else ""
    power = others[-1] if element.tag != "msub" and others else ""
    lower = f"{base}{lowered(index, base)}" if index else base
    return f"{lower}{raised(power, lower)}" if power else lower


def _is_in_heading(element: HtmlElement) -> bool:
    return any(around.tag in _HEADING_TAGS for around in element.iterancestors())


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
    for _, rows in groupby(own_rows(table), key=lambda row: row.getparent()):
        above: dict[int, _Spanning] = {}  # no cell reaches out of its part of the table
        for row in rows:
            yield from _with_spans(own_cells(row), above, text_of)


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
