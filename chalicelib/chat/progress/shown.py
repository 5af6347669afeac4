"""What of an answer may be shown while the model writes it: what the finished answer begins with as well.

All that is done to an answer (citations, links, masking) is done to its beginning, up to where something may
still become a mark, a link, code or a secret. From a link on nothing is shown: one piece of a planted text
can take the links away from all of it.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from chalicelib.chat.answer_links import LINE_END, UNSEEN, resolve_with_links
from chalicelib.chat.citations import CODE_OR_MARKS
from chalicelib.domain.conversation import Passage
from chalicelib.masking.unfinished import settled_chars

LAST_WORD = re.compile(r"(?<![!-~ſKİ])[!-~ſKİ]+\Z")
"""An address begins with letters of ASCII, or with what is one of them in another case."""
LINK = re.compile(r"[\]】](?=[(:])|<|//|www\.|\\|&(?=[#a-z])", re.IGNORECASE)
"""What each piece of link syntax has, and all that `answer_links` ever takes apart."""
BRACKETS = re.compile(r"[\[\]【】]")
OPENING = "[【"
CODE = re.compile("`|~~~")
WHOLE_WORD = re.compile(r"(?<!\s)\s+[^\s\[【]")
"""What shows that a word is whole: a mark behind it may be dropped with the space before it."""


def shown(text: str, passages: Sequence[Passage], hosts: Collection[str]) -> str:
    """Return what an unfinished answer is shown as; `text` is what the model has written so far."""
    written = UNSEEN.sub("", LINE_END.sub("\n", text))
    settled = written[: _settled_end(written)].rstrip()
    resolved = resolve_with_links(settled, passages, hosts).text
    if WHOLE_WORD.match(written, len(settled)):
        resolved += " "
    # What closed up around a dropped mark may be a link now.
    resolved = resolved[: min(_links(resolved), default=None)]
    return resolved[: settled_chars(resolved)].rstrip()


def _settled_end(text: str) -> int:
    """Return where the beginning ends that what follows makes no other thing of."""
    last_word = LAST_WORD.search(text)
    end = min((last_word.start() if last_word else len(text), *_links(text)))
    while openings := [
        place for place in (*_open_brackets(text[:end]), *_open_code(text, end)) if place < end
    ]:
        end = min(openings)
    return end


def _links(text: str) -> Iterator[int]:
    """Yield where the word begins that the first link begins with or in; its label may begin earlier."""
    if link := LINK.search(text):
        word = LAST_WORD.search(text[: link.start()])
        yield word.start() if word else link.start()


def _open_brackets(text: str) -> Iterator[int]:
    """Yield where the outermost bracket is that is not closed."""
    opened: list[int] = []
    for bracket in BRACKETS.finditer(text):
        if bracket[0] in OPENING:
            opened.append(bracket.start())
        elif opened:
            opened.pop()
    yield from opened[:1]


def _open_code(text: str, end: int) -> Iterator[int]:
    """Yield where code begins that does not surely end before a place."""
    spans = [found.span() for found in CODE_OR_MARKS.finditer(text) if found["code"]]
    closed = [(start, stop) for start, stop in spans if stop <= end and stop < len(text)]
    for tick in CODE.finditer(text, 0, end):
        if not any(start <= tick.start() < stop for start, stop in closed):
            yield tick.start()
            return
