"""A proven customer's own orders and tickets, from the facts that the application gives with the question."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devstack.bedrock.model.sentences import sentence

_FACTS = re.compile(r"<customer>\n(.*?)\n</customer>", re.DOTALL)
_ASKS_FOR = {
    "last_order": (
        "What did I order last?",
        "Where is my order?",
        "What is my latest order?",
        "What is the status of my order?",
        "What is the status of my last purchase?",
        "Has my order shipped yet?",
        "When was my last purchase?",
    ),
    "all_orders": (
        "Show me my orders",
        "Which orders have I placed?",
        "My order history",
        "List my recent purchases",
    ),
    "open_tickets": (
        "Do I have open tickets?",
        "What is the status of my support ticket?",
        "Do I have any open cases?",
        "Has my ticket been answered?",
    ),
    "articles": (
        "How do I track an order?",
        "How do I place an order?",
        "How do I cancel my order?",
        "Can I change my order?",
        "How do I open a ticket?",
        "How long does delivery take?",
        "My order has not arrived",
        "How do I return my order?",
        "What is the status of the service?",
    ),
}
QUESTIONS = tuple(question for questions in _ASKS_FOR.values() for question in questions)
"""What the facts answer, and what is alike but for the articles; and what means the same in any language."""
_LEAST_LIKENESS = 0.65
_NUMBER = re.compile(r"\w*\d{4,}\w*")


@dataclass(frozen=True)
class CustomerFacts:
    """The lines of a customer's orders and open tickets, newest first; None for what could not be read."""

    orders: tuple[str, ...] | None
    tickets: tuple[str, ...] | None


def facts_in(texts: Iterable[str]) -> CustomerFacts | None:
    """Return the facts about the customer that a message's texts hold, if any."""
    found = next((match for text in texts if (match := _FACTS.match(text.strip()))), None)
    if found is None:
        return None
    lines = html.unescape(found[1]).splitlines()
    return CustomerFacts(_list_after("Orders", lines), _list_after("Open tickets", lines))


def answer_from_facts(
    facts: CustomerFacts, question: str, likeness: Sequence[float] | None, language: str
) -> str | None:
    """Return the customer's own data if the question is like enough to one of QUESTIONS.

    Where it names a number, such as that of an order, only what has that number.
    """
    if likeness is None:
        return None
    best = max(range(len(QUESTIONS)), key=lambda place: likeness[place])
    if likeness[best] < _LEAST_LIKENESS:
        return None
    kind = next(kind for kind, questions in _ASKS_FOR.items() if QUESTIONS[best] in questions)
    if kind == "articles":
        return None
    lines = facts.tickets if kind == "open_tickets" else facts.orders
    if lines is None:
        return None
    if not lines:
        return sentence("no_tickets" if kind == "open_tickets" else "no_orders", language)
    if named := _NUMBER.findall(_plain(question)):
        kind = "all_orders" if kind == "last_order" else kind
        shown = tuple(line for line in lines if any(number in _plain(line) for number in named))
        if not shown:
            return None
    else:
        shown = lines[:1] if kind == "last_order" else lines
    return "\n".join([sentence(kind, language), "", *shown])


def _plain(text: str) -> str:
    return text.replace("-", "").casefold()


def _list_after(title: str, lines: Sequence[str]) -> tuple[str, ...] | None:
    start = next((number for number, line in enumerate(lines, 1) if line.startswith(title)), None)
    if start is None:
        return None
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("- ")), len(lines))
    return tuple(lines[start:end])
