"""Measure the extractive model: how often it answers from a right article, and refuses what it should.

    python -m bench.answers [--check] [--show] [--collection DIR_OR_JSON --questions JSON]

The shares are of all questions, each asked as the application asks. What they are limited by is retrieval
(`python -m bench.retrieval`). bench/collections.py says what is measured and how another collection looks.
--show prints what went wrong, --check fails when a share is below its least, in LEAST.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from bench.collections import Collection, Question, chosen_collections, parse_options, require_least
from chalicelib.chat.citations import resolve
from chalicelib.chat.lookups import interleaved, passages_each
from chalicelib.chat.search_query import search_queries
from chalicelib.domain.conversation import Exchange, Passage
from devstack.bedrock.model.evidence import NumberedPassage
from devstack.bedrock.model.extractive import reply
from devstack.bedrock.search.index import Hit, Index

LEAST = {
    "samples": (92.0, 90.0, 96.5),
    "samples, held out": (87.0, 100.0, 96.0),
    "newcomer": (89.0, 90.0, 88.0),
    "colloquial": (62.0, 100.0, 70.0),
    "colloquial, held out": (54.0, 100.0, 76.0),
    "web apps": (85.0, 100.0, 100.0),
}
"""The least percentages of questions and follow-ups answered from a right article, and of refusals."""
PASSAGES = 5
SOME_TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Judged:
    """An exchange, whether its answer is good, and whether it is one that says something else."""

    exchange: Exchange
    is_good: bool
    is_wrong: bool


def ask(index: Index, question: str, earlier: Sequence[Exchange] = ()) -> Exchange:
    """Ask as the application does; the `url` of a citation is the id of its article."""
    passages, numbered = look_up(index, question, earlier)
    said = [exchange.question for exchange in earlier]
    given = reply(question, said, numbered, index, may_hand_over=True)
    cited = resolve(given if isinstance(given, str) else given.message, passages)
    return Exchange(
        "", "", SOME_TIME, question, cited.text, None, cited.citations, unanswered=cited.unanswered
    )


def look_up(
    index: Index, question: str, earlier: Sequence[Exchange] = ()
) -> tuple[Sequence[Passage], list[NumberedPassage]]:
    """Return the passages that the application finds, and as the model is given them."""
    queries = search_queries(question, earlier)
    hits = [index.search(query, passages_each(PASSAGES, len(queries))) for query in queries]
    passages = interleaved([[_passage(hit) for hit in each] for each in hits])
    return passages, [NumberedPassage(place, each.title, each.text) for place, each in enumerate(passages, 1)]


def _passage(hit: Hit) -> Passage:
    return Passage(hit.text, str(hit.metadata["title"]), hit.uri, hit.score)


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parse_options(parser)
    print(f"{'':18} {'answered':>18} {'follow-ups':>18} {'refused':>18} {'says otherwise':>18}")
    shares = {each.name: _measured(each, options.show) for each in chosen_collections(options)}
    if options.check:
        require_least(shares, LEAST)


def _measured(collection: Collection, shows_misses: bool) -> list[float]:
    """Print and return the percentages of one collection; that of no questions is 100."""
    index = collection.index()
    kinds = (
        [judged(index, each) for each in collection.answered],
        [judged(index, each) for each in collection.follow_ups],
        [judged(index, Question(text, frozenset())) for text in collection.refused],
    )
    told = [each for each, asked in zip(kinds[0], collection.answered, strict=True) if asked.says]
    shares = [100 * sum(each.is_good for each in kind) / len(kind) if kind else 100.0 for kind in kinds]
    shown = (
        f"{share:5.1f} % of {len(kind):3}" if kind else "-" for share, kind in zip(shares, kinds, strict=True)
    )
    otherwise = f"{sum(each.is_wrong for each in told)} of {len(told):3}" if told else "-"
    print(f"{collection.name:18} " + " ".join(f"{each:>18}" for each in (*shown, otherwise)))
    for each in (each.exchange for kind in kinds for each in kind if shows_misses and not each.is_good):
        print(f"  {each.question!r} -> {[citation.url for citation in each.citations]}\n{each.answer}\n")
    return shares


def judged(index: Index, question: Question) -> Judged:
    """Ask; good is an answer from an article that is right, or where none is, a refusal."""
    earlier = [ask(index, text) for text in question.earlier]
    exchange = ask(index, question.text, earlier)
    if not question.articles:
        return Judged(exchange, exchange.unanswered, not exchange.unanswered)
    says_it = all(each in exchange.answer for each in question.says)
    is_right = bool(exchange.citations) and exchange.citations[0].url in question.articles
    return Judged(exchange, is_right and says_it, bool(exchange.citations) and not says_it)


if __name__ == "__main__":
    main()
