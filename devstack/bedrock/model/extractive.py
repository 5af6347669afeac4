"""The stand-in's model: answers in the words of the passages it is given, or says that they hold no answer.

It weighs the question's words by how rare they are and demands that one passage covers most of that weight,
so that a chance word answers nothing. It invents no sentence about the subject and is no language model.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.chat.reading.questions import questions_in
from devstack.bedrock.model.blocks import Unit
from devstack.bedrock.model.chat_model import (
    CHARACTERS_PER_TOKEN,
    Message,
    ModelReply,
    estimated_tokens,
    input_tokens,
    is_for_draft,
    passages_of,
    question_of,
    ticket_of,
)
from devstack.bedrock.model.evidence import (
    AskedWord,
    NumberedPassage,
    asked_words,
    coverage,
    kind_bonus,
    lead_in,
    stems,
    unit_scores,
)
from devstack.bedrock.model.intents import HandOver, answer_without_passages, needs_no_passage, told_of_ticket
from devstack.bedrock.search.text import is_filler, raw_words

_LEAST_COVERAGE = 0.55
_LEAST_UNIT_SCORE = 0.4
_LEAST_OWN_COVERAGE = 0.35
_RANK_PENALTY = 0.2
_TITLE_SHARE = 1.3
_OWN_TITLE_SHARE = 0.3
_EARLIER_QUESTIONS = 2
_MOST_PARTS = 2
_LEAST_WORDS_OF_PART = 2
_SHORT_QUESTION_WORDS = 4
_MOST_SENTENCES = 4
_LONGEST_PARAGRAPH = 500
_MOST_ITEMS = 12

HAND_OVER_TOOL = "hand_over"

_BETWEEN_PARTS = re.compile(r"[?.!;]\s+(?:and\b)?|,?\s+and (?:also )?", re.IGNORECASE)
_FOLLOW_UP = re.compile(
    r"^\s*(?:and|but|or|so|also|then|what if|what about|how about|ok(?:ay)?|yes|no|why|really|still)\b"
    r"|\b(?:it|its|it's|that|this|they|them|those|these|one|there|he|she|instead|else|too|then)\b",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(r"(?:it|this|that|these|those|they|otherwise|then|also|if so)\b", re.IGNORECASE)
_NO_ANSWER = (
    "I'm sorry, I couldn't find an answer to that in our help articles. "
    "Could you put it in other words, or ask for a person? [0]"
)
_NOTHING_ABOUT = "About “{}” I found nothing in our help articles."
_NO_DRAFT = "Hello,\n\nthank you for your message. [0]\n\nMissing:\n- The answer to what the customer asks."

Rarity = Callable[[str], float]
"""How rare a word is in the articles; the rarer, the more it tells."""


class ExtractiveModel:
    """Stands behind Converse with `reply`."""

    def __init__(self, rarity: Rarity) -> None:
        self._rarity = rarity

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer the last user message."""
        *earlier, last = parameters["messages"]
        if is_for_draft(last):
            return self._draft(parameters, last)
        given = told_of_ticket(question_of(last), ticket_of(last)) or reply(
            question_of(last),
            [question_of(message) for message in earlier if message["role"] == "user"],
            passages_of(last),
            self._rarity,
            _offers_hand_over(parameters),
        )
        if isinstance(given, HandOver):
            tool_input = {"reason": given.reason, "summary": given.summary, "message": given.message}
            tool_use = {"toolUseId": f"tooluse_{uuid.uuid4().hex}", "name": HAND_OVER_TOOL}
            tokens = estimated_tokens("".join(tool_input.values()))
            content = [{"toolUse": {**tool_use, "input": tool_input}}]
            return ModelReply(content, "tool_use", input_tokens(parameters), tokens)
        return _spoken(given, parameters)

    def _draft(self, parameters: Mapping[str, Any], last: Message) -> ModelReply:
        question = question_of(last)
        answers = (
            [] if needs_no_passage(question) else _answers(question, [], passages_of(last), self._rarity)
        )
        return _spoken("\n\n".join(["Hello,", *answers]) if answers else _NO_DRAFT, parameters)


def _spoken(text: str, parameters: Mapping[str, Any]) -> ModelReply:
    said, stop_reason = _cut(text, parameters.get("inferenceConfig", {}))
    return ModelReply([{"text": said}], stop_reason, input_tokens(parameters), estimated_tokens(said))


def _offers_hand_over(parameters: Mapping[str, Any]) -> bool:
    tools = parameters.get("toolConfig", {}).get("tools", ())
    return any(tool.get("toolSpec", {}).get("name") == HAND_OVER_TOOL for tool in tools)


def _cut(text: str, limits: Mapping[str, Any]) -> tuple[str, str]:
    """Cut a text at the first stop sequence and at the token limit; return it with its stop reason."""
    stops = [place for stop in limits.get("stopSequences", ()) if (place := text.find(stop)) >= 0]
    stop_reason = "stop_sequence" if stops else "end_turn"
    text = text[: min(stops)] if stops else text
    limit = limits.get("maxTokens")
    if limit is not None and estimated_tokens(text) > limit:
        return text[: limit * CHARACTERS_PER_TOKEN], "max_tokens"
    return text, stop_reason


