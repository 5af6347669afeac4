"""Finds what of a Markdown text is code to every renderer, so that it may be left alone.

What only some take for code, such as a fence in a list whose lines are not indented, is found to be prose.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

FENCE = re.compile(r"(?P<indent> {0,40})(?P<marks>`{3,}|~{3,})[^`]*")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
TICKS = re.compile(r"`+")

Part = tuple[bool, str]
"""Whether a piece of a text is code, and the piece."""


def parts_of(text: str) -> Iterator[Part]:
    """Yield the pieces of a text in order. Only `\\n` ends a line in it."""
    lines = LINE.findall(text)
    place = 0
    while place < len(lines):
        start = place
        while place < len(lines) and not _may_be_a_fence(lines[place]):
            place += 1
        yield from _spans(lines[start:place])
        if place < len(lines):
            end = _end_of_block(lines, place)
            if end is None:
                # Where one renderer sees a block begin, another sees one end: from here on nothing is sure.
                yield False, "".join(lines[place:])
                return
            yield True, "".join(lines[place:end])
            place = end


def _may_be_a_fence(line: str) -> bool:
    return "~~~" in line or ("```" in line and _spans_of(line) is None)


def _end_of_block(lines: Sequence[str], start: int) -> int | None:
    """Return the place after the fenced block that starts here, or None where it may end elsewhere."""
    opening = FENCE.fullmatch(lines[start].rstrip("\n"))
    if not opening or (opening["indent"] and opening["marks"][0] == "~"):
        return None
    indent, marks = opening["indent"], opening["marks"]
    for place in range(start + 1, len(lines)):
        if _closes(lines[place], indent, marks):
            return place + 1
        if marks[:3] in lines[place] or (indent and _may_leave_a_list(lines[place], indent)):
            return None
    return None if indent else len(lines)


def _closes(line: str, indent: str, marks: str) -> bool:
    closing = line.rstrip().lstrip(" ")
    spaces = len(line.rstrip()) - len(closing)
    is_in_place = spaces == len(indent) if indent else spaces <= 3
    return is_in_place and closing.startswith(marks) and not closing.strip(marks[0])


def _may_leave_a_list(line: str, indent: str) -> bool:
    """Tell whether a line may stand outside of the list entry that an indented block is in.

    Without a list such a block may be a code span in a paragraph, which a tick could end.
    """
    return "`" in line or (bool(line.strip()) and not line.startswith(indent))


def _spans(lines: Sequence[str]) -> Iterator[Part]:
    """Yield the pieces of lines without blocks; code spans are sure where each line has its own."""
    for _, paragraph in groupby(lines, key=lambda line: bool(line.strip())):
        block = list(paragraph)
        spans = [_spans_of(line) for line in block]
        if any(found is None for found in spans):
            yield False, "".join(block)
        else:
            for line, found in zip(block, spans, strict=True):
                yield from _cut(line, found or [])


def _spans_of(line: str) -> list[tuple[int, int]] | None:
    """Return where a line's code spans are, or None if a mark has no counterpart in it or may be none."""
    if "\\`" in line:
        return None
    ticks = list(TICKS.finditer(line))
    spans: list[tuple[int, int]] = []
    place = 0
    while place < len(ticks):
        same = (n for n in range(place + 1, len(ticks)) if len(ticks[n][0]) == len(ticks[place][0]))
        end = next(same, None)
        if end is None or "|" in line[ticks[place].end() : ticks[end].start()]:
            return None
        spans.append((ticks[place].start(), ticks[end].end()))
        place = end + 1
    return spans


def _cut(line: str, spans: Sequence[tuple[int, int]]) -> Iterator[Part]:
    place = 0
    for start, end in spans:
        yield False, line[place:start]
        yield True, line[start:end]
        place = end
    yield False, line[place:]
