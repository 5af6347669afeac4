"""The stand-in's model: answers in the words of the passages it is given, or says that they hold no answer.

It weighs the question's words by how rare they are, and what the question means. A passage answers that
covers most of the weight, or comes close enough in meaning; a chance word answers nothing. Numbers and codes
of the question have to stand in the passage. It invents no sentence about the subject and is no language
model.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

from chalicelib.chat.reading.questions import asked_alone, is_follow_up, questions_in
from devstack.bedrock.model.article import article
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
    solutions_of,
    texts_of,
    ticket_of,
)
from devstack.bedrock.model.codes import asked_codes
from devstack.bedrock.model.evidence import (
    AskedWord,
    Knowledge,
    NumberedPassage,
    asked_words,
    asks_how,
    coverage,
    kind_bonus,
    lead_in,
    stems,
    unit_scores,
)
from devstack.bedrock.model.facts import QUESTIONS, CustomerFacts, answer_from_facts, facts_in
from devstack.bedrock.model.intents import HandOver, answer_without_passages, needs_no_passage, told_of_ticket
from devstack.bedrock.model.sentences import sentence
from devstack.bedrock.search.glossary import words_of
from devstack.bedrock.search.languages import ENGLISH, language_of
from devstack.bedrock.search.text import is_filler, raw_words

_LEAST_COVERAGE = 0.55
_LEAST_UNIT_SCORE = 0.4
_LEAST_OWN_COVERAGE = 0.35
_LEAST_CLOSENESS = 0.3
_LEAST_CLOSENESS_ACROSS_LANGUAGES = 0.25
_RARITY_OF_OUR_NAMES = 1.2
"""What more than a quarter of the articles name is the company or its product."""
_UNKNOWN_SHARE = 0.1
_STRANGE_SHARE = 0.8
_COVERAGE_SHARE = 0.5
_HEADED_SHARE = 0.1
_RANK_STEP = 0.05
_UNIT_SHARE = 0.45
_LIKENESS_SHARE = 0.3
_PLACE_STEP = 0.005
_ALIKE = 0.02
_NEARLY = 0.85
_RANK_PENALTY = 0.2
_TITLE_SHARE = 1.3
_OWN_TITLE_SHARE = 0.3
_EARLIER_QUESTIONS = 2
_MOST_PARTS = 2
_LEAST_WORDS_OF_PART = 2
_MOST_SENTENCES = 4
_LONGEST_PARAGRAPH = 500
_MOST_ITEMS = 12

HAND_OVER_TOOL = "hand_over"

_BETWEEN_PARTS = re.compile(r"[?.!;]\s+(?:and\b)?|,?\s+and (?:also )?", re.IGNORECASE)
_LEANS_BACK = re.compile(r"(?:it|this|that|these|those|they|otherwise|then|also|if so)\b", re.IGNORECASE)
_WORD = re.compile(r"\s*\S+|\s+")
_NO_DRAFT = "Hello,\n\nthank you for your message. [0]\n\nMissing:\n- The answer to what the customer asks."


class ExtractiveModel:
    """Stands behind Converse with `reply`."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer the last user message."""
        *earlier, last = parameters["messages"]
        if is_for_draft(last):
            return self._draft(parameters, last)
        if (solutions := solutions_of(last)) is not None:
            return _spoken(article(question_of(last), solutions), parameters)
        given = told_of_ticket(question_of(last), ticket_of(last)) or reply(
            question_of(last),
            [question_of(message) for message in earlier if message["role"] == "user"],
            passages_of(last),
            self._knowledge,
            _offers_hand_over(parameters),
            facts_in(texts_of(last)),
        )
        if isinstance(given, HandOver):
            tool_input = {"reason": given.reason, "summary": given.summary, "message": given.message}
            tool_use = {"toolUseId": f"tooluse_{uuid.uuid4().hex}", "name": HAND_OVER_TOOL}
            tokens = estimated_tokens("".join(tool_input.values()))
            content = [{"toolUse": {**tool_use, "input": tool_input}}]
            return ModelReply(content, "tool_use", input_tokens(parameters), tokens)
        return _spoken(given, parameters)

    def stream(self, parameters: Mapping[str, Any]) -> Generator[str, None, ModelReply]:
        """Yield the answer word by word, and return it."""
        reply = self.converse(parameters)
        for block in reply.content:
            yield from _WORD.findall(block.get("text", ""))
        return reply

    def _draft(self, parameters: Mapping[str, Any], last: Message) -> ModelReply:
        question = question_of(last)
        answers = (
            [] if needs_no_passage(question) else _answers(question, [], passages_of(last), self._knowledge)
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
    knowledge: Knowledge,
    may_hand_over: bool,
    facts: CustomerFacts | None = None,
) -> str | HandOver:
    """Answer a question from the passages, or hand it over when the customer asks for a person.

    An answer is Markdown: `[n]` follows what passage n says, `[0]` ends one that found nothing.
    """
    if given := answer_without_passages(question, earlier_questions, may_hand_over):
        return given
    language = language_of(question)
    if facts and (own := answer_from_facts(facts, knowledge.likeness(question, QUESTIONS), language)):
        return own
    question = knowledge.spelled_right(question)
    answers = {
        part: _answer_to(part, earlier_questions, passages, knowledge)
        or _answer_to(asked_alone(part) or "", earlier_questions, passages, knowledge)
        for part in questions_in(question)
    }
    found = list(dict.fromkeys(filter(None, answers.values())))
    missed = [sentence("nothing_about", language).format(part) for part, each in answers.items() if not each]
    return "\n\n".join([*found, *missed]) if found else f"{sentence('no_answer', language)} [0]"


