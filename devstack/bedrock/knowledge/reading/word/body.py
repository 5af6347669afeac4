"""Read the body of a Word file while it is parsed: each paragraph and row is dropped once it is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from lxml import etree

from devstack.bedrock.knowledge.reading.tables import cell_text, table_blocks
from devstack.bedrock.knowledge.reading.word.xml import attribute, child, is_on, name_of, number

# What a text box holds is there twice; what was moved stands where it was moved to.
_SKIPPED = frozenset({"Fallback", "moveFrom"})
_WATCHED = [f"{{*}}{name}" for name in ("p", "tbl", "tr", "trPr", "tc", "tcPr", *sorted(_SKIPPED))]
_MOST_SPANNED = 1_000


@dataclass(frozen=True)
class Paragraph:
    """A paragraph as Markdown; the entries of a list belong together."""

    text: str
    is_entry: bool = False


@dataclass
class _Cell:
    blocks: list[str] = field(default_factory=list)
    columns: int = 1
    continues_above: bool = False
    ends_in_list: bool = False

    def add(self, paragraph: Paragraph) -> None:
        if paragraph.is_entry and self.ends_in_list:
            self.blocks[-1] += f"\n{paragraph.text}"
        elif paragraph.text:
            self.blocks.append(paragraph.text)
        self.ends_in_list = paragraph.is_entry


@dataclass
class _Row:
    cells: list[_Cell] = field(default_factory=list)
    columns_before: int = 0
    is_header: bool = False
    is_deleted: bool = False


def body_blocks(part: IO[bytes], read_paragraph: Callable[[etree._Element], Paragraph]) -> list[str]:
    """Return the Markdown blocks of a part. Raises lxml's LxmlError."""
    body = _Body(read_paragraph)
    skipping = 0
    for event, element in etree.iterparse(part, ("start", "end"), tag=_WATCHED, resolve_entities=False):
        name = name_of(element)
        if name in _SKIPPED:
            skipping += 1 if event == "start" else -1
        elif not skipping:
            (body.begin if event == "start" else body.end)(name, element)
    return body.blocks


class _Body:
    """The cells and tables that are open; the body itself is the outermost cell."""

    def __init__(self, read_paragraph: Callable[[etree._Element], Paragraph]) -> None:
        self._read_paragraph = read_paragraph
        self._cells = [_Cell()]
        self._tables: list[list[_Row]] = []

    @property
    def blocks(self) -> list[str]:
        return self._cells[0].blocks

    def begin(self, name: str, _element: etree._Element) -> None:
        """Note what begins."""
        if name == "tbl":
            self._tables.append([])
        elif name == "tr":
            self._tables[-1].append(_Row())
        elif name == "tc":
            self._cells.append(_Cell())

    def end(self, name: str, element: etree._Element) -> None:
        """Write what ends."""
        if name == "p":
            self._cells[-1].add(self._read_paragraph(element))
            _drop(element)
        elif name == "tcPr":
            self._cells[-1].columns = min(number(child(element, "gridSpan"), default=1), _MOST_SPANNED)
            merge = child(element, "vMerge")
            self._cells[-1].continues_above = merge is not None and attribute(merge) != "restart"
        elif name == "trPr":
            row = self._tables[-1][-1]
            row.columns_before = min(number(child(element, "gridBefore")), _MOST_SPANNED)
            row.is_header = is_on(element, "tblHeader")
            row.is_deleted = is_on(element, "del", "hidden")
        elif name == "tc":
            self._tables[-1][-1].cells.append(self._cells.pop())
        elif name == "tr":
            _drop(element)
        elif name == "tbl":
            self._cells[-1].ends_in_list = False
            self._cells[-1].blocks.extend(_written(self._tables.pop()))
            _drop(element)


def _drop(element: etree._Element) -> None:
    """Free an element that has been read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _written(rows: list[_Row]) -> list[str]:
    """Return a table's blocks; one that only arranges a page has headings in it, or one column."""
    rows = [row for row in rows if not row.is_deleted]
    has_names = any(row.is_header for row in rows)
    blocks = [block for row in rows for cell in row.cells for block in cell.blocks]
    has_headings = any(block.startswith("#") for block in blocks)
    if all(len(row.cells) < 2 for row in rows) or (has_headings and not has_names):
        return blocks
    headers = next((place for place, row in enumerate(rows) if not row.is_header), len(rows))
    return table_blocks(list(_grid(rows)), headers or None)


def _grid(rows: list[_Row]) -> Iterator[list[str]]:
    """Yield the rows with merged cells repeated; a cell that takes the whole width is alone in its row."""
    above: list[str] = []
    for row in rows:
        found = [""] * row.columns_before
        for cell in row.cells:
            goes_on = cell.continues_above and len(found) < len(above)
            text = above[len(found)] if goes_on else cell_text(cell.blocks)
            is_label = len(row.cells) == 1 and cell.columns > 1
            found.extend([text] * (1 if is_label else max(cell.columns, 1)))
        above = found
        yield found
