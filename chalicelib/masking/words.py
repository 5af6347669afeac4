"""The words of many languages by which masking reads a text; `tables/words.json` holds them."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

TABLE: dict[str, list[str]] = json.loads((Path(__file__).parent / "tables" / "words.json").read_text("utf-8"))
"""In the names of credentials a `_` stands for a space, a hyphen, an underscore or nothing."""

FIRST_WITHOUT_SPACES = "\u0e00"
"""Here begin the scripts that write no spaces, whose letters may touch any word."""
TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
"""A word, a number or a sign."""
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
LEAST_BEGINNING_CHARS = 5
_NARROW = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})


class Words:
    """Words of the table; those of five letters and more are beginnings, as languages inflect their words.

    Those of scripts that write no spaces may be anywhere in a run of letters.
    """

    def __init__(self, kind: str) -> None:
        self._words = frozenset(TABLE[kind])
        self._beginnings = tuple(word for word in self._words if len(word) >= LEAST_BEGINNING_CHARS)
        self._anywhere = tuple(word for word in self._words if word[0] >= FIRST_WITHOUT_SPACES)

    def __contains__(self, word: str) -> bool:
        if word in self._words or word.startswith(self._beginnings):
            return True
        return word[:1] >= FIRST_WITHOUT_SPACES and any(piece in word for piece in self._anywhere)

    def last_place(self, word: str) -> int:
        """Return where the last of the words begins in a run of letters without spaces; -1 without one."""
        return max(map(word.rfind, self._anywhere), default=-1)

    def among(self, words: Iterable[str]) -> bool:
        """Tell whether one of the words is in the list."""
        return any(word in self for word in words)


def fold(text: str) -> str:
    """Return the text in lower case and with narrow letters and signs, each character where it was."""
    # "İ" is the one character whose lower case is two.
    return text.lower() if text.isascii() else text.translate(_NARROW).replace("İ", "I").lower()


def any_of(kind: str) -> str:
    """Return a regular expression of words, the longest first, by first letter: it is faster."""
    by_first: dict[str, list[str]] = {}
    for word in sorted(TABLE[kind], key=len, reverse=True):
        by_first.setdefault(word[0], []).append(word[1:].replace("_", r"[\s_-]?"))
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in by_first.items())


BEING = Words("being")
"""Behind these comes what something is."""
TOWARDS = Words("towards")
"""Behind these comes what something was changed to."""
CHANGED = Words("changed")
GO_BETWEEN = Words("go_between")
OTHER_TOPICS = Words("other_topics")
"""Behind these the sentence speaks of something else."""
PROSE = Words("prose")
"""What says in what state a secret is, or begins a sentence about it."""
GO_ON = Words("go_on")
"""What may follow a secret; before other words a plain word is part of a sentence itself."""
ORDERS = Words("orders")
"""What is numbered and is no card."""
ORDERS_WHEN_NUMBERED = Words("orders_when_numbered")
NUMBERED = Words("numbered")
JOINED = Words("joined")
CARDS = Words("cards")
