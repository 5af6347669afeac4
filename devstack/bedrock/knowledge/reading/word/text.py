"""Write the text of a Word paragraph: not what is hidden or deleted, and marked what is crossed out."""

import re
from collections.abc import Iterator
from itertools import groupby, zip_longest

from lxml import etree

from devstack.bedrock.knowledge.reading.marks import lowered, raised, struck
from devstack.bedrock.knowledge.reading.word.xml import attribute, child, is_on, name_of

_SKIPPED = frozenset(
    {"Fallback", "del", "delText", "instrText", "moveFrom", "p", "pPr", "rPr", "rt", "sdtPr"}
)
_CHARACTERS = {"br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " ", "tab": " "}
_SPACES = re.compile(r"[^\S\n]+")
_PLAIN, _STRUCK, _RAISED, _LOWERED = "plain", "struck", "superscript", "subscript"

Piece = tuple[str, str]
"""How a text is set, and the text."""


def paragraph_text(paragraph: etree._Element) -> str:
    """Return what a paragraph says; a line break ends a line."""
    pieces = [piece for each in paragraph for piece in _pieces(each, _PLAIN)]
    groups = [
        (style, "".join(text for _, text in group))
        for style, group in groupby(pieces, key=lambda piece: piece[0])
    ]
    written = ""
    for (style, text), (_, after) in zip_longest(groups, groups[1:], fillvalue=("", "")):
        written += _set(style, text, written, after)
    return "\n".join(_SPACES.sub(" ", line).strip() for line in written.split("\n")).strip()


def _set(style: str, text: str, before: str, after: str) -> str:
    if style == _STRUCK:
        return struck(text)
    if style == _RAISED:
        return raised(text, before, after)
    return lowered(text, before) if style == _LOWERED else text


def _pieces(element: etree._Element, style: str) -> Iterator[Piece]:
    name = name_of(element)
    if name in _SKIPPED:
        return
    if name == "r":
        properties = child(element, "rPr")
        if is_on(properties, "vanish"):
            return
        style = _style_of(properties) or style
    if name == "t":
        yield style, element.text or ""
    elif name in _CHARACTERS:
        yield style, _CHARACTERS[name]
    elif name in ("footnoteReference", "endnoteReference"):
        yield _PLAIN, f" [{attribute(element, 'id')}]"
    else:
        yield from _equation(element, name, style)


def _equation(element: etree._Element, name: str, style: str) -> Iterator[Piece]:
    """Yield what an element holds; of an equation, powers, indexes and fractions as such."""
    inner_styles = {"sup": _RAISED, "sub": _LOWERED} if name in ("sSup", "sSub", "sSubSup") else {}
    for inner in element:
        if name == "f" and name_of(inner) == "den":
            yield style, "/"
        yield from _pieces(inner, inner_styles.get(name_of(inner), style))


def _style_of(properties: etree._Element | None) -> str | None:
    if is_on(properties, "strike", "dstrike"):
        return _STRUCK
    alignment = attribute(child(properties, "vertAlign"))
    return alignment if alignment in (_RAISED, _LOWERED) else None
