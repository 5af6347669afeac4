"""Measure the extractive model: how often it answers from a right article, and refuses what it should.

    python -m bench.answers [--check] [--show] [--collection DIR_OR_JSON --questions JSON]

The shares are of all questions, each asked as the application asks. What they are limited by is retrieval
(`python -m bench.retrieval`). bench/collections.py says what is measured and how another collection looks.
--show prints what went wrong, --check fails when a share is below its least, in LEAST.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.collections import Collection, chosen_collections, parse_options, require_least
from devstack.bedrock.model.evidence import NumberedPassage
from devstack.bedrock.model.extractive import is_follow_up, reply
from devstack.bedrock.search.index import Index

LEAST = {
    "samples": (91.0, 100.0, 98.0),
    "samples, held out": (78.0, 100.0, 96.0),
    "web apps": (53.0, 100.0, 100.0),
}
"""The least percentages of questions and follow-ups answered from a right article, and of refusals."""
PASSAGES = 5
_MARK = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Given:
    """A reply's text and the articles that it cites, in order."""

    text: str
    cited: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A question, what was given for it, and whether that is good."""

    question: str
    given: Given
    is_good: bool


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
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parse_options(parser)
    print(f"{'':18} {'answered':>18} {'follow-ups':>18} {'refused':>18}")
    shares = {each.name: _measured(each, options.show) for each in chosen_collections(options)}
    if options.check:
        require_least(shares, LEAST)


def _measured(collection: Collection, shows_misses: bool) -> list[float]:
    """Print and return the percentages of one collection; that of no questions is 100."""
    index = collection.index()
    kinds = (
        [_judged(index, each.text, each.earlier, each.articles) for each in collection.answered],
        [_judged(index, each.text, each.earlier, each.articles) for each in collection.follow_ups],
        [_judged(index, text, (), frozenset()) for text in collection.refused],
    )
    shares = [100 * sum(each.is_good for each in kind) / len(kind) if kind else 100.0 for kind in kinds]
    shown = (
        f"{share:5.1f} % of {len(kind):3}" if kind else "-" for share, kind in zip(shares, kinds, strict=True)
    )
    print(f"{collection.name:18} " + " ".join(f"{each:>18}" for each in shown))
    for each in (each for kind in kinds for each in kind if shows_misses and not each.is_good):
        print(f"  {each.question!r} -> {each.given.cited}\n{each.given.text}\n")
    return shares


def _judged(index: Index, question: str, earlier: Sequence[str], right: frozenset[str]) -> Judged:
    """Ask; good is an answer from an article that is right, or where none is, a refusal."""
    given = ask(index, question, earlier)
    is_good = given.cited[:1] != () and given.cited[0] in right if right else given.text.endswith("[0]")
    return Judged(question, given, is_good)


if __name__ == "__main__":
    main()
