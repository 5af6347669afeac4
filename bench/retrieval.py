"""Measure local retrieval: how often the right article is found first, and among the first three.

    python -m bench.retrieval [--collection DIR_OR_JSON] [--questions JSON]

A collection is a folder of articles (with `.metadata.json` sidecars, if any) or a JSON file
`{"articles": [{"id": "…", "title": "…", "text": "…"}]}`. Questions are a JSON list of
`{"question": "…", "article": "<id, or the file's name without its ending>"}`; where several articles are
right, `article` is a list. The baseline is SQLite's own bm25() over whole articles (porter, no stop words).
"""

import argparse
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.bedrock.knowledge.documents import extract
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.text import is_content, raw_words
from tooling.project import ROOT

DEFAULT_COLLECTION = ROOT / "samples" / "kb"
DEFAULT_QUESTIONS = ROOT / "tests" / "devstack" / "questions.json"
_SIDECAR = ".metadata.json"


@dataclass(frozen=True)
class Article:
    """One article of a collection, whole."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question and the articles that answer it."""

    text: str
    articles: frozenset[str]


@dataclass(frozen=True)
class Result:
    """How often, in percent, a right article came first and among the first three; median time a question."""

    first: float
    top_three: float
    median_ms: float


Finder = Callable[[str], Sequence[str]]


def load_collection(source: Path) -> list[Article]:
    """Read a folder or a JSON file of articles."""
    if source.is_file():
        entries = json.loads(source.read_text("utf-8"))["articles"]
        return [Article(entry["id"], entry["title"], entry["text"]) for entry in entries]
    files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.endswith(_SIDECAR))
    return [_load_file(path) for path in files]


def _load_file(path: Path) -> Article:
    document = extract(path.name, path.read_bytes())
    sidecar = path.with_name(path.name + _SIDECAR)
    attributes = json.loads(sidecar.read_text("utf-8"))["metadataAttributes"] if sidecar.exists() else {}
    return Article(path.stem, str(attributes.get("title") or document.title or path.stem), document.text)


def load_questions(source: Path) -> list[Question]:
    """Read the questions."""
    entries = json.loads(source.read_text("utf-8"))
    entries = entries["answered"] if isinstance(entries, dict) else entries
    return [Question(entry["question"], _as_set(entry["article"])) for entry in entries]


def _as_set(value: str | list[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


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


def index_of(articles: Sequence[Article]) -> Index:
    """Return the product's index over the articles, in memory."""
    index = Index(None)
    for article in articles:
        index.put(article.id, "1", article.title, article.text, {"title": article.title})
    return index


def index_finder(index: Index) -> Finder:
    """Return the product's local retrieval: chunks, so an article may come up twice."""
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
    return Result(
        100 * first / len(questions), 100 * three / len(questions), 1000 * sorted(times)[len(times) // 2]
    )


def main() -> None:
    """Print the figures of the baseline and of the index, and their ratio."""
    parser = argparse.ArgumentParser(description="Measure local retrieval.")
    parser.add_argument("--collection", type=Path, default=DEFAULT_COLLECTION)
    parser.add_argument("--questions", type=Path, default=DEFAULT_QUESTIONS)
    options = parser.parse_args()
    articles, questions = load_collection(options.collection), load_questions(options.questions)
    plain, ours = (
        measure(plain_finder(articles), questions),
        measure(index_finder(index_of(articles)), questions),
    )
    print(f"{len(articles)} articles, {len(questions)} questions; right article first / in the first three")
    for name, result in (("plain FTS5, whole articles", plain), ("this index, chunks", ours)):
        print(f"{name:27} {result.first:5.1f} % / {result.top_three:5.1f} %  ({result.median_ms:.1f} ms)")
    print(f"{'ratio':27} {ours.first / plain.first:5.2f}   / {ours.top_three / plain.top_three:5.2f}")


if __name__ == "__main__":
    main()
