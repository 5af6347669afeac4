"""Measure questions in nine languages about English articles: found, answered from the right one, refused.

    python -m bench.languages [--check] [--show]

In percent, by language: how often a right article is found first and among the first three, is what the
answer cites first, and how often a question that no article answers is refused. --check fails when a mean
is below its least, in LEAST.
"""

import argparse
from collections.abc import Sequence
from statistics import mean

from bench.answers import judged
from bench.collections import QUESTIONS, Collection, Question, languages, require_least
from bench.retrieval import index_finder, measure
from devstack.bedrock.search.index import Index

SETS = {
    "languages": QUESTIONS / "languages.json",
    "languages, held out": QUESTIONS / "languages_held_out.json",
}
LEAST = {"languages": (93.0, 98.0, 88.0, 93.0), "languages, held out": (84.0, 97.0, 73.0, 81.0)}
"""The least percentages of what is printed, as means over the languages."""


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail when a mean is below its least")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    means = {}
    for name, questions in SETS.items():
        print(f"{name:20} {'first':>8} {'in three':>8} {'answered':>8} {'refused':>8}")
        collections = languages(questions)
        index = collections[0].index()
        shares = [_measured(index, each, options.show) for each in collections]
        means[name] = [mean(column) for column in zip(*shares, strict=True)]
        _print("mean", means[name])
    if options.check:
        require_least(means, LEAST)


def _measured(index: Index, collection: Collection, shows_misses: bool) -> list[float]:
    found = measure(index_finder(index), collection.answered)
    answered = [judged(index, each) for each in collection.answered]
    refused = [judged(index, Question(text, frozenset())) for text in collection.refused]
    shares = [100 * mean(each.is_good for each in kind) for kind in (answered, refused)]
    _print(collection.name, [found.first, found.top_three, *shares])
    for exchange in (each.exchange for each in (*answered, *refused) if shows_misses and not each.is_good):
        print(f"  {exchange.question!r} -> {[citation.url for citation in exchange.citations]}")
    return [found.first, found.top_three, *shares]


def _print(name: str, shares: Sequence[float]) -> None:
    print(f"{name:20} " + " ".join(f"{share:6.1f} %" for share in shares))


if __name__ == "__main__":
    main()
