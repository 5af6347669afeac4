"""What the knowledge base is asked: each question as it is meant in its conversation."""

from collections.abc import Sequence

from chalicelib.chat.reading.own_words import own_subject, own_words
from chalicelib.chat.reading.questions import MOST_CHARS, asked_alone, is_follow_up, questions_in
from chalicelib.domain.conversation import Exchange
from chalicelib.domain.ticket import Ticket


def search_queries(message: str, earlier: Sequence[Exchange]) -> tuple[str, ...]:
    """Return what to look up for a message: one to three queries of at most 1,000 characters.

    Each question is looked up by itself. A follow-up goes with what it follows: "And if it never arrives?"
    says little alone; with the question before it and the titles that were cited there it finds the article.
    A single question is looked up with the story that it comes with, and without.
    """
    first, *others = questions_in(message)
    return (_in_conversation(first, earlier), *(others or _without_story(first)))


def count_searches(message: str) -> int:
    """Return how many searches a message takes."""
    return len(search_queries(message, ()))


def ticket_queries(ticket: Ticket) -> tuple[str, ...]:
    """Return what to look up for a ticket: what its description asks, with its subject where that helps.

    The subject of an answered mail ("Re: Your order") is about what was before.
    """
    subject, is_reply = own_subject(ticket.subject)
    questions = questions_in(ticket.description)
    if len(questions) == 1 and not is_reply:
        return (_clip([subject, *questions]), *_without_story(questions[0]))
    return tuple(_clip([subject, each] if is_follow_up(each) else [each]) for each in questions)


def _in_conversation(question: str, earlier: Sequence[Exchange]) -> str:
    parts = [question]
    if is_follow_up(question):
        for exchange in reversed(earlier):
            parts += [own_words(exchange.question), *(c.title for c in exchange.citations[:2])]
            if not is_follow_up(exchange.question):
                break
    return _clip(parts)


def _without_story(question: str) -> tuple[str, ...]:
    alone = asked_alone(question)
    return (alone,) if alone else ()


def _clip(parts: Sequence[str]) -> str:
    text = "\n".join(dict.fromkeys(filter(None, map(str.strip, parts))))
    return text[:MOST_CHARS]
