"""What the knowledge base is asked: the question as it is meant in its conversation."""

import re
from collections.abc import Sequence

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.ticket import Ticket

MAX_CHARS = 1000
"""What Retrieve takes."""
FEW_WORDS = 3
LEANS_ON_WHAT_WAS_SAID = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|no|thanks|thank you|right|sure)\b\W*)?"
    r"(?:(?:and|but|or|so|then|also|what about|how about|what if)\b"
    r"|(?:und|aber|was ist mit|y|pero|et|mais|e|ma|mas)(?= ))"
    r"|\b(?:it|its|that|this|they|them|those|these|one|there|do so|das|es|eso|esto|ça|cela)\b",
    re.IGNORECASE,
)
EMPTY_WORDS = re.compile(
    r"\b(?:(?:is|are|was) there|there (?:is|are)|there['’]s|is it (?:possible|ok(?:ay)?|allowed|safe|free)"
    r"|(?:does|will|would) it (?:take|cost) to|(?:know|sure|means|says) that|one[- ]time)\b",
    re.IGNORECASE,
)
"""These hold a pronoun that refers to nothing."""
WORD = re.compile(r"[\u3040-\u9fff]{1,2}|[^\W\u3040-\u9fff]+")
"""A word; Chinese and Japanese write none apart, so two characters count as one."""
SMALL_WORDS = frozenset(
    """
    a an the i we you my your our me us is are was were be been do does did can could will would should may
    might have has had to of in on at for from with by about as if and or but not no so what how when where
    why who which it its that this they them those these there long much many often soon really exactly please
    thanks hello hi
    """.split()  # noqa: SIM905 (a list of eighty quoted words is no easier to read)
)


def search_query(question: str, earlier: Sequence[Exchange]) -> str:
    """Return what to look up for a question: a follow-up goes with what it follows, at most 1,000 characters.

    "And if it never arrives?" says little alone; with the question before it and the titles that were cited
    there it finds the right article. A question that stands by itself is looked up by itself.
    """
    parts = [question]
    if is_follow_up(question):
        for exchange in reversed(earlier):
            parts += [exchange.question, *(c.title for c in exchange.citations[:2])]
            if not is_follow_up(exchange.question):
                break
    return _clip(parts)


def ticket_query(ticket: Ticket) -> str:
    """Return what to look up for a ticket: its subject and the beginning of its description."""
    return _clip([ticket.subject, ticket.description])


def is_follow_up(question: str) -> bool:
    """Tell whether a question leans on what was said before it."""
    question = EMPTY_WORDS.sub(" ", question.strip())
    words = WORD.findall(question.lower())
    telling = [word for word in words if word not in SMALL_WORDS]
    if not telling or (len(words) <= 2 and len(telling) <= 1) or LEANS_ON_WHAT_WAS_SAID.match(question):
        return True
    return len(telling) <= FEW_WORDS and LEANS_ON_WHAT_WAS_SAID.search(question) is not None


def _clip(parts: Sequence[str]) -> str:
    text = "\n".join(dict.fromkeys(part.strip() for part in parts))
    return text[:MAX_CHARS]
