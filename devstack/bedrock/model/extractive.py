"""The stand-in's model: answers in the words of the passages it is given, or says that they hold no answer.

It weighs the question's words by how rare they are and demands that one passage covers most of that weight,
so that a chance word answers nothing. It invents no sentence about the subject and is no language model.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devstack.bedrock.model.evidence import AskedWord, Source, asked_words, coverage, kind_bonus, unit_scores
from devstack.bedrock.model.intents import asks_for_person, language, small_talk
from devstack.bedrock.model.quoting import quote
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
_SUMMARY_CHARACTERS = 400

_BETWEEN_PARTS = re.compile(r"[?.!;]\s+(?:and\b)?|,?\s+and (?:also )?", re.IGNORECASE)
_FOLLOW_UP = re.compile(
    r"^\s*(?:and|but|or|so|also|then|what if|what about|how about|ok(?:ay)?|yes|no|why|really|still)\b"
    r"|\b(?:it|its|it's|that|this|they|them|those|these|one|there|he|she|instead|else|too|then)\b",
    re.IGNORECASE,
)

_SMALL_TALK_REPLIES = {
    "greeting": "Hello! I'm an automated assistant. Ask me anything about our products and services, "
    "and I'll look it up in our help articles.",
    "thanks": "You're welcome! If there is anything else, just ask.",
    "goodbye": "Goodbye, and have a good day!",
    "identity": "I'm an automated assistant, not a person. I look up answers in our help articles; "
    "you can also ask me for a person.",
}
_NO_ANSWER = (
    "I'm sorry, I couldn't find an answer to that in our help articles. "
    "Could you put it in other words, or ask for a person? [0]"
)
_HAND_OVER_MESSAGES = {
    "en": "I'm handing this conversation over to our support team.",
    "es": "Paso esta conversación a nuestro equipo de soporte.",
    "fr": "Je transmets cette conversation à notre équipe d'assistance.",
    "de": "Ich gebe dieses Gespräch an unser Support-Team weiter.",
    "it": "Passo questa conversazione al nostro team di assistenza.",
    "pt": "Estou passando esta conversa para a nossa equipe de suporte.",
}
_ALREADY_HANDED_OVER = (
    "I'm an automated assistant: if I can look something up in our help articles meanwhile, just ask."
)


@dataclass(frozen=True)
class PromptPassage:
    """A passage as the prompt numbers it."""

    index: int
    title: str
    text: str


@dataclass(frozen=True)
class Answer:
    """A reply in Markdown: `[n]` follows what passage n says, `[0]` ends a reply that found no answer."""

    text: str


@dataclass(frozen=True)
class HandOver:
    """The wish to hand the conversation to a person."""

    reason: str
    summary: str
    message: str


@dataclass(frozen=True)
class _Candidate:
    """A passage with the unit in it that answers best."""

    source: Source
    place: int
    score: float


def reply(
    question: str,
    earlier_questions: Sequence[str],
    passages: Sequence[PromptPassage],
    rarity: Callable[[str], float],
    may_hand_over: bool,
) -> Answer | HandOver:
    """Answer a question from the passages, or hand it over when the customer asks for a person."""
    if asks_for_person(question):
        return _hand_over(question, earlier_questions) if may_hand_over else Answer(_ALREADY_HANDED_OVER)
    if talk := small_talk(question):
        return Answer(_SMALL_TALK_REPLIES[talk])
    if not raw_words(question):
        return Answer(_NO_ANSWER)
    sources = [Source(passage.index, passage.title, passage.text) for passage in passages]
    earlier = [text for text in earlier_questions if not (small_talk(text) or asks_for_person(text))]
    contexts = [earlier[-_EARLIER_QUESTIONS:], []] if earlier and is_follow_up(question) else [[]]
    answers = _answers_to_parts(question, sources, rarity)
    for context in contexts:
        answers = answers or _answers(question, context, sources, rarity)
    return Answer("\n\n".join(answers) or _NO_ANSWER)


def _answers(
    question: str, context: Sequence[str], sources: Sequence[Source], rarity: Callable[[str], float]
) -> list[str]:
    """Return the quotation that answers, if there is one."""
    words = asked_words(question, context, rarity)
    return [quote(each.source, each.place, words) for each in _candidates(question, words, sources)[:1]]


def _answers_to_parts(question: str, sources: Sequence[Source], rarity: Callable[[str], float]) -> list[str]:
    """Return two quotations when two things are asked at once and different articles answer them."""
    parts = [part for part in _BETWEEN_PARTS.split(question) if part.strip()]
    words = [asked_words(part, [], rarity) for part in parts]
    if len(parts) != _MOST_PARTS or min(map(len, words)) < _LEAST_WORDS_OF_PART:
        return []
    best = [_candidates(part, asked, sources)[:1] for part, asked in zip(parts, words, strict=True)]
    if len({each.source.title for found in best for each in found}) < _MOST_PARTS:
        return []
    return [
        quote(each.source, each.place, asked)
        for found, asked in zip(best, words, strict=True)
        for each in found
    ]


def _hand_over(question: str, earlier_questions: Sequence[str]) -> HandOver:
    before = f" Earlier questions: {' / '.join(earlier_questions[-3:])}" if earlier_questions else ""
    summary = " ".join(f"The customer asks for a person: {question}{before}".split())
    if len(summary) > _SUMMARY_CHARACTERS:
        summary = summary[: _SUMMARY_CHARACTERS - 1] + "…"
    return HandOver("customer_request", summary, _HAND_OVER_MESSAGES[language(question)])


def is_follow_up(question: str) -> bool:
    """Tell whether a question can only be understood with the ones before it."""
    return bool(_FOLLOW_UP.search(question)) or len(question.split()) <= _SHORT_QUESTION_WORDS


def _candidates(question: str, words: Sequence[AskedWord], sources: Sequence[Source]) -> list[_Candidate]:
    """Return the passages that hold an answer, best first."""
    own = [word for word in words if not (word.is_earlier or is_filler(word.stem))]
    is_follow_up = any(word.is_earlier for word in words)
    found = []
    for rank, source in enumerate(sources):
        scores = unit_scores(words, source)
        covered = coverage(words, source.all_stems)
        covers_own = not own or coverage(own, source.all_stems) >= _LEAST_OWN_COVERAGE
        if not scores or covered < _LEAST_COVERAGE or max(scores) < _LEAST_UNIT_SCORE or not covers_own:
            continue
        fitting = [
            score + kind_bonus(question, unit) for score, unit in zip(scores, source.units, strict=True)
        ]
        place = max(range(len(fitting)), key=lambda index: fitting[index])
        headed = max(coverage(words, source.title_stems), coverage(words, source.unit_stems[place][2]))
        total = covered + fitting[place] + _TITLE_SHARE * headed - _RANK_PENALTY * rank
        if is_follow_up:
            # An article about what is asked now beats one about what was asked before.
            total += _OWN_TITLE_SHARE * coverage(own, source.title_stems)
        found.append(_Candidate(source, place, total))
    return sorted(found, key=lambda each: -each.score)
