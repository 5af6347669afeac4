"""The stand-in's model: answers in the words of the passages it is given, or says that they hold no answer.

It weighs the question's words by how rare they are, and what the question means. A passage answers that
covers most of the weight, or comes close enough in meaning; a chance word answers nothing. For a question in
another language, weights that were learned decide (trust.py). Numbers and codes of the question have to stand
in the passage. It invents no sentence about the subject and is no language model.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from chalicelib.chat.reading.questions import asked_alone, is_follow_up, questions_in
from devstack.bedrock.model.article import article
from devstack.bedrock.model.blocks import sentences, without_marker
from devstack.bedrock.model.candidates import candidates
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
from devstack.bedrock.model.evidence import NumberedPassage
from devstack.bedrock.model.facts import QUESTIONS, CustomerFacts, answer_from_facts, facts_in
from devstack.bedrock.model.intents import HandOver, answer_without_passages, needs_no_passage, told_of_ticket
from devstack.bedrock.model.question import Knowledge, Question
from devstack.bedrock.model.quotes import announced, quotation
from devstack.bedrock.model.sentences import sentence
from devstack.bedrock.search.languages import language_of
from devstack.bedrock.search.text import raw_words

_EARLIER_QUESTIONS = 2
_MOST_PARTS = 2
_MOST_OTHERS = 2
_LEAST_WORDS_OF_PART = 2

HAND_OVER_TOOL = "hand_over"

_BETWEEN_PARTS = re.compile(r"[?.!;]\s+(?:and\b)?|,?\s+and (?:also )?", re.IGNORECASE)
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
    if facts and (
        own := answer_from_facts(facts, question, knowledge.likeness(question, QUESTIONS), language)
    ):
        return own
    question = knowledge.spelled_right(question)
    answers = {
        part: _answer_with_story(part, earlier_questions, passages, knowledge)
        for part in questions_in(question)
    }
    found = list(dict.fromkeys(filter(None, answers.values())))
    missed = [sentence("nothing_about", language).format(part) for part, each in answers.items() if not each]
    return "\n\n".join([*found, *missed]) if found else f"{sentence('no_answer', language)} [0]"


def _answer_with_story(
    question: str,
    earlier_questions: Sequence[str],
    passages: Sequence[NumberedPassage],
    knowledge: Knowledge,
) -> str:
    """Answer a question with what is told around it, or without where only then a passage surely answers."""
    read = list(filter(None, (question, asked_alone(question))))
    if len(read) > 1 and [_is_sure(each, passages, knowledge) for each in read] == [False, True]:
        read.reverse()
    answers = (_answer_to(each, earlier_questions, passages, knowledge) for each in read)
    return next(filter(None, answers), "")


def _is_sure(question: str, passages: Sequence[NumberedPassage], knowledge: Knowledge) -> bool:
    found = candidates(Question.of(question, [], knowledge), passages, knowledge)
    return bool(found) and found[0].is_sure


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
    """Return the quotation that answers, if there is one, and what of its article may answer too."""
    asked = Question.of(question, context, knowledge)
    found = candidates(asked, passages, knowledge) if asked.is_about_something else []
    if not found:
        return []
    quoted = [announced(asked, found[0])]
    for each in found[1:]:
        other = quotation(asked, each)
        if len(quoted) <= _MOST_OTHERS and _is_new(other, quoted):
            quoted.append(other)
    return quoted


def _answers_to_parts(question: str, passages: Sequence[NumberedPassage], knowledge: Knowledge) -> list[str]:
    """Return two quotations when two things are asked at once and different articles answer them."""
    parts = [part for part in _BETWEEN_PARTS.split(question) if part.strip()]
    if len(parts) != _MOST_PARTS:
        return []
    asked = [Question.of(part, [], knowledge) for part in parts]
    if min(map(_telling, asked)) < _LEAST_WORDS_OF_PART:
        return []
    best = [next(iter(candidates(each, passages, knowledge)), None) for each in asked]
    if len({each.passage.title for each in best if each}) < _MOST_PARTS:
        return []
    return [announced(part, each) for part, each in zip(asked, best, strict=True) if each]


def _telling(asked: Question) -> int:
    """Return how many words of a question tell what it is about; what kind of value it wants is one."""
    return len(asked.words) + (asked.wanted is not None)


def _is_new(other: str, quoted: Sequence[str]) -> bool:
    """Tell whether no sentence of a quotation is quoted yet; those of one paragraph are quoted together."""
    lines = map(without_marker, other.rpartition("[")[0].splitlines())
    said = [each for line in lines for each in sentences(line)]
    return not any(each in before for each in said for before in quoted)
