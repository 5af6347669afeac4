"""Measure the extractive model: how often it answers from the right article, and refuses what it should.

    python -m bench.answers [--collection DIR_OR_JSON] [--questions JSON] [--show]

Questions are a JSON object: `answered` as bench.retrieval reads them, and `refused`, a list of questions that
no article answers. The formats are described in bench/retrieval.py.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path

from bench.retrieval import DEFAULT_COLLECTION, DEFAULT_QUESTIONS, index_of, load_collection, load_questions
from devstack.bedrock.model.evidence import NumberedPassage
from devstack.bedrock.model.extractive import is_follow_up, reply
from devstack.bedrock.search.index import Index

PASSAGES = 5
_MARK = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Given:
    """A reply's text and the articles that it cites, in order."""

    text: str
    cited: tuple[str, ...]

    @property
    def is_refusal(self) -> bool:
        return self.text.endswith("[0]")


def ask(index: Index, question: str, earlier: Sequence[str] = ()) -> Given:
    """Ask as the application does: passages for the question in its conversation, then the model."""
    context = earlier[-1:] if is_follow_up(question) else ()
    hits = index.search(" ".join([*context, question]), PASSAGES)
    passages = [
        NumberedPassage(number, str(hit.metadata["title"]), hit.text)
        for number, hit in enumerate(hits, start=1)
    ]
    given = reply(question, earlier, passages, index.rarity, may_hand_over=True)
    if not isinstance(given, str):
        return Given(given.message, ())
    marks = dict.fromkeys(int(mark) for mark in _MARK.findall(given))
    return Given(given, tuple(hits[mark - 1].uri for mark in marks if mark))


def main() -> None:
    """Print the shares; with --show every miss, and with --all every answer."""
    parser = argparse.ArgumentParser(description="Measure the extractive model.")
    parser.add_argument("--collection", type=Path, default=DEFAULT_COLLECTION)
    parser.add_argument("--questions", type=Path, default=DEFAULT_QUESTIONS)
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    parser.add_argument("--all", action="store_true", help="print every answer")
    options = parser.parse_args()
    index = index_of(load_collection(options.collection))
    right, refused = 0, 0
    questions = load_questions(options.questions)
    unanswerable: list[str] = loads(options.questions.read_text("utf-8")).get("refused", [])
    for question in questions:
        given = ask(index, question.text)
        good = bool(given.cited) and given.cited[0] in question.articles
        right += good
        if options.all or (options.show and not good):
            print(f"{'ok ' if good else 'MISS'} {question.text!r} -> {given.cited}\n{given.text}\n")
    for text in unanswerable:
        given = ask(index, text)
        refused += given.is_refusal
        if options.show and not given.is_refusal:
            print(f"NOT REFUSED {text!r} -> {given.cited}\n{given.text}\n")
    print(f"answered from the right article  {100 * right / len(questions):5.1f} %  of {len(questions)}")
    if unanswerable:
        share = 100 * refused / len(unanswerable)
        print(f"refused                          {share:5.1f} %  of {len(unanswerable)}")


if __name__ == "__main__":
    main()
