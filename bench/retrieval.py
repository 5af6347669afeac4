"""Measure local retrieval: how often a right article is found first, and among the first three.

    python -m bench.retrieval [--check] [--collection DIR_OR_JSON --questions JSON]

The baseline is SQLite's own bm25() over whole articles (porter, no stop words), asked in the same run; the
time is a ratio to it. bench/collections.py says what is measured and how another collection looks. --check
fails when a share is below its least, in LEAST.
"""

import argparse
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.collections import Article, Collection, Question, chosen_collections, parse_options, require_least
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.text import is_content, raw_words

LEAST = {
    "samples": (95.0, 99.0),
    "samples, held out": (91.0, 97.0),
    "newcomer": (77.0, 95.0),
    "colloquial": (72.0, 88.0),
    "colloquial, held out": (74.0, 91.0),
    "web apps": (90.0, 97.0),
}
"""The least percentages of right articles, first and among the first three, by collection."""


@dataclass(frozen=True)
class Result:
    """How often, in percent, a right article came first and among the first three; median time a question."""

    first: float
    top_three: float
    median_ms: float


Finder = Callable[[str], Sequence[str]]


def plain_finder(articles: Sequence[Article]) -> Finder:
    """Return the baseline: bm25() of FTS5 over whole articles, an OR of the question's content words."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE articles USING fts5(text, tokenize = 'porter unicode61')")
    rows = [(number, f"{article.title}\n{article.text}") for number, article in enumerate(articles)]
    database.executemany("INSERT INTO articles (rowid, text) VALUES (?, ?)", rows)

    def find(question: str) -> list[str]:
        words = [word for word in raw_words(question) if is_content(word)]
        match = " OR ".join(f'"{word}"' for word in words)
        if not match:
            return []
        rows = database.execute(
            "SELECT rowid FROM articles WHERE articles MATCH ? ORDER BY bm25(articles) LIMIT 3", (match,)
        )
        return [articles[row[0]].id for row in rows]

    return find


def index_finder(index: Index) -> Finder:
    """Return the stand-in's retrieval: chunks, so an article may come up twice."""
    return lambda question: [hit.uri for hit in index.search(question, 3)]


def measure(find: Finder, questions: Sequence[Question]) -> Result:
    """Ask every question."""
    first = three = 0
    times = []
    for question in questions:
        started = time.perf_counter()
        found = find(question.text)
        times.append(time.perf_counter() - started)
        first += bool(found) and found[0] in question.articles
        three += bool(question.articles.intersection(found))
    share = 100 / len(questions)
    return Result(share * first, share * three, 1000 * sorted(times)[len(times) // 2])


def main() -> None:
    """Print the figures of the baseline and of the index."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options = parse_options(parser)
    print(f"{'':18} questions   plain: first  in three   index: first  in three   time")
    results = {each.name: _measured(each) for each in chosen_collections(options)}
    if options.check:
        require_least({name: (each.first, each.top_three) for name, each in results.items()}, LEAST)


def _measured(collection: Collection) -> Result:
    plain = measure(plain_finder(collection.articles), collection.answered)
    found = measure(index_finder(collection.index()), collection.answered)
    shares = (f"{each.first:5.1f} %   {each.top_three:5.1f} %" for each in (plain, found))
    time_ratio = f"{found.median_ms:.2f} ms, {found.median_ms / plain.median_ms:.0f} x"
    print(f"{collection.name:18} {len(collection.answered):9}       {'        '.join(shares)}   {time_ratio}")
    return found


if __name__ == "__main__":
    main()
