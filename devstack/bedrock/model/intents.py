"""Recognise what needs no passage, small talk and the wish to be helped by a person, and what to reply."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.small_talk import small_talk
from devstack.bedrock.model.sentences import sentence
from devstack.bedrock.search.languages import ENGLISH, LANGUAGES, language_of
from devstack.bedrock.search.text import raw_words

_IDENTITY = re.compile(
    r"(?:hi |hello |hey )?(?:(?:who|what) (?:are|r) (?:you|u)(?: exactly)?|whats your name|what is your name|"
    r"(?:are you|am i (?:talking|speaking|chatting) (?:to|with)|is this)"
    r" (?:an? )?(?:real )?(?:bot|chatbot|robot|human|person|real|ai|machine|chatgpt|gpt|claude|llm|computer)"
    r"(?: or (?:an? )?(?:real )?(?:bot|chatbot|robot|human|person|ai|machine|computer))?|"
    r"what can you do(?: for me)?|what can i ask(?: you)?|how can you help(?: me)?|can you help(?: me)?|help|"
    r"i need help|how are you(?: doing)?(?: today)?|whats up)"
)
_LONGEST_SMALL_TALK_WORDS = 12

_WHO_I_AM = (
    "I'm an automated assistant, not a person. I look up answers in our help articles; "
    "you can also ask me for a person."
)

_ASKS_ABOUT_TICKET = re.compile(
    r"\b(?:status|state|stand|stands|update|updates|news|progress|happening|heard|open|closed|answered)\b"
    r".{0,40}\b(?:ticket|case|request)\b"
    r"|\b(?:ticket|case|request)\b.{0,40}"
    r"\b(?:status|state|stand|stands|update|updates|news|progress|open|closed|answered|doing)\b"
)

_SUMMARY_CHARACTERS = 400


@dataclass(frozen=True)
class HandOver:
    """The wish to hand the conversation to a person."""

    reason: str
    summary: str
    message: str


def answer_without_passages(
    question: str, earlier_questions: Sequence[str], may_hand_over: bool
) -> str | HandOver | None:
    """Answer small talk, or hand over when the customer asks for a person; None for anything else."""
    if not asks_for_a_person(question):
        return _small_talk_reply(question)
    if not may_hand_over:
        return sentence("already_handed_over", language_of(question))
    return _hand_over(question, earlier_questions)


def told_of_ticket(question: str, ticket: Mapping[str, str]) -> str | None:
    """Say how the conversation's ticket stands when the customer asks; None for anything else."""
    if not ticket or not _ASKS_ABOUT_TICKET.search(" ".join(raw_words(question))):
        return None
    told = f"Your ticket **{ticket['Number']}** of {ticket['Opened']} is {ticket['Status']}."
    return "\n\n".join(filter(None, (told, ticket.get("Support hours"))))


def needs_no_passage(message: str) -> bool:
    """Tell whether a message is small talk or the wish for a person."""
    return asks_for_a_person(message) or _small_talk_reply(message) is not None


def _hand_over(question: str, earlier_questions: Sequence[str]) -> HandOver:
    before = f" Earlier questions: {' / '.join(earlier_questions[-3:])}" if earlier_questions else ""
    summary = " ".join(f"The customer asks for a person: {question}{before}".split())
    if len(summary) > _SUMMARY_CHARACTERS:
        summary = summary[: _SUMMARY_CHARACTERS - 1] + "…"
    return HandOver("customer_request", summary, sentence("hand_over", language_of(question)))


def _small_talk_reply(message: str) -> str | None:
    """Return what to reply when the message is a greeting, thanks, an emoji or "who are you?" alone."""
    if said := small_talk(message):
        return sentence(said.kind, said.language if said.language in LANGUAGES else ENGLISH)
    spoken = raw_words(message)
    asks_who = len(spoken) <= _LONGEST_SMALL_TALK_WORDS and _IDENTITY.fullmatch(" ".join(spoken))
    return _WHO_I_AM if asks_who else None
