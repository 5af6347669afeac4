"""Turns the `[n]` marks of an answer into citations: the model gives indexes, the server gives the sources.

`[0]` is the model's mark for "the passages do not hold the answer".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.chat.snippets import snippet
from chalicelib.domain.conversation import Citation, Passage
from chalicelib.markdown_code import parts_of

_INDEXES = r"\^?\d{1,3}(?:\s*[,;]\s*\d{1,3})*"
MARK_LINK = r"""(?:\([^()\s`]*(?:\([^()\s`]*\)[^()\s`]*)*(?:\s+["'][^()`]*)?\))?"""
"""The target of a link that the model made of a mark."""
MARK = rf"(?:\[\[{_INDEXES}\]\]|[\[【]{_INDEXES}[\]】])"
DEFINITION = r"^[ ]{0,3}\[\^?\d{1,3}\]:[ \t]*\S+[ \t]*$"
"""A source that the model made up: in Markdown it would make a link of every such mark."""
CODE_OR_MARKS = re.compile(
    rf"""
    (?P<code>   # brackets in code are code, not marks
        ^[ \t]*(?P<fence>`{{3,}}(?=[^`\n]*$)|~{{3,}}).*?(?:^[ \t]*(?P=fence)[`~]*|\Z)
      | (?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`)
    )
  | (?P<definition>{DEFINITION})
  | (?P<space>(?<![ \t])[ \t]+)?(?P<marks>{MARK}{MARK_LINK}(?:[ \t]*{MARK}{MARK_LINK})*)
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
INDEX = re.compile(r"\d+")
LISTED = re.compile(rf"[\[【]({_INDEXES})[\]】]+{MARK_LINK}")
_MARKS = re.compile(MARK)
ROUND = str.maketrans("[]【】", "()()")
CLAIM_CHARS = 600
"""How much before a mark is looked at to tell what it stands for."""
NESTED_MARKS = 8
"""What closes up around a dropped mark may be a mark: `[[9]1]`; nobody but an attacker nests them deep."""

Source = tuple[str, str | None, str | None]
"""What tells one document from another: its title, where it is published, and its key in the bucket."""


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
    text, admits_no_answer = _drop_unknown(text, len(passages))
    sources: dict[Source, Citation] = {}
    claim_start = 0

    def renumber(found: re.Match[str]) -> str:
        nonlocal claim_start
        if not found["marks"]:
            return found[0]
        claim = text[max(claim_start, found.start() - CLAIM_CHARS) : found.start()]
        claim_start = found.end()
        known = [passages[n - 1] for n in _indexes(found["marks"]) if 1 <= n <= len(passages)]
        cited = [_cite(passage, sources, claim) for passage in known]
        marks = "".join(f"[{citation.index}]" for citation in dict.fromkeys(cited))
        # Right behind a mark, a bracket would make a link of it.
        gap = " " if text.startswith("(", found.end()) else ""
        return (found["space"] or "") + marks + gap

    resolved = CODE_OR_MARKS.sub(renumber, text).strip()
    citations = tuple(sources.values())
    return CitedAnswer(resolved, citations, unanswered=admits_no_answer and not citations)


def without_marks(text: str) -> str:
    """Drop all marks: an earlier answer's indexes mean nothing next to new passages."""
    return resolve(text, ()).text


def unmarked(text: str) -> str:
    """Return a text of others in which `[n]` reads `(n)`: repeated, it would credit what it does not mean.

    What surely is code stays.
    """
    if not any(opening in text for opening in "[【"):
        return text
    return "".join(each if is_code else _MARKS.sub(_rounded, each) for is_code, each in parts_of(text))


def _rounded(found: re.Match[str]) -> str:
    return found[0].translate(ROUND)


def _drop_unknown(text: str, known: int) -> tuple[str, bool]:
    """Drop the marks that hold no index from 1 to `known`; tell whether one of them was `[0]`."""
    admits_no_answer = False

    def drop(found: re.Match[str]) -> str:
        nonlocal admits_no_answer
        if not found["marks"]:
            return found[0] if found["code"] else ""
        indexes = _indexes(found["marks"])
        admits_no_answer |= 0 in indexes
        return found[0] if any(1 <= n <= known for n in indexes) else ""

    for _ in range(NESTED_MARKS):
        before, text = text, CODE_OR_MARKS.sub(drop, text)
        if text == before:
            break
    return text, admits_no_answer


def _indexes(marks: str) -> list[int]:
    return [int(n) for listed in LISTED.findall(marks) for n in INDEX.findall(listed)]


def _cite(passage: Passage, sources: dict[Source, Citation], claim: str) -> Citation:
    """Return the citation of a passage's document; its snippet is what the first claim rests on."""
    source = (passage.title, passage.url, passage.document)
    if source not in sources:
        sources[source] = Citation(
            index=len(sources) + 1,
            title=passage.title,
            url=passage.url,
            snippet=snippet(passage.text, claim),
            score=passage.score,
            document=passage.document,
            access=passage.access,
        )
    return sources[source]
