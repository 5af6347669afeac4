"""The articles and questions that local retrieval and the extractive model are measured on.

A collection is a folder of articles (with `.metadata.json` sidecars, if any) or a JSON file
`{"articles": [{"id": "…", "title": "…", "text": "…"}]}`. Questions are a JSON file: `answered` is a list of
`{"question": "…", "article": "<id, or the file's name without its ending>"}`, a list where several are right,
with `"says": ["…"]` where a right answer says just that; `follow_ups` have the `earlier` question too;
`refused` is a list of what no article answers.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.bedrock.knowledge.documents import extract
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.local_embedder import LocalEmbedder
from tooling.project import ROOT

SAMPLES = ROOT / "samples" / "kb"
QUESTIONS = ROOT / "bench" / "questions"
_SIDECAR = ".metadata.json"


@dataclass(frozen=True)
class Article:
    """One article of a collection, whole."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question, what was asked before it, the articles that answer it, and what an answer has to say."""

    text: str
    articles: frozenset[str]
    earlier: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """Articles, and what is asked about them."""

    name: str
    articles: Sequence[Article]
    answered: Sequence[Question]
    follow_ups: Sequence[Question]
    refused: Sequence[str]

    def index(self) -> Index:
        """Return the stand-in's index over the articles, in memory."""
        index = Index(None, LocalEmbedder())
        for article in self.articles:
            index.put(article.id, "1", article.title, article.text, {"title": article.title})
        return index


def parse_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the options of a benchmark of collections."""
    parser.add_argument("--collection", type=Path, default=SAMPLES, help="other articles; with --questions")
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--check", action="store_true", help="fail when a share is below its least")
    return parser.parse_args()


def chosen_collections(options: argparse.Namespace) -> list[Collection]:
    """Return what the options ask to measure."""
    if options.questions:
        return [load(options.questions.stem, options.collection, options.questions)]
    return own_collections()


def require_least(found: Mapping[str, Sequence[float]], least: Mapping[str, Sequence[float]]) -> None:
    """End the run with an error where a share is below its least; both are by collection."""
    below = {
        name
        for name, wanted in least.items()
        if any(share < limit for share, limit in zip(found[name], wanted, strict=True))
    }
    if below:
        raise SystemExit(f"Below the least: {', '.join(sorted(below))}")


def own_collections() -> list[Collection]:
    """Return the samples, with the questions that everything is tuned on and others, and the web apps."""
    web_apps = QUESTIONS / "web_apps.json"
    return [
        samples(),
        load("samples, held out", SAMPLES, QUESTIONS / "samples_held_out.json"),
        load("newcomer", SAMPLES, QUESTIONS / "newcomer.json"),
        load("colloquial", SAMPLES, QUESTIONS / "colloquial.json"),
        load("colloquial, held out", SAMPLES, QUESTIONS / "colloquial_held_out.json"),
        load("web apps", web_apps, web_apps),
    ]


def samples() -> Collection:
    """Return the sample articles with their questions."""
    return load("samples", SAMPLES, QUESTIONS / "samples.json")


def languages(questions: Path) -> list[Collection]:
    """Return the samples with questions in other languages, a collection for each."""
    asked = json.loads(questions.read_text("utf-8"))["languages"]
    articles = _articles(SAMPLES)
    return [
        Collection(name, articles, [_question(entry) for entry in kinds["answered"]], [], kinds["refused"])
        for name, kinds in asked.items()
    ]


def load(name: str, articles: Path, questions: Path) -> Collection:
    """Read a collection and its questions."""
    asked = json.loads(questions.read_text("utf-8"))
    answered, follow_ups = (
        [_question(entry) for entry in asked.get(kind, ())] for kind in ("answered", "follow_ups")
    )
    return Collection(name, _articles(articles), answered, follow_ups, asked.get("refused", []))


def _question(entry: dict[str, Any]) -> Question:
    right = entry["article"]
    earlier = (entry["earlier"],) if "earlier" in entry else ()
    articles = frozenset([right] if isinstance(right, str) else right)
    return Question(entry["question"], articles, earlier, tuple(entry.get("says", ())))


def _articles(source: Path) -> list[Article]:
    if source.is_file():
        entries = json.loads(source.read_text("utf-8"))["articles"]
        return [Article(entry["id"], entry["title"], entry["text"]) for entry in entries]
    files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.endswith(_SIDECAR))
    return [_article(path) for path in files]


def _article(path: Path) -> Article:
    document = extract(path.name, path.read_bytes())
    sidecar = path.with_name(path.name + _SIDECAR)
    attributes = json.loads(sidecar.read_text("utf-8"))["metadataAttributes"] if sidecar.exists() else {}
    return Article(path.stem, str(attributes.get("title") or document.title or path.stem), document.text)
