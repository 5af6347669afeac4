"""Turn HTML into readable Markdown: headings, paragraphs, lists, tables and code, no scripts or menus."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

_DROPPED = ("script", "style", "nav", "noscript", "template", "svg", "iframe")
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "ol", "p",
    "pre", "section", "summary", "table", "ul", *_HEADINGS,
}  # fmt: skip
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_LINE_END = re.compile(r" *\n *")


def html_to_text(html: str) -> tuple[str | None, str]:
    """Return the title (the <title>, else the first heading) and the text.

    Raises bs4's ParserRejectedMarkup, and RecursionError when elements are nested absurdly deep.
    """
    # The outer element keeps BeautifulSoup from warning that a short text looks like a path or like XML.
    soup = BeautifulSoup(f"<html>{html}", "html.parser")
    for dropped in soup.find_all(_DROPPED):
        dropped.decompose()
    title = _inline_text(soup.title) if soup.title else ""
    for head in soup.find_all(["head", "title"]):
        head.decompose()
    heading = soup.find(list(_HEADINGS))
    title = title or (_inline_text(heading) if isinstance(heading, Tag) else "")
    return title or None, "\n\n".join(block for block in _blocks(soup) if block.strip())


def _blocks(parent: Tag) -> Iterator[str]:
    """Yield the blocks of an element; text between two block elements is a paragraph."""
    inline: list[str] = []
    for child in parent.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(list(_BLOCKS))):
            yield _tidy("".join(inline))
            inline = []
            yield from _block(child)
        else:
            inline.append(_raw_text(child))
    yield _tidy("".join(inline))


def _block(element: Tag) -> Iterator[str]:
    if element.name in _HEADINGS:
        yield f"{_HEADINGS[element.name]} {_inline_text(element)}"
    elif element.name in ("ul", "ol"):
        yield "\n".join(_list_lines(element))
    elif element.name == "table":
        yield "\n".join(_table_lines(element))
    elif element.name == "pre":
        yield f"```\n{element.get_text().strip()}\n```"
    else:
        yield from _blocks(element)


def _list_lines(element: Tag) -> Iterator[str]:
    for number, item in enumerate(element.find_all("li", recursive=False), start=1):
        mark = f"{number}. " if element.name == "ol" else "- "
        lines = "\n".join(block for block in _blocks(item) if block.strip()).split("\n")
        yield mark + lines[0]
        yield from (" " * len(mark) + line for line in lines[1:])


def _table_lines(element: Tag) -> Iterator[str]:
    rows = [
        [_inline_text(cell).replace("|", r"\|") for cell in row.find_all(["th", "td"])]
        for row in element.find_all("tr")
    ]
    for number, cells in enumerate(row for row in rows if row):
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield "|" + "---|" * len(cells)


def _inline_text(element: Tag) -> str:
    return _tidy("".join(_raw_text(child) for child in element.children)).replace("\n", " ")


def _raw_text(node: PageElement) -> str:
    if isinstance(node, Tag):
        if node.name == "br":
            return "\v"
        if node.name == "img":
            return str(node.get("alt") or "")
        return "".join(_raw_text(child) for child in node.children)
    is_markup = isinstance(node, PreformattedString)  # comments, doctypes, processing instructions
    return str(node) if isinstance(node, NavigableString) and not is_markup else ""


def _tidy(text: str) -> str:
    """Collapse white space as a browser does; only <br> ends a line."""
    lines = _SPACES.sub(" ", text.replace("\n", " ").replace("\v", "\n"))
    return _AROUND_LINE_END.sub("\n", lines).strip()
