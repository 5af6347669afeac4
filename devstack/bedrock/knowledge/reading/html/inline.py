"""Write the running text of a web page, keeping the marks that change what it says: "~~39~~ 24", "10^6"."""

import re
from collections.abc import Sequence

from lxml.html import HtmlElement

from devstack.bedrock.knowledge.reading.marks import lowered, raised, struck

_STRUCK = frozenset({"del", "s", "strike"})
_STRIKING_STYLE = re.compile(r"line-through", re.IGNORECASE)
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_PARAGRAPHS = frozenset({"div", "li", "p"})
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
    if element.tag in _CODE and "`" not in text:
        return f"`{text.strip()}`"
    if element.tag == "q":
        return f"“{text}”"
    if element.tag == "sup":
        return raised(text.strip(), before, element.tail or "")
    if element.tag == "sub":
        return lowered(text.strip(), before)
    return f" {text} " if element.tag in _PARAGRAPHS else text
