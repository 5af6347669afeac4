"""Tells how much of a text that is still being written masking will leave as it is, whatever follows.

What decides about a secret stands in reach of where it starts: in the same word, in the words that follow a
name, in the rest of a number. So a text is settled up to the first place where one may still start. Each rule
here belongs to a step of `mask`, and must reach as far as that does.
"""

import re
from collections.abc import Iterator

from chalicelib.masking import mask
from chalicelib.masking.cards import GAP_CHARS
from chalicelib.masking.named import NAME
from chalicelib.masking.places import PATTERNS
from chalicelib.masking.words import FIRST_WITHOUT_SPACES, fold

LAST_WORD = re.compile(
    rf"(?<![^\s{FIRST_WITHOUT_SPACES}-\U0010ffff])[^\s{FIRST_WITHOUT_SPACES}-\U0010ffff]+\Z"
)
"""Scripts that write no spaces have no words to wait for."""
DIGIT = re.compile(r"\d")
NUMBER_REACH_CHARS = 160
LONG_NUMBER = re.compile(rf"\d(?:[{GAP_CHARS}]{{0,3}}\d){{12}}")
NAME_REACH_CHARS = 450
"""A phrase of 24 words, or a sentence of 160 characters that ends in a quoted secret."""
AFTER_NAME = re.compile(
    r"""(?:["'’`”»」』\])*_]{0,4}|(?:[ ][^\W\d_]+){1,9})(?:[.!?;]\s+\S|,\s[^\W\d_])   # the sentence ends
      | (?:[ ][^\W\d_]+){10}[ ]                    # or is too long for one
      | [ \t]?\n{1,2}[ ]{0,4}(?:\d{1,2}\.|[*-])[ ]+\S
      | [*_"”)]{1,4}[ ][^\W\d_]""",
    re.VERBOSE,
)
"""What shows that no secret stands behind a name."""
VALUE_REACH_CHARS = 200
SECRET_BEFORE_NAME = re.compile(
    r"""(?<![!-~])(?=[!-~]{0,80}(?:[\d!@\#$%^&*+=~?]|[a-z][A-Z]))[!-~]{6,80}\s{1,3}
        (?:[^\W\d_]{0,5}
          |(?:is|was|as|ist|war|als|es|era|como|est|était|comme|é|è|come|to|jest|jako|это|был)\s.{0,90})\Z""",
    re.VERBOSE | re.DOTALL,
)
"""The beginning of "hunter2! is my password"."""
KEY_BLOCK_REACH_CHARS = 120
BEGIN_OF_KEY_BLOCK = re.compile(r"[-–—]{2,5}[ ]?[A-Za-z0-9 ]{0,60}[-–—]{0,5}\Z")
PLACE_REACH_CHARS = 300
LAST_RUN = re.compile(r"(?<!\S)\S+\Z")
COMMANDS = ("curl", "http", "wget", "--", "mysql", "sshpass", "redis", "docker", "identified")
QUOTE = re.compile("(?<![A-Za-z]{2})[\"']")
"""Quotes may begin a value with spaces in it, and an apostrophe doesn't."""


def settled_chars(text: str) -> int:
    """Return how many characters from the start `mask` leaves as they are, whatever is written next."""
    masked = mask(text)
    pairs = enumerate(zip(text, masked, strict=False))
    return min(next((n for n, (one, other) in pairs if one != other), len(text)), *_open_places(text))


def _open_places(text: str) -> Iterator[int]:
    """Yield the places where something may still become what is masked, and the end."""
    yield len(text)
    if last_word := LAST_WORD.search(text):
        yield last_word.start()
    yield from _open_numbers(text)
    yield from _open_names(text)
    for pattern, reach in (
        (SECRET_BEFORE_NAME, VALUE_REACH_CHARS),
        (BEGIN_OF_KEY_BLOCK, KEY_BLOCK_REACH_CHARS),
    ):
        if found := pattern.search(text, max(0, len(text) - reach)):
            yield found.start()
    yield from _open_values(text)


def _open_values(text: str) -> Iterator[int]:
    """Yield where the value of an option or the like may have begun, in quotes or in any script."""
    start = max(0, len(text) - PLACE_REACH_CHARS)
    nearby = fold(text[start:])
    run = LAST_RUN.search(text, start)
    if run and any(hint in nearby for hints, _ in PATTERNS for hint in hints):
        yield run.start()
    if any(command in nearby for command in COMMANDS):
        quote = QUOTE.search(text, max(start, text.rfind("\n") + 1))
        yield quote.start() if quote else len(text)


def _open_numbers(text: str) -> Iterator[int]:
    rest = text.rstrip(f"0123456789{GAP_CHARS}")
    if digit := DIGIT.search(text, len(rest)):
        yield digit.start()
    if number := LONG_NUMBER.search(text, max(0, len(text) - NUMBER_REACH_CHARS)):
        yield number.start()


def _open_names(text: str) -> Iterator[int]:
    folded = fold(text)
    for name in NAME.finditer(folded, max(0, len(text) - NAME_REACH_CHARS)):
        if not AFTER_NAME.match(folded, name.end()):
            yield name.end()
