"""Join the words that a hyphen parts at the end of a line, and keep the hyphens that belong to a word."""

import re
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HEAD = re.compile(r"(-?)([^\W\d_]+)-\Z")
_TAIL = re.compile(r"([^\W\d_]+)(-?)")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_SOFT_HYPHEN = "\u00ad"

# "Liefer- und Versandkosten" leaves a part out; nothing is joined there.
_JOINING_WORDS = frozenset({"and", "bis", "en", "et", "oder", "of", "or", "ou", "to", "und", "y"})
# What English writes with a hyphen, and what it writes as one word though both parts are words.
_FIRST_PARTS = frozenset(
    {
        "all", "cross", "ex", "full", "half", "high", "long", "low", "mid", "multi", "non", "part", "real",
        "self", "short", "single", "well", "one", "two", "three", "four", "five", "six", "seven", "eight",
        "nine", "ten", "eleven", "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
        "eighty", "ninety", "first", "second", "third", "last", "next", "top", "best",
    }
)  # fmt: skip
_LAST_PARTS = frozenset(
    {
        "based", "effective", "facing", "free", "friendly", "in", "led", "level", "made", "off", "on",
        "only", "out", "party", "quality", "ready", "related", "resistant", "sized", "specific", "term",
        "up", "wide", "year",
    }
)  # fmt: skip
_CLOSED_FIRST_PARTS = frozenset(
    {
        "after", "any", "back", "down", "every", "fore", "hand", "here", "home", "how", "inter", "life",
        "net", "over", "out", "some", "super", "there", "through", "under", "up", "what", "when", "where",
        "with", "work",
    }
)  # fmt: skip
_SHORTEST_PART = 4


def words_of(lines: Sequence[str]) -> frozenset[str]:
    """Return the words of a document in lower case, compounds whole, but none that a line's end parts."""
    words: set[str] = set()
    for above, line in pairwise(["", *lines]):
        start = _TAIL.match(line) if above.endswith(("-", _SOFT_HYPHEN)) else None
        end = _HEAD.search(line)
        whole = line[start.end() if start else 0 : end.start() if end else len(line)]
        words.update(word.casefold() for word in _WORD.findall(whole))
    return frozenset(words)


def joined(above: str, below: str, known: frozenset[str]) -> str:
    """Return two lines of a paragraph as one; `known` are the words of the document.

    A word parted by a hyphen is joined, unless the document or English writes it with one.
    """
    if above.endswith(_SOFT_HYPHEN):
        return above[:-1] + below
    head, tail = _HEAD.search(above), _TAIL.match(below)
    if head is None or tail is None:
        keeps_together = above.endswith("-") and above[-2:-1].isalnum() and below[:1].isalnum()
        is_unspaced = _UNSPACED.match(above[-1:]) and _UNSPACED.match(below[:1])
        return above + below if keeps_together or is_unspaced else f"{above} {below}"
    if head[1] or tail[2] or not tail[1].islower():
        return above + below
    if tail[1] in _JOINING_WORDS:
        return f"{above} {below}"
    return above + below if _is_compound(head[2].casefold(), tail[1], known) else above[:-1] + below


def _is_compound(first: str, last: str, known: frozenset[str]) -> bool:
    if first + last in known:
        return False
    if f"{first}-{last}" in known or len(first) == 1 or first in _FIRST_PARTS:
        return True
    if first in _CLOSED_FIRST_PARTS:
        return False
    are_words = first in known and last in known and min(len(first), len(last)) >= _SHORTEST_PART
    return are_words or last in _LAST_PARTS