def reply(
    question: str,
    earlier_questions: Sequence[str],
    passages: Sequence[NumberedPassage],
    rarity: Rarity,
    may_hand_over: bool,
) -> str | HandOver:
    """Answer a question from the passages, or hand it over when the customer asks for a person.

    An answer is Markdown: `[n]` follows what passage n says, `[0]` ends one that found nothing.
    """
    if given := answer_without_passages(question, earlier_questions, may_hand_over):
        return given
    answers = {part: _answer_to(part, earlier_questions, passages, rarity) for part in questions_in(question)}
    found = list(dict.fromkeys(filter(None, answers.values())))
    missed = [_NOTHING_ABOUT.format(part) for part, answer in answers.items() if not answer]
    return "\n\n".join([*found, *missed]) if found else _NO_ANSWER


def _answer_to(
    question: str, earlier_questions: Sequence[str], passages: Sequence[NumberedPassage], rarity: Rarity
) -> str:
    """Return the quotations that answer one question, or nothing."""
    if not raw_words(question):
        return ""
    earlier = [text for text in earlier_questions if not needs_no_passage(text)]
    contexts = [earlier[-_EARLIER_QUESTIONS:], []] if earlier and is_follow_up(question) else [[]]
    answers = _answers_to_parts(question, passages, rarity)
    for context in contexts:
        answers = answers or _answers(question, context, passages, rarity)
    return "\n\n".join(answers)


def is_follow_up(question: str) -> bool:
    """Tell whether a question can only be understood with the ones before it."""
    return bool(_FOLLOW_UP.search(question)) or len(question.split()) <= _SHORT_QUESTION_WORDS


def _answers(
    question: str, context: Sequence[str], passages: Sequence[NumberedPassage], rarity: Rarity
) -> list[str]:
    """Return the quotation that answers, if there is one."""
    words = asked_words(question, context, rarity)
    best = _best_candidate(question, words, passages)
    return [_quote(best.passage, best.place, words)] if best else []


def _answers_to_parts(question: str, passages: Sequence[NumberedPassage], rarity: Rarity) -> list[str]:
    """Return two quotations when two things are asked at once and different articles answer them."""
    parts = [part for part in _BETWEEN_PARTS.split(question) if part.strip()]
    words = [asked_words(part, [], rarity) for part in parts]
    if len(parts) != _MOST_PARTS or min(map(len, words)) < _LEAST_WORDS_OF_PART:
        return []
    best = [_best_candidate(part, asked, passages) for part, asked in zip(parts, words, strict=True)]
    if len({each.passage.title for each in best if each}) < _MOST_PARTS:
        return []
    return [_quote(each.passage, each.place, asked) for each, asked in zip(best, words, strict=True) if each]


@dataclass(frozen=True)
class _Candidate:
    """A passage with the unit in it that answers best."""

    passage: NumberedPassage
    place: int
    score: float


def _best_candidate(
    question: str, words: Sequence[AskedWord], passages: Sequence[NumberedPassage]
) -> _Candidate | None:
    found = (_candidate(question, words, passage, rank) for rank, passage in enumerate(passages))
    return max((each for each in found if each), key=lambda each: each.score, default=None)


def _candidate(
    question: str, words: Sequence[AskedWord], passage: NumberedPassage, rank: int
) -> _Candidate | None:
    """Return the unit of a passage that answers, or None when the passage holds no answer."""
    own = [word for word in words if not (word.is_earlier or is_filler(word.stem))]
    scores = unit_scores(words, passage)
    covered = coverage(words, passage.all_stems)
    covers_own = not own or coverage(own, passage.all_stems) >= _LEAST_OWN_COVERAGE
    if not scores or covered < _LEAST_COVERAGE or max(scores) < _LEAST_UNIT_SCORE or not covers_own:
        return None
    fitting = [score + kind_bonus(question, unit) for score, unit in zip(scores, passage.units, strict=True)]
    place = max(range(len(fitting)), key=lambda index: fitting[index])
    headed = max(coverage(words, passage.title_stems), coverage(words, passage.unit_stems[place].heading))
    total = covered + fitting[place] + _TITLE_SHARE * headed - _RANK_PENALTY * rank
    if any(word.is_earlier for word in words):
        # An article about what is asked now beats one about what was asked before.
        total += _OWN_TITLE_SHARE * coverage(own, passage.title_stems)
    return _Candidate(passage, place, total)


def _quote(passage: NumberedPassage, place: int, words: Sequence[AskedWord]) -> str:
    """Return the unit at a place with what belongs to it, followed by the passage's mark."""
    unit, mark = passage.units[place], f"[{passage.index}]"
    if unit.kind != "sentence":
        lead = lead_in(passage.units, place)
        return f"{lead}\n\n{_listed(unit, words, mark)}" if lead else _listed(unit, words, mark)
    text, next_place = _paragraph_from(passage.units, place)
    if text.endswith(":") and next_place < len(passage.units):
        return f"{text}\n\n{_listed(passage.units[next_place], words, mark)}"
    return f"{text} {mark}"


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
