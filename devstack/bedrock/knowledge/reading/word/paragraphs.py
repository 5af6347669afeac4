"""What is in the paragraphs of a Word file: their text, and a heading or a list's entry by their styles."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from types import MappingProxyType

from lxml import etree

from devstack.bedrock.knowledge.reading.marks import linked, lowered, raised, struck
from devstack.bedrock.knowledge.reading.word.xml import attribute, child, children, is_on, name_of, number

_SKIPPED = frozenset(
    {"Fallback", "del", "delText", "instrText", "moveFrom", "p", "pPr", "rPr", "rt", "sdtPr"}
)
_CHARACTERS = {"br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " ", "tab": " "}
# The ticks, crosses and boxes of Wingdings.
_SYMBOLS = {"FC": "✓", "FB": "✗", "FE": "☑", "FD": "☒", "A8": "☐", "6F": "☐", "78": "☒", "E0": "→", "F0": "→"}
_SPACES = re.compile(r"[^\S\n]+")
_TARGET = "target"
_PLAIN, _STRUCK, _RAISED, _LOWERED = "plain", "struck", "superscript", "subscript"

Piece = tuple[str, str]
"""How a text is set, and the text."""


def paragraph_text(paragraph: etree._Element, targets: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what a paragraph says; a line break ends a line.

    `targets` are what its links lead to, by the ids of their relationships.
    """
    for link in paragraph.iter() if targets else ():
        if name_of(link) == "hyperlink" and (target := targets.get(attribute(link, "id") or "")):
            link.set(_TARGET, target)
    pieces = [piece for each in paragraph for piece in _pieces(each, _PLAIN)]
    groups = [
        (style, "".join(text for _, text in group))
        for style, group in groupby(pieces, key=lambda piece: piece[0])
    ]
    written = ""
    for (style, text), (_, after) in zip_longest(groups, groups[1:], fillvalue=("", "")):
        written += _set(style, text, written, after)
    return "\n".join(_SPACES.sub(" ", line).strip() for line in written.split("\n")).strip()


def note_mark(kind: str, note_id: str | None) -> str:
    """Return what stands for a note until the whole file is read."""
    return f"\ue000{kind} {note_id}\ue001"


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
    if target := element.get(_TARGET):
        said = "".join(text for inner in element for _, text in _pieces(inner, style))
        yield style, linked(said, target)
    elif name == "t":
        yield style, element.text or ""
    elif name in _CHARACTERS:
        yield style, _CHARACTERS[name]
    elif name in ("footnoteReference", "endnoteReference"):
        yield _PLAIN, note_mark(name.removesuffix("Reference"), attribute(element, "id"))
    elif name == "sym":
        yield style, _SYMBOLS.get((attribute(element, "char") or "").upper()[-2:], "")
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


_LOWEST_LEVEL = 6
_BULLETS = frozenset({"bullet", "none"})
_MOST_ANCESTORS = 20


@dataclass(frozen=True)
class ListPlace:
    """Which list a paragraph is an entry of, and how deep in it."""

    list_id: str
    depth: int


class Styles:
    """The paragraph styles."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles = {attribute(style, "styleId"): style for style in children(root, "style")}

    def heading_level(self, paragraph: etree._Element) -> int | None:
        """Return 1 to 6 for a heading, 1 for the title of the whole; None for other paragraphs."""
        for properties, style_name in self._properties(paragraph):
            outline = child(properties, "outlineLvl")
            if outline is not None:
                level = number(outline, default=_LOWEST_LEVEL) + 1
                return level if level <= _LOWEST_LEVEL else None
            if style_name == "title":
                return 1
            kind, _, digits = style_name.partition(" ")
            if kind == "heading" and digits.isdecimal():
                return min(int(digits), _LOWEST_LEVEL) or 1
        return None

    def list_place(self, paragraph: etree._Element) -> ListPlace | None:
        """Return the list that a paragraph is an entry of."""
        depth: int | None = None
        for properties, _ in self._properties(paragraph):
            place = child(properties, "numPr")
            if (level := child(place, "ilvl")) is not None and depth is None:
                depth = number(level)
            if list_id := attribute(child(place, "numId")):
                return ListPlace(list_id, depth or 0) if list_id != "0" else None
        return None

    def _properties(self, paragraph: etree._Element) -> "list[tuple[etree._Element | None, str]]":
        """Return what is set for a paragraph, then for its style and the styles that this one builds on."""
        own = child(paragraph, "pPr")
        found = [(own, "")]
        style_id = attribute(child(own, "pStyle"))
        while style_id in self._styles and len(found) < _MOST_ANCESTORS:
            style = self._styles[style_id]
            found.append((child(style, "pPr"), (attribute(child(style, "name")) or "").casefold()))
            style_id = attribute(child(style, "basedOn"))
        return found


@dataclass
class Numbering:
    """The lists of a file; counts their entries while the text is read."""

    root: etree._Element | None
    _counts: dict[str, Counter[int]] = field(default_factory=dict)

    def mark(self, place: ListPlace) -> str:
        """Return the mark of the next entry at a place: a dash, or its number."""
        level = self._level(place)
        if level is None or attribute(child(level, "numFmt")) in _BULLETS:
            return "- "
        counts = self._counts.setdefault(place.list_id, Counter())
        for deeper in [depth for depth in counts if depth > place.depth]:
            del counts[deeper]
        counts[place.depth] += 1
        return f"{number(child(level, 'start'), default=1) + counts[place.depth] - 1}. "

    def _level(self, place: ListPlace) -> etree._Element | None:
        used = next((n for n in children(self.root, "num") if attribute(n, "numId") == place.list_id), None)
        definition_id = attribute(child(used, "abstractNumId"))
        for definition in children(self.root, "abstractNum"):
            if attribute(definition, "abstractNumId") == definition_id:
                levels = children(definition, "lvl")
                return next((each for each in levels if number(each, "ilvl") == place.depth), None)
        return None
