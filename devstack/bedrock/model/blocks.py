"""Cut a passage of Markdown into the pieces that an answer is made of: sentences, lists, table rows, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from textwrap import dedent

from chalicelib.markdown_tables import cells_of, is_rule
from devstack.bedrock.knowledge.outline import FENCE, ITEM

_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_ORDERED_ITEM = re.compile(r"\s*\d{1,3}[.)]\s+")
_LIST = re.compile(
    "|".join(
        rf"^[ \t]*{mark}[ \t].*(?:\n(?:[ \t]*\n)*(?:[ \t]{{2,}}\S|{mark}[ \t]).*)*"
        for mark in (r"[-*+•]", r"\d{1,3}[.)]")
    ),
    re.MULTILINE,
)
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])(?:[\"'”’)\]*_]*)\s+(?=[^\s a-z])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|nr|mr|mrs|ms|dr|st|inc|ltd|[a-z])\.)$", re.IGNORECASE
)
# A chunk may begin in the middle of a sentence, and half a sentence is not quoted.
_CUT_OFF = re.compile(r"[a-z,;:.)!?%–-](?!\s|[A-Z])|[,;:.)]")
# Digits in brackets would look like our citations.
_FOREIGN_MARK = re.compile(r"\[(\d+)\](?!\()")


@dataclass(frozen=True)
class Unit:
    """A piece that can be quoted on its own.

    `paragraph` numbers the block it is in, so that neighbours can be told; `items` are a list's entries,
    `key` is a row's first cell, `column` what it is a key of.
    """

    kind: str  # sentence, steps, list, row or code
    text: str
    heading: str
    paragraph: int
    items: tuple[str, ...] = ()
    key: str = ""
    column: str = ""


def units(passage: str) -> list[Unit]:
    """Return the pieces of a passage in order; headings are kept with what stands below them."""
    found: list[Unit] = []
    heading = ""
    for number, block in enumerate(_blocks(_tight_lists(_FOREIGN_MARK.sub(r"(\1)", passage)))):
        title = _HEADING.match(block[0])
        if title:
            heading = title.group(1)
        else:
            found.extend(_block_units(block, heading, number))
    return found[1:] if len(found) > 1 and _CUT_OFF.match(found[0].text) else found


def _tight_lists(text: str) -> str:
    """Return the text without empty lines between a list's entries and within them."""
    return _LIST.sub(lambda found: _EMPTY_LINES.sub("\n", found[0]), text)


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each block: a heading, a fenced code, a list, a table or a paragraph."""
    kind = ""
    block: list[str] = []
    for line in text.splitlines():
        now = _kind_of(line, kind)
        if now != kind or now in ("heading", "blank"):
            if block and kind != "blank":
                yield block
            block = []
        block.append(line)
        kind = "blank" if now == "code" and len(block) > 1 and _closes(block[0], line) else now
        if kind == "blank" and now == "code":
            yield block
            block = []
    if block and kind != "blank":
        yield block


def _kind_of(line: str, before: str) -> str:
    is_in_list = before == "list" and line.startswith((" ", "\t"))
    if before == "code" or (FENCE.match(line) and not is_in_list):
        return "code"
    if not line.strip():
        return "blank"
    if _HEADING.match(line):
        return "heading"
    if line.lstrip().startswith("|"):
        return "table"
    if ITEM.match(line) or is_in_list:
        return "list"
    return "paragraph"


def _closes(opening: str, line: str) -> bool:
    fence = FENCE.match(opening)
    return fence is not None and line.lstrip().startswith(fence[1])


def _block_units(block: list[str], heading: str, number: int) -> Iterator[Unit]:
    kind = _kind_of(block[0], "")
    if kind == "code":
        yield Unit("code", dedent("\n".join(block)), heading, number)
    elif kind == "list":
        items = _items(block)
        name = "steps" if _ORDERED_ITEM.match(block[0]) else "list"
        yield Unit(name, "\n".join(items), heading, number, items)
    elif kind == "table":
        for column, key, row in _rows(block):
            yield Unit("row", row, heading, number, key=key, column=column)
    else:
        for sentence in sentences(" ".join(line.strip() for line in block)):
            yield Unit("sentence", sentence, heading, number)


def _items(lines: list[str]) -> tuple[str, ...]:
    """Return a list's top entries, each with what is nested in it."""
    indents = [len(line) - len(line.lstrip()) for line in lines]
    starts = [
        bool(ITEM.match(line)) and indent <= indents[0] for line, indent in zip(lines, indents, strict=True)
    ]
    numbers = [sum(starts[: position + 1]) for position in range(len(lines))]
    pairs = groupby(zip(numbers, lines, strict=True), key=lambda pair: pair[0])
    return tuple("\n".join(line.rstrip() for _, line in group) for _, group in pairs)


def without_marker(item: str) -> str:
    """Return a list's entry without what makes it one."""
    return ITEM.sub("", item, count=1)


def _rows(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield of each row of a table its first column's name and cell, and a phrase that names the columns.

    A chunk may have cut the header off.
    """
    rules = [is_rule(line) for line in lines]
    cells = [cells_of(line) for line, rule in zip(lines, rules, strict=True) if not rule]
    has_header = rules[:2] == [False, True]
    header = cells[0] if has_header else []
    for row in cells[1:] if has_header else cells:
        names = header + [""] * (len(row) - len(header))
        rest = [
            f"{name}: {value}" if name else value
            for name, value in list(zip(names, row, strict=False))[1:]
            if value
        ]
        phrase = (
            f"**{_key(names[0], row[0])}** – {'; '.join(rest)}"
            if rest and row[0]
            else "; ".join([*row[:1], *rest])
        )
        yield names[0], row[0], phrase


def _key(column: str, cell: str) -> str:
    """Return what a row is about; a bare number says so with its column's name: "Day 31"."""
    return f"{column} {cell}".strip() if cell[:1].isdigit() else cell.strip("*")


def sentences(paragraph: str) -> list[str]:
    """Split a paragraph where its sentences end."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(paragraph):
        sentence = paragraph[start : end.end()].strip()
        if not _ABBREVIATION.search(sentence):
            found.append(sentence)
            start = end.end()
    return [each for each in (*found, paragraph[start:].strip()) if each]
