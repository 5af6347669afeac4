"""Turns the `[n]` marks of an answer into citations: the model gives indexes, the server gives the sources.

`[0]` is the model's mark for "the passages do not hold the answer".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.models import Citation, Passage

CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
"""Brackets in code are code, not marks."""
MARK = re.compile(
    r"(?P<space>[ \t]*)[\[【]\^?(?P<indexes>\d{1,3}(?:\s*[,;]\s*\d{1,3})*)[\]】](?:\([^)\s]*\))?"
)
"""A mark, with the link target that a model may have invented behind it."""
REPEATED = re.compile(r"(\[\d+\])(?:[ \t]*\1)+")
SNIPPET_CHARS = 240


@dataclass(frozen=True)
class CitedAnswer:
    """An answer whose marks are exactly the indexes of its citations, counted from 1 in reading order."""

    text: str
    citations: tuple[Citation, ...]
    unanswered: bool


def resolve(text: str, passages: Sequence[Passage]) -> CitedAnswer:
    """Keep the marks of passages that were handed out, renumber them, and look their sources up.

    Passage n of `passages`, from 1, is what the model knows as `[n]`; those of one document share a citation.
    """
    sources: dict[tuple[str, str | None], Citation] = {}
    saw_no_answer = False

    def keep(mark: re.Match[str]) -> str:
        nonlocal saw_no_answer
        indexes = [int(n) for n in re.findall(r"\d+", mark["indexes"])]
        saw_no_answer |= 0 in indexes
        cited = [_cite(passages[n - 1], sources) for n in indexes if 1 <= n <= len(passages)]
        marks = "".join(f"[{c.index}]" for c in dict.fromkeys(cited))
        return mark["space"] + marks if marks else ""

    parts = CODE.split(text)
    # The odd parts are the code that the pattern captured.
    parts = [part if i % 2 else REPEATED.sub(r"\1", MARK.sub(keep, part)) for i, part in enumerate(parts)]
    citations = tuple(sources.values())
    return CitedAnswer("".join(parts).strip(), citations, unanswered=saw_no_answer and not citations)


def without_marks(text: str) -> str:
    """Drop all marks: an earlier answer's indexes mean nothing next to new passages."""
    return resolve(text, ()).text


def _cite(passage: Passage, sources: dict[tuple[str, str | None], Citation]) -> Citation:
    key = (passage.title, passage.url)
    if key not in sources:
        snippet = _snippet(passage.text)
        sources[key] = Citation(len(sources) + 1, passage.title, passage.url, snippet, passage.score)
    return sources[key]


def _snippet(text: str) -> str:
    """Return the first words of a passage as one line, without its headings."""
    prose = " ".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    line = " ".join((prose.strip() or text.lstrip("# ")).split())
    if len(line) <= SNIPPET_CHARS:
        return line
    return line[:SNIPPET_CHARS].rsplit(" ", 1)[0] + " …"