def _answer_to(
    question: str,
    earlier_questions: Sequence[str],
    passages: Sequence[NumberedPassage],
    knowledge: Knowledge,
) -> str:
    """Return the quotations that answer one question, or nothing."""
    if not raw_words(question):
        return ""
    earlier = [text for text in earlier_questions if not needs_no_passage(text)]
    contexts = [earlier[-_EARLIER_QUESTIONS:], []] if earlier and is_follow_up(question) else [[]]
    answers = _answers_to_parts(question, passages, knowledge)
    for context in contexts:
        answers = answers or _answers(question, context, passages, knowledge)
    return "\n\n".join(answers)


def _answers(
    question: str, context: Sequence[str], passages: Sequence[NumberedPassage], knowledge: Knowledge
) -> list[str]:
    """Return the quotation that answers, if there is one, and what of its article answers nearly as well."""
    asked = _Question.of(question, context, knowledge)
    best = _best_candidate(asked, passages, knowledge)
    if not best:
        return []
    first = _quoted(asked, best)
    nearly = _nearly_as_good(asked, best, passages, knowledge)
    others = (_quote(each.passage, each.place, asked.words) for each in nearly)
    return [first, *islice((each for each in others if _unmarked(each) not in first), 1)]


def _answers_to_parts(question: str, passages: Sequence[NumberedPassage], knowledge: Knowledge) -> list[str]:
    """Return two quotations when two things are asked at once and different articles answer them."""
    parts = [part for part in _BETWEEN_PARTS.split(question) if part.strip()]
    asked = [_Question.of(part, [], knowledge) for part in parts]
    if len(parts) != _MOST_PARTS or min(len(each.words) for each in asked) < _LEAST_WORDS_OF_PART:
        return []
    best = [_best_candidate(each, passages, knowledge) for each in asked]
    if len({each.passage.title for each in best if each}) < _MOST_PARTS:
        return []
    return [_quoted(part, each) for part, each in zip(asked, best, strict=True) if each]


@dataclass(frozen=True)
class _Question:
    """What is asked: its text, its words by weight, those of its own that tell, its names and codes.

    `strangeness` is how much speaks for it being about something else than the articles.
    """

    text: str
    in_context: str
    language: str
    words: Sequence[AskedWord]
    own: Sequence[AskedWord]
    strangeness: float
    names: Sequence[str]
    codes: Sequence[frozenset[str]]

    @classmethod
    def of(cls, text: str, context: Sequence[str], knowledge: Knowledge) -> _Question:
        words = asked_words(text, context, knowledge.rarity)
        own = [word for word in words if not (word.is_earlier or is_filler(word.stems[0]))]
        in_context = "\n".join([*context, text])
        unknown = [word for word in own if not any(map(knowledge.knows, word.stems))]
        share = sum(word.weight for word in unknown) / (sum(word.weight for word in words) or 1.0)
        strangeness = _UNKNOWN_SHARE * share + _STRANGE_SHARE * knowledge.strangeness(text)
        named = (word.stems[0] for word in words_of(text) if word.is_name)
        names = [name for name in named if knowledge.rarity(name) > _RARITY_OF_OUR_NAMES]
        return cls(text, in_context, language_of(text), words, own, strangeness, names, asked_codes(text))


@dataclass(frozen=True)
class _Candidate:
    """A passage that holds an answer, the place of the unit to quote, and how well that fits."""

    passage: NumberedPassage
    score: float
    place: int
    fit: float


def _best_candidate(
    asked: _Question, passages: Sequence[NumberedPassage], knowledge: Knowledge
) -> _Candidate | None:
    """Return the passage to quote: of the article that answers best, the part that says it best."""
    close = knowledge.closeness(asked.in_context, [passage.text for passage in passages])
    tried = (
        _candidate(asked, passage, rank, close[rank] if close else None, knowledge)
        for rank, passage in enumerate(passages)
    )
    found = [each for each in tried if each]
    if not found:
        return None
    best = max(found, key=lambda each: each.score)
    if not asks_how(asked.text):
        return best
    return max(
        (each for each in found if each.passage.title == best.passage.title), key=lambda each: each.fit
    )


