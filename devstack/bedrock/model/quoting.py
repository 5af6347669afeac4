"""Quote a unit of a passage so that it can be read on its own: a paragraph, or a list with its lead."""

import re
from collections.abc import Sequence

from devstack.bedrock.model.blocks import Unit
from devstack.bedrock.model.evidence import AskedWord, Source, coverage

_MOST_SENTENCES = 4
_LONGEST_PARAGRAPH = 500
_MOST_ITEMS = 12
_LEANS_BACK = re.compile(r"(?:it|this|that|these|those|they|otherwise|then|also|if so)\b", re.IGNORECASE)


def quote(source: Source, place: int, words: Sequence[AskedWord]) -> str:
    """Return the unit at a place with what belongs to it, followed by the source's mark."""
    all_units = source.units
    unit = all_units[place]
    mark = f"[{source.index}]"
    if unit.kind == "sentence":
        text, next_place = _paragraph_from(all_units, place)
        listed = all_units[next_place] if next_place < len(all_units) else None
        if not text.endswith(":"):
            return f"{text} {mark}"
        return f"{text}\n\n{_list_text(listed, words)} {mark}" if listed else f"{text} {mark}"
    before = all_units[place - 1] if place else None
    introduces = before and before.kind == "sentence" and before.text.endswith(":")
    lead = f"{before.text}\n\n" if before and introduces else ""
    return f"{lead}{_list_text(unit, words)}{_gap(unit)}{mark}"


def _gap(unit: Unit) -> str:
    return "\n" if unit.kind == "code" else " "


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
    stems = [Source(0, "", item).all_stems for item in unit.items]
    ranked = sorted(range(len(stems)), key=lambda place: -coverage(words, stems[place]))[: _MOST_ITEMS // 2]
    return "\n".join(unit.items[place] for place in sorted(ranked))
