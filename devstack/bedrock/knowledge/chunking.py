"""Cut a text into overlapping chunks, as the knowledge base is configured to, each readable by itself.

A chunk begins with the headings that it stands below; what is left of a table with the table's head, what is
left of a code block with its fence.

A token is estimated, as no tokeniser is at hand: one for every four characters of a word, rounded up,
and one for each mark of punctuation or character of a script written without spaces. English prose
comes out at about 1.3 tokens a word, close to what embedding models count.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from devstack.bedrock.knowledge.outline import fence_of, outline_of
from devstack.bedrock.knowledge.wide_tables import RowLimits, spell_out

MAX_TOKENS = 512
OVERLAP_SHARE = 0.1

_CHARACTERS_PER_TOKEN = 4
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# One match is one token: up to four letters of a word, or any other visible character.
_TOKEN = re.compile(rf"(?:(?![{_UNSPACED}])\w){{1,{_CHARACTERS_PER_TOKEN}}}|\S")
_SECTION_END = re.compile(r"\n+(?=#{1,6} )")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
_LINE_END = re.compile(r"\n+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')\]]*\s+")

# What is repeated at a chunk's start may take an eighth of it for headings, and a quarter for a table's head.
_HEADINGS_PART, _HEAD_PART = 8, 4
_SPELLED_OUT_TOKENS = 64


def count_tokens(text: str) -> int:
    """Return the estimated number of tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def chunk(text: str, max_tokens: int = MAX_TOKENS, overlap_share: float = OVERLAP_SHARE) -> list[str]:
    """Return the text's chunks in order, none over `max_tokens`, sharing about `overlap_share` with the last.

    Every word is in at least one chunk. Chunks end where a section does if one ends in the second half of
    what fits, else at a paragraph's, a line's or a sentence's end, else between two tokens.
    """
    return list(_Cutter(text, max_tokens, overlap_share).chunks())


class _Cutter:
    """A text with the places of its tokens, and the tokens before which it is best cut."""

    def __init__(self, text: str, max_tokens: int, overlap_share: float) -> None:
        headings, head = max_tokens // _HEADINGS_PART, max_tokens // _HEAD_PART
        row, paragraph = (max_tokens - headings - head) // 2, (max_tokens - headings) // 2
        limits = RowLimits(head, row - len("```"), min(paragraph, _SPELLED_OUT_TOKENS))
        self._text, spelled = spell_out(text, limits, count_tokens)
        self._outline = outline_of(self._text, spelled)
        self._max_tokens = max_tokens
        self._overlap = min(int(max_tokens * overlap_share), max_tokens - 1)
        self._starts = array("L", (match.start() for match in _TOKEN.finditer(self._text)))
        self._breaks = self._break_tokens()
        fences = [
            count_tokens(fence_of(region.opening)) for region in self._outline.regions if region.is_code
        ]
        self._closing_tokens = max(fences) if fences and max(fences) <= head else 0

    def chunks(self) -> Iterator[str]:
        """Yield the chunks."""
        first, count = 0, len(self._starts)
        while first < count:
            opening = self._opening(self._starts[first])
            room = self._max_tokens - count_tokens(opening) - self._closing_tokens
            last = min(first + room, count)
            if last < count:
                last = self._best_break(first + max(room // 2, self._overlap + 1), last)
            yield self._written(opening, first, last)
            if last == count:
                return
            first = max(self._overlap_start(last), first + 1)

    def _opening(self, place: int) -> str:
        """Return what a chunk that begins at a place needs in front of it."""
        room = self._max_tokens // _HEADINGS_PART
        lines: list[str] = []
        for heading in reversed(self._outline.path_to(place)):
            room -= count_tokens(heading)
            if room < 0:
                break
            lines.insert(0, f"{heading}\n\n")
        region = self._outline.region_at(place)
        if region and place >= region.opened:
            fits = count_tokens(region.opening) <= self._max_tokens // _HEAD_PART
            lines.append(f"{region.opening}\n" if fits else "")
        return "".join(lines)

    def _written(self, opening: str, first: int, last: int) -> str:
        end = _TOKEN.match(self._text, self._starts[last - 1]).end()  # type: ignore[union-attr]
        body = f"{opening}{self._text[self._line_start(self._starts[first]) : end]}"
        region = self._outline.region_at(end - 1)
        if region and region.is_code and end <= region.closing and self._closing_tokens:
            return f"{body}\n{fence_of(region.opening)}"
        return body

    def _line_start(self, place: int) -> int:
        """Return a place in code moved to the left by the line's indent."""
        start = self._text.rfind("\n", 0, place) + 1
        region = self._outline.region_at(place)
        is_indent = region and region.is_code and self._text[start:place].isspace()
        return start if is_indent else place

    def _break_tokens(self) -> list[list[int]]:
        """Return the tokens before which a section, a paragraph, a line or a sentence begins, best first."""
        unbreakable = {self._token_at(place) for place in self._outline.unbreakable}
        found: list[list[int]] = []
        known: set[int] = set()
        for kind in (_SECTION_END, _PARAGRAPH_END, _LINE_END, _SENTENCE_END):
            for match in kind.finditer(self._text):
                # Within a table or code only a line's end is a good place.
                if kind is _LINE_END or self._outline.region_at(match.start()) is None:
                    known.add(self._token_at(match.end()))
            found.append(sorted(known - unbreakable))
        return found

    def _token_at(self, place: int) -> int:
        return bisect_left(self._starts, place)

    def _best_break(self, lowest: int, highest: int) -> int:
        """Return the last good place to end a chunk within the range, or its upper end."""
        for tokens in self._breaks:
            index = bisect_right(tokens, highest) - 1
            if index >= 0 and tokens[index] >= lowest:
                return tokens[index]
        return highest

    def _overlap_start(self, last: int) -> int:
        """Return where the next chunk starts: at a line or sentence within the overlap.

        A chunk that had to end between two of these overlaps in full, but not so that a row of a table or a
        line of code begins in its middle.
        """
        lowest, every = last - self._overlap, self._breaks[-1]
        index = bisect_left(every, lowest)
        if index < len(every) and every[index] <= last:
            return every[index]
        is_whole = any(self._outline.region_at(self._starts[token]) for token in (lowest, last - 1))
        return last if is_whole else lowest
