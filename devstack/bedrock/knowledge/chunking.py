"""Cut a text into overlapping chunks, as the knowledge base is configured to.

A token is estimated, as no tokeniser is at hand: one for every four characters of a word, rounded up,
and one for each mark of punctuation or character of a script written without spaces. English prose
comes out at about 1.3 tokens a word, close to what embedding models count.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

MAX_TOKENS = 512
OVERLAP_SHARE = 0.1

_CHARACTERS_PER_TOKEN = 4
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# One match is one token: up to four letters of a word, or any other visible character.
_TOKEN = re.compile(rf"(?:(?![{_UNSPACED}])\w){{1,{_CHARACTERS_PER_TOKEN}}}|\S")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*|\n(?=#{1,6} )")
_LINE_END = re.compile(r"\n+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')\]]*\s+")


@dataclass(frozen=True)
class Span:
    """A piece of a text, from `start` up to and without `end`, in characters."""

    start: int
    end: int


def count_tokens(text: str) -> int:
    """Return the estimated number of tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def chunk(text: str, max_tokens: int = MAX_TOKENS, overlap_share: float = OVERLAP_SHARE) -> list[str]:
    """Return the text's chunks in order, none over `max_tokens`, trimmed of white space."""
    return [text[span.start : span.end].strip() for span in chunk_spans(text, max_tokens, overlap_share)]


def chunk_spans(text: str, max_tokens: int = MAX_TOKENS, overlap_share: float = OVERLAP_SHARE) -> list[Span]:
    """Return where the chunks are: each at most `max_tokens`, sharing about `overlap_share` with the last.

    Every visible character is in at least one chunk. Chunks end where a paragraph does if one ends in the
    second half of what fits, else at a line's or a sentence's end, else between two tokens.
    """
    tokens = [Span(*match.span()) for match in _TOKEN.finditer(text)]
    breaks = _break_positions(text, tokens)
    overlap = min(int(max_tokens * overlap_share), max_tokens - 1)
    spans: list[Span] = []
    first = 0
    while first < len(tokens):
        last = min(first + max_tokens, len(tokens))
        if last < len(tokens):
            last = _best_break(breaks, first + max(max_tokens // 2, overlap + 1), last)
        spans.append(Span(tokens[first].start, tokens[last - 1].end))
        if last == len(tokens):
            break
        first = max(_overlap_start(breaks, last - overlap, last), first + 1)
    return spans


def _break_positions(text: str, tokens: list[Span]) -> list[list[int]]:
    """Return the token numbers before which a paragraph, a line or a sentence begins, best kind first."""
    starts = [token.start for token in tokens]
    kinds = (_PARAGRAPH_END, _LINE_END, _SENTENCE_END)
    found = [sorted({bisect_left(starts, match.end()) for match in kind.finditer(text)}) for kind in kinds]
    return [list(each) for each in accumulate(found, lambda before, these: sorted({*before, *these}))]


def _best_break(breaks: list[list[int]], lowest: int, highest: int) -> int:
    """Return the last good place to end a chunk within the range, or its upper end."""
    for positions in breaks:
        index = bisect_right(positions, highest) - 1
        if index >= 0 and positions[index] >= lowest:
            return positions[index]
    return highest


def _overlap_start(breaks: list[list[int]], lowest: int, highest: int) -> int:
    """Return where the next chunk starts: at a sentence within the overlap, else a full overlap back."""
    every = breaks[-1]
    index = bisect_left(every, lowest)
    return every[index] if index < len(every) and every[index] < highest else lowest
