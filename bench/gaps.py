"""Measure how well questions that ask the same thing are put together, and what that takes.

    python -m bench.gaps [--check]

In percent, of all pairs of questions: how many that were put together ask the same (right), and how many that
ask the same were put together, of pairs in one language and of all (found). Meaning is that of the local
stand-in's embeddings, in place of those of a model on Bedrock; its limit is the best for the first set. The
time is for 2,000 different questions. --check fails when a share by words is below its least, in LEAST.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from bench.collections import QUESTIONS, require_least
from chalicelib.insight.gaps import MOST_QUESTIONS
from chalicelib.insight.likeness import codes_of, grouped
from devstack.bedrock.search.languages import language_of
from devstack.bedrock.search.local_embedder import LocalEmbedder

SETS = {"gaps": QUESTIONS / "gaps.json", "gaps, held out": QUESTIONS / "gaps_held_out.json"}
LEAST = {"gaps": (85.0, 90.0), "gaps, held out": (90.0, 80.0)}
"""The least shares of pairs that are right, and found in one language."""
LEAST_CLOSENESS = 0.55


@dataclass(frozen=True)
class Asked:
    """A question and what it asks: the same number is the same."""

    text: str
    asks: int


def main() -> None:
    """Print the shares and the time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail when a share is below its least")
    options = parser.parse_args()
    shares = {}
    print(f"{'':24} {'right':>8} {'found':>8} {'in all languages':>18}")
    for name, path in SETS.items():
        asked = read(path)
        texts = [each.text for each in asked]
        shares[name] = _print(f"{name}, words", asked, grouped(texts))
        _print(f"{name}, meaning", asked, grouped_by_meaning(texts))
    print(f"2,000 questions by words: {_seconds():.2f} s of processor")
    if options.check:
        require_least({name: each[:2] for name, each in shares.items()}, LEAST)


def read(path: Path) -> list[Asked]:
    """Read a set; what stands alone asks what nothing else does."""
    content = json.loads(path.read_text("utf-8"))
    groups = [*content["groups"], *([each] for each in content["alone"])]
    # As they come in: of all groups in turn.
    longest = max(map(len, groups))
    return [Asked(g[n], asks) for n in range(longest) for asks, g in enumerate(groups) if n < len(g)]


def grouped_by_meaning(texts: Sequence[str]) -> list[list[int]]:
    """Put each question to the group that it is closest to on average, or begin one."""
    vectors, groups = LocalEmbedder().embed(texts), list[list[int]]()
    for number, vector in enumerate(vectors):
        fitting = [group for group in groups if codes_of(texts[group[0]]) == codes_of(texts[number])]
        closeness = [float((vectors[group] @ vector).mean()) for group in fitting]
        best = max(closeness, default=0.0)
        if best >= LEAST_CLOSENESS:
            fitting[closeness.index(best)].append(number)
        else:
            groups.append([number])
    return groups


def _print(name: str, asked: Sequence[Asked], groups: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    group_of = {place: number for number, places in enumerate(groups) for place in places}
    languages = [language_of(each.text) for each in asked]
    pairs = list(combinations(range(len(asked)), 2))
    same = {(a, b) for a, b in pairs if asked[a].asks == asked[b].asks}
    together = {(a, b) for a, b in pairs if group_of[a] == group_of[b]}
    near = {(a, b) for a, b in same if languages[a] == languages[b]}
    right = 100 * len(same & together) / len(together)
    found, in_all = (100 * len(kind & together) / len(kind) for kind in (near, same))
    print(f"{name:24} {right:6.1f} % {found:6.1f} % {in_all:16.1f} %")
    return right, found, in_all


def _seconds() -> float:
    texts = [each.text for path in SETS.values() for each in read(path)]
    many = [f"{texts[n % len(texts)]} {texts[n * 7 % len(texts)]} thing{n}" for n in range(MOST_QUESTIONS)]
    started = time.process_time()
    grouped(many)
    return time.process_time() - started


if __name__ == "__main__":
    main()
