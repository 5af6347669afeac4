"""Judges what was observed: is it what the case asks for, and do the sources say what the answer says?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cli.eval.asking import Observed, Source
from cli.eval.cases import Case

_MARKS = re.compile(r"((?:\s?\[\d{1,2}\])+)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n|(?<=[。！？])|^\d{1,2}\. ", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]{3,}|[぀-ヿ一-鿿]")
_SAME_LETTERS = 5
"""How much of a word must be the same: `parcels` and `parcel` are one."""
_LEAST_SHARE = 0.5
_ENGLISH = "en"
IN_THREE = 3


@dataclass(frozen=True)
class Verdict:
    """What was right in one asking of a case; `reason` is empty when all of it was."""

    reason: str
    is_first: bool
    is_in_three: bool
    claims: int
    valid_claims: int

    @property
    def is_right(self) -> bool:
        """Whether the case got what it expects."""
        return not self.reason


def judge(case: Case, seen: Observed) -> Verdict:
    """Judge one asking of a case."""
    right = [any(is_named(source, name) for name in case.sources) for source in seen.sources]
    checked = [is_backed(claim, sources, case.language) for claim, sources in claims(seen)]
    return Verdict(
        reason=_wrong(case, seen, right),
        is_first=right[:1] == [True],
        is_in_three=any(right[:IN_THREE]),
        claims=len(checked),
        valid_claims=sum(checked),
    )


def _wrong(case: Case, seen: Observed, right: Sequence[bool]) -> str:
    """Return what was wrong, or nothing."""
    if seen.problem:
        return f"no answer: {seen.problem}"
    if seen.degraded:
        return f"degraded: {', '.join(seen.degraded)}"
    is_handed_over = seen.hand_over_reason is not None
    if case.expected == "hand_over":
        return "" if is_handed_over else "not handed over"
    if is_handed_over:
        return f"handed over: {seen.hand_over_reason}"
    if case.expected == "refused":
        return "" if seen.is_refused else "not refused"
    if case.expected == "no_answer":
        return f"answered from {seen.sources[0].title}" if seen.sources else ""
    if seen.is_refused:
        return "refused"
    if not right:
        return "not answered"
    return "" if right[0] else f"answered from {seen.sources[0].title} first"


def is_named(source: Source, name: str) -> bool:
    """Tell whether a name is that of a source: its title, or the end of its address."""
    last = unquote(urlsplit(source.url).path).rstrip("/").rpartition("/")[2].casefold()
    return name.casefold() in {source.title.casefold(), last, last.rpartition(".")[0]}


def claims(seen: Observed) -> Iterable[tuple[str, list[Source]]]:
    """Return what stands before each group of marks, with the sources that the marks name.

    What rests on sources that were cited before is left out: a source's excerpt is about its first claim.
    """
    by_index = {each.index: each for each in seen.sources}
    cited: set[int] = set()
    for paragraph in seen.answer.split("\n\n"):
        parts = _MARKS.split(paragraph)
        for text, marks in zip(parts[::2], parts[1::2], strict=False):
            named = [by_index[number] for number in map(int, re.findall(r"\d+", marks)) if number in by_index]
            numbers = {each.index for each in named}
            if _WORD.search(text) and (not numbers or numbers - cited):
                yield text, named
            cited |= numbers


def is_backed(claim: str, sources: Sequence[Source], language: str) -> bool:
    """Tell whether the sources hold one of a claim's sentences; an excerpt is too short for all of them.

    That is its numbers, and in English at least half of its words: an answer in another language than its
    source shares no words with it.
    """
    text = " ".join(f"{each.title} {each.snippet}" for each in sources)
    numbers, known = set(_NUMBER.findall(text)), _stems(text)
    return any(
        set(_NUMBER.findall(sentence)) <= numbers and (language != _ENGLISH or _is_held(sentence, known))
        for sentence in _SENTENCE_END.split(claim)
        if _WORD.search(sentence)
    )


def _is_held(sentence: str, known: set[str]) -> bool:
    words = _stems(sentence)
    return len(words & known) / len(words) >= _LEAST_SHARE


def _stems(text: str) -> set[str]:
    return {word[:_SAME_LETTERS] for word in _WORD.findall(text.casefold())}
