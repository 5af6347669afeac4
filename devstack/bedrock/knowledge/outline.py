"""Where the headings, tables and code of a Markdown text are, so that it can be cut without breaking them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from chalicelib.markdown_tables import is_rule

TITLE = re.compile(r"(#{1,6}) +(?=\S)")
FENCE = re.compile(r"[ \t]*(`{3,})[^`]*\Z")
ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")

CODE, HEADING, TABLE, TEXT = "code", "heading", "table", "text"


def parts_of(lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the kind of each part with its first line and the one after its last; text comes line by line."""
    start = 0
    while start < len(lines):
        kind, end = TEXT, start + 1
        if fence := FENCE.match(lines[start]):
            kind = CODE
            closing = (line for line in range(end, len(lines)) if lines[line].strip() == fence[1])
            end = next(closing, len(lines) - 1) + 1
        elif lines[start].startswith("|") and is_rule("".join(lines[end : end + 1])):
            kind = TABLE
            end = next((i for i in range(end, len(lines)) if not lines[i].startswith("|")), len(lines))
        elif TITLE.match(lines[start]):
            kind = HEADING
        yield kind, start, end
        start = end


def fence_of(line: str) -> str:
    """Return the fence that closes the code that a line opens, indented alike."""
    fence = FENCE.match(line)
    return line[: fence.end(1)] if fence else ""


@dataclass(frozen=True)
class Region:
    """Lines that are not to be cut within: a table, a code block or paragraphs; places in characters.

    `opening` is what a part that begins at `opened` or later needs in front of it; a part of code that ends
    before `closing` needs a fence behind it.
    """

    start: int
    opened: int
    closing: int
    end: int
    opening: str
    is_code: bool


@dataclass
class Outline:
    """The structure of a text; `unbreakable` are the places where a cut would part what belongs together."""

    regions: list[Region] = field(default_factory=list)
    unbreakable: set[int] = field(default_factory=set)
    _headings: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)

    def region_at(self, place: int) -> Region | None:
        """Return the region that a place is in."""
        index = bisect_right(self.regions, place, key=lambda region: region.start) - 1
        return self.regions[index] if index >= 0 and place < self.regions[index].end else None

    def path_to(self, place: int) -> Sequence[str]:
        """Return the headings that a place stands below, outermost first."""
        index = bisect_right(self._headings, place, key=lambda heading: heading[0]) - 1
        if index < 0:
            return ()
        start, path = self._headings[index]
        return path[:-1] if start == place else path

    def add_heading(self, place: int, line: str) -> None:
        """Add the next heading."""
        level = line.index(" ")
        above = self._headings[-1][1] if self._headings else ()
        self._headings.append((place, (*(each for each in above if each.index(" ") < level), line)))

    def add_region(self, places: Sequence[int], lines: Sequence[str], *, is_code: bool) -> None:
        """Add the next table or code block; `places` are those of its lines, and of the line after it."""
        head = lines[: 1 if is_code else 2]
        is_closed = is_code and len(lines) > 1 and lines[-1].strip() == fence_of(head[0]).strip()
        opened, closing = places[len(head)], places[-2 if is_closed else -1]
        self.regions.append(Region(places[0], opened, closing, places[-1], "\n".join(head), is_code))
        self.unbreakable.update(
            (*places[1 : len(head) + 1], closing) if is_closed else places[1 : len(head) + 1]
        )


def outline_of(text: str, whole: Sequence[tuple[int, int]] = ()) -> Outline:
    """Return the structure of a text; `whole` is where paragraphs are that are only to be cut between."""
    outline = Outline()
    lines = text.split("\n")
    places = [0, *accumulate(len(line) + 1 for line in lines)]
    for kind, start, end in parts_of(lines):
        if kind == HEADING:
            outline.add_heading(places[start], lines[start].strip())
            below = next((line for line in range(end, len(lines)) if lines[line].strip()), None)
            outline.unbreakable.update([] if below is None else [places[below]])
        elif kind != TEXT:
            outline.add_region(places[start : end + 1], lines[start:end], is_code=kind == CODE)
    outline.regions += [Region(start, end, end, end, "", is_code=False) for start, end in whole]
    outline.regions.sort(key=lambda region: region.start)
    return outline
