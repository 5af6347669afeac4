"""Quote what answers: the paragraph, list, row or code at a place of a passage, with the passage's mark."""

import re
from collections.abc import Sequence

from devstack.bedrock.model.blocks import Unit
from devstack.bedrock.model.candidates import Candidate
from devstack.bedrock.model.evidence import coverage, lead_in, stems
from devstack.bedrock.model.question import AskedWord, Question
from devstack.bedrock.model.sentences import sentence
from devstack.bedrock.search.languages import ENGLISH, language_of

_MOST_SENTENCES = 4
_LONGEST_PARAGRAPH = 500
_MOST_ITEMS = 12
_LEANS_BACK = re.compile(r"(?:it|this|that|these|those|they|otherwise|then|also|if so)\b", re.IGNORECASE)


def announced(asked: Question, found: Candidate) -> str:
    """Return what answers, announced if it is in another language or may be about something else."""
    quoted = quotation(asked, found)
    # A document may hold other languages than most of it is in.
    language = language_of(quoted)
    if asked.language not in (language, found.passage.language):
        key = "quoted_in_english" if language == ENGLISH else "quoted_in_another_language"
    elif asked.needs_its_words and not found.is_sure:
        key = "closest"
    else:
        return quoted
    return f"{sentence(key, asked.language)}\n\n{quoted}"


def quotation(asked: Question, found: Candidate) -> str:
    """Return the unit at a place with what belongs to it, followed by the passage's mark."""
    passage, place, words = found.passage, found.place, asked.words
    unit, mark = passage.units[place], f"[{passage.index}]"
    if unit.kind == "steps" and found.fit.has_value and asked.wanted and not asked.wanted.kind.is_form:
        return f"{found.fit.entry} {mark}"
    if unit.kind != "sentence":
        lead = lead_in(passage.units, place) or _heading_of(unit, passage.title)
        return f"{lead}\n\n{_listed(unit, words, mark)}" if lead else _listed(unit, words, mark)
    text, next_place = _paragraph_from(passage.units, place)
    if text.endswith(":") and next_place < len(passage.units):
        return f"{text}\n\n{_listed(passage.units[next_place], words, mark)}"
    return f"{text} {mark}"


def _heading_of(unit: Unit, title: str) -> str:
    """Return the heading that says what a list is of: "What cannot be returned"."""
    return f"**{unit.heading}**" if unit.kind == "list" and unit.heading not in ("", title) else ""


def _listed(unit: Unit, words: Sequence[AskedWord], mark: str) -> str:
    # On the line that ends a code block, a mark would keep it open.
    gap = "\n" if unit.kind == "code" else " "
    return f"{_list_text(unit, words)}{gap}{mark}"


def _paragraph_from(all_units: Sequence[Unit], place: int) -> tuple[str, int]:
    """Return a sentence's paragraph, or of a long one the sentence and what follows; and the place after."""
    start = end = place
    while start and _are_neighbours(all_units, start - 1):
        start -= 1
    while end + 1 < len(all_units) and _are_neighbours(all_units, end):
        end += 1
    paragraph = [unit.text for unit in all_units[start : end + 1]]
    if len(paragraph) > _MOST_SENTENCES or len(" ".join(paragraph)) > _LONGEST_PARAGRAPH:
        start = place - 1 if place > start and _LEANS_BACK.match(all_units[place].text) else place
        end = min(end, start + _MOST_SENTENCES - 2)
    return " ".join(unit.text for unit in all_units[start : end + 1]), end + 1


def _are_neighbours(all_units: Sequence[Unit], place: int) -> bool:
    one, two = all_units[place], all_units[place + 1]
    return one.kind == two.kind == "sentence" and one.paragraph == two.paragraph


def _list_text(unit: Unit, words: Sequence[AskedWord]) -> str:
    """Return a list whole; of one too long to read, the entries that match best, or the first steps."""
    if len(unit.items) <= _MOST_ITEMS:
        return unit.text
    if unit.kind == "steps":
        return "\n".join(unit.items[:_MOST_ITEMS])
    matches = [coverage(words, stems(item)) for item in unit.items]
    ranked = sorted(range(len(matches)), key=lambda place: -matches[place])[: _MOST_ITEMS // 2]
    return "\n".join(unit.items[place] for place in sorted(ranked))
