"""The extractive model's articles: what agents replied, in their words, below the question that was asked."""

import re
from collections.abc import Sequence

from chalicelib.chat.reading.own_words import own_words
from chalicelib.chat.reading.questions import questions_in
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.masking.personal import MARKS
from devstack.bedrock.model.blocks import sentences

NOTHING = "NOTHING"
_LEAST_CHARACTERS = 30
"""What is shorter, such as "I'll have a look", helps nobody else."""
_LONGEST_TITLE = 80
_FENCES = ("```", "~~~")
_MARK = re.compile("|".join(map(re.escape, MARKS)))


def article(question: str, solutions: Sequence[str]) -> str:
    """Return Markdown with a title, or NOTHING where the agents said nothing that others can use."""
    said = [text for each in solutions if len(text := _of_use(each)) >= _LEAST_CHARACTERS]
    if not said:
        return NOTHING
    asked = _without_marks(questions_in(question)[-1].splitlines()[0])
    title = (asked or said[0].splitlines()[0])[:_LONGEST_TITLE].strip(" :")
    return "\n\n".join([f"# {title}", *said])


def _of_use(said: str) -> str:
    """Return a reply without greeting, signature, thanks and the sentences about a single person."""
    lines = (
        line if line.startswith(_FENCES) else _without_marks(line) for line in own_words(said).split("\n")
    )
    return "\n".join(lines).strip()


def _without_marks(line: str) -> str:
    return " ".join(each for each in sentences(line) if not (_MARK.search(each) or small_talk(each)))
