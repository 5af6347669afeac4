"""Spell out the rows of tables that are too wide to be read together with their head in one chunk.

Each paragraph names the row by its first cell and more cells by their columns: "Plan: Max; Users: 1,000".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chalicelib.markdown_tables import cells_of
from devstack.bedrock.knowledge.outline import TABLE, parts_of

_SENTENCE_END = re.compile(r"(?<=[.!?]\s)")
_WORD_END = re.compile(r"(?<=\s)")
_GLUE = "; "

CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class RowLimits:
    """How many tokens a table's head, a row, and a paragraph that spells cells out may have."""

    head: int
    row: int
    paragraph: int


def spell_out(text: str, limits: RowLimits, count_tokens: CountTokens) -> tuple[str, list[tuple[int, int]]]:
    """Return the text with the tables that exceed the limits as paragraphs, and where these begin and end."""
    lines = text.split("\n")
    written: list[str] = []
    spelled: list[tuple[int, int]] = []
    place = 0
    for kind, start, end in parts_of(lines):
        part = "\n".join(lines[start:end])
        if kind == TABLE and _is_wide(lines[start:end], limits, count_tokens):
            names = cells_of(lines[start])
            rows = map(cells_of, lines[start + 2 : end])
            part = "\n\n".join(each for row in rows for each in _spelled(names, row, limits, count_tokens))
            spelled.append((place, place + len(part)))
        written.append(part)
        place += len(part) + 1
    return "\n".join(written), spelled


def _is_wide(table: Sequence[str], limits: RowLimits, count_tokens: CountTokens) -> bool:
    if sum(map(count_tokens, table[:2])) > limits.head:
        return len(table) > 2
    # A token has at least one character.
    return any(len(row) > limits.row and count_tokens(row) > limits.row for row in table[2:])


def _spelled(
    names: Sequence[str], cells: Sequence[str], limits: RowLimits, count_tokens: CountTokens
) -> Iterator[str]:
    """Yield the paragraphs of one row, none over the limit as long as one column's name is not."""
    padded = [*names, *[""] * (len(cells) - len(names))]
    pairs = [(name, cell) for name, cell in zip(padded, cells, strict=False) if cell]
    key = _pair(*pairs[0]) if pairs else ""
    if count_tokens(key) > limits.paragraph // 2:
        key = ""
    paragraph = key
    for name, cell in pairs[1 if key else 0 :]:
        room = limits.paragraph - count_tokens(f"{key}{_GLUE}{name}: ")
        for part in _parts(cell, room, count_tokens):
            longer = _GLUE.join(filter(None, (paragraph, _pair(name, part))))
            if paragraph != key and count_tokens(longer) > limits.paragraph:
                yield paragraph
                longer = _GLUE.join(filter(None, (key, _pair(name, part))))
            paragraph = longer
    yield paragraph


def _pair(name: str, cell: str) -> str:
    return f"{name}: {cell}" if name else cell


def _parts(cell: str, room: int, count_tokens: CountTokens) -> Iterator[str]:
    """Yield a cell in parts that fit, cut between sentences, or words where a sentence is longer."""
    if count_tokens(cell) <= room:
        yield cell
        return
    part = ""
    for sentence in _SENTENCE_END.split(cell):
        pieces = [sentence] if count_tokens(sentence) <= room else _WORD_END.split(sentence)
        for piece in pieces:
            if part and count_tokens(part + piece) > room:
                yield part.strip()
                part = ""
            part += piece
    yield part.strip()
