"""What the knowledge base is asked: the question as it is meant in its conversation."""

import re
from collections.abc import Sequence

from chalicelib.models import Exchange

MAX_CHARS = 1000
"""What Retrieve takes."""
FEW_WORDS = 4
LEANS_ON_WHAT_WAS_SAID = re.compile(
    r"^\W*(?:and|but|or|so|then|also|what about|how about|what if)\b"
    r"|^\W*(?:und|aber|was ist mit|y|pero|et|mais|e|ma|mas)\b"
    r"|\b(?:it|its|that|this|they|them|those|these|one|there|do so|das|es|eso|esto|ça|cela)\b",
    re.IGNORECASE,
)
SMALL_WORDS = frozenset(
    """
    a an the i we you my your our me us is are was were be been do does did can could will would should may
    might have has had to of in on at for from with by about as if and or but not no so what how when where
    why who which it its that this they them those these there please thanks hello hi
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


def is_follow_up(question: str) -> bool:
    """Tell whether a question leans on what was said before it."""
    telling = [w for w in re.findall(r"\w+", question.lower()) if w not in SMALL_WORDS]
    if len(telling) <= 1 or LEANS_ON_WHAT_WAS_SAID.match(question.strip()):
        return True
    return len(telling) <= FEW_WORDS and LEANS_ON_WHAT_WAS_SAID.search(question) is not None


def _clip(parts: Sequence[str]) -> str:
    text = "\n".join(dict.fromkeys(part.strip() for part in parts))
    return text[:MAX_CHARS]