def _candidate(
    asked: _Question, passage: NumberedPassage, rank: int, close: float | None, knowledge: Knowledge
) -> _Candidate | None:
    """Return a passage with its score, or None when it holds no answer."""
    places = passage.places_with(asked.codes)
    if not places or not _is_answered(asked, passage, rank, close):
        return None
    fitting = _fitting(asked, passage, _alike(asked, passage, knowledge) if _UNIT_SHARE else None)
    place = _best_place(places, fitting)
    covered = coverage(asked.words, passage.all_stems)
    headed = max(
        coverage(asked.words, passage.title_stems), coverage(asked.words, passage.unit_stems[place].heading)
    )
    if close is not None:
        score = close + _COVERAGE_SHARE * covered + _HEADED_SHARE * headed - _RANK_STEP * rank
        score += _UNIT_SHARE * fitting[place]
    else:
        score = covered + fitting[place] + _TITLE_SHARE * headed - _RANK_PENALTY * rank
    if any(word.is_earlier for word in asked.words):
        # An article about what is asked now beats one about what was asked before.
        score += _OWN_TITLE_SHARE * coverage(asked.own, passage.title_stems)
    return _Candidate(passage, score, place, fitting[place])


def _is_answered(asked: _Question, passage: NumberedPassage, rank: int, close: float | None) -> bool:
    """Tell whether a passage covers enough of the question's words, or is close enough in meaning."""
    covered = coverage(asked.words, passage.all_stems)
    if not passage.all_stems.issuperset(asked.names):
        return False
    if close is not None:
        least = _LEAST_CLOSENESS if asked.language == passage.language else _LEAST_CLOSENESS_ACROSS_LANGUAGES
        if close + _COVERAGE_SHARE * covered - _RANK_STEP * rank - asked.strangeness >= least:
            return True
        if asked.language != passage.language:
            return False
    if asked.own and coverage(asked.own, passage.all_stems) < _LEAST_OWN_COVERAGE:
        return False
    scores = unit_scores(asked.words, passage)
    return covered >= _LEAST_COVERAGE and max(scores, default=0.0) >= _LEAST_UNIT_SCORE


def _fitting(asked: _Question, passage: NumberedPassage, alike: Sequence[float] | None) -> list[float]:
    """Return how well each unit answers: by its words and, where it is known, by how alike it is."""
    share = _LIKENESS_SHARE if asked.language == passage.language else 1.0
    return [
        score * (1 + kind_bonus(asked.text, unit, asked.words)) + share * like - _PLACE_STEP * place
        for place, (score, like, unit) in enumerate(
            zip(unit_scores(asked.words, passage), alike or repeat(0.0), passage.units)  # noqa: B905
        )
    ]


def _best_place(places: Sequence[int], fitting: Sequence[float]) -> int:
    """Return the best place; of those that answer alike the first, as a section begins with what matters."""
    best = max(fitting[place] for place in places)
    return next(place for place in places if fitting[place] >= best - _ALIKE)


def _alike(asked: _Question, passage: NumberedPassage, knowledge: Knowledge) -> Sequence[float] | None:
    """Return how alike the question and each unit are, read under its heading."""
    told = [
        f"{unit.heading}\n{lead_in(passage.units, n)}\n{unit.text}" for n, unit in enumerate(passage.units)
    ]
    return knowledge.likeness(asked.in_context, told)


def _nearly_as_good(
    asked: _Question, best: _Candidate, passages: Sequence[NumberedPassage], knowledge: Knowledge
) -> list[_Candidate]:
    """Return the places in other passages of the same article whose units fit nearly as well, best first."""
    found = [
        _Candidate(passage, best.score, place, fit)
        for passage in passages
        if passage.title == best.passage.title and passage is not best.passage
        for fit, place in _fitting_places(asked, passage, knowledge)
        if fit >= _NEARLY * best.fit
    ]
    return sorted(found, key=lambda each: -each.fit)


def _fitting_places(
    asked: _Question, passage: NumberedPassage, knowledge: Knowledge
) -> list[tuple[float, int]]:
    fitting = _fitting(asked, passage, _alike(asked, passage, knowledge))
    return [(fitting[place], place) for place in passage.places_with(asked.codes)]


def _unmarked(quotation: str) -> str:
    return quotation.rpartition("[")[0].strip()


def _quoted(asked: _Question, found: _Candidate) -> str:
    """Return what answers, announced as a quotation if it is in another language."""
    quotation = _quote(found.passage, found.place, asked.words)
    # A document may hold other languages than most of it is in.
    language = language_of(quotation)
    if asked.language in (language, found.passage.language):
        return quotation
    key = "quoted_in_english" if language == ENGLISH else "quoted_in_another_language"
    return f"{sentence(key, asked.language)}\n\n{quotation}"


def _quote(passage: NumberedPassage, place: int, words: Sequence[AskedWord]) -> str:
    """Return the unit at a place with what belongs to it, followed by the passage's mark."""
    unit, mark = passage.units[place], f"[{passage.index}]"
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
