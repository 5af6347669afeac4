"""The results of a run: kept as they come, so that a run can go on, and summed up."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from cli.eval.asking import Observed, observed
from cli.eval.cases import Case, Expected
from cli.eval.judging import Verdict, judge

REFUSALS: tuple[Expected, ...] = ("no_answer", "refused")


@dataclass(frozen=True)
class Result:
    """A case, what each asking of it came to, and how that is judged."""

    case: Case
    seen: tuple[Observed, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        """How each asking is judged."""
        return [judge(self.case, each) for each in self.seen]

    @property
    def is_right(self) -> bool:
        """Whether the case was right each time."""
        return all(each.is_right for each in self.verdicts)


class Kept:
    """What was observed, a line each, in a file that a run that was interrupted goes on with."""

    def __init__(self, path: Path, goes_on: bool) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if not goes_on:
            path.unlink(missing_ok=True)

    def read(self) -> dict[str, list[Observed]]:
        """Return what is there by the id of its case.

        A case whose line can't be read, or that met an outage, is asked once more.
        """
        seen: dict[str, list[Observed]] = {}
        lines = self._path.read_text("utf-8", "replace").split("\n") if self._path.exists() else []
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                kept = json.loads(line)
                if not (each := observed(kept["seen"])).is_outage:
                    seen.setdefault(kept["case"], []).append(each)
        return seen

    def add(self, case: Case, seen: Observed) -> None:
        """Keep what was observed, for good."""
        line = json.dumps({"case": case.case_id, "seen": seen.as_json()}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" + line)  # the line before may have been cut off


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Return the figures of a run; a share of nothing is None."""
    answers = [each for each in results if each.case.expected == "answer"]
    verdicts = [verdict for each in results for verdict in each.verdicts]
    of_answers = [verdict for each in answers for verdict in each.verdicts]
    seen = [each for result in results for each in result.seen]
    return {
        "cases": len(results),
        "right": _share(verdict.is_right for verdict in verdicts),
        "right_each_time": _share(each.is_right for each in results),
        "answered": _share(bool(each.sources) for result in answers for each in result.seen),
        "right_first": _share(verdict.is_first for verdict in of_answers),
        "right_in_three": _share(verdict.is_in_three for verdict in of_answers),
        "citations_valid": _of_claims(of_answers),
        "refusals_right": _share(_verdicts(results, REFUSALS)),
        "hand_overs_right": _share(_verdicts(results, ("hand_over",))),
        "p50_ms": round(median(each.milliseconds for each in seen), 1),
        "cost_usd": round(sum(each.cost_usd for each in seen), 6),
        "failures": [failure(each) for each in results if not each.is_right],
    }


def figures_in(path: Path) -> dict[str, Any] | None:
    """Return the figures of the run before; None without one, or where they can't be read."""
    try:
        figures: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return figures


def by(results: Iterable[Result], names: Callable[[Case], Iterable[str]]) -> Mapping[str, tuple[int, float]]:
    """Return how many cases have each name, and how many of them in a hundred were right each time."""
    groups: dict[str, list[bool]] = {}
    for each in results:
        for name in names(each.case):
            groups.setdefault(name, []).append(each.is_right)
    return {name: (len(right), 100 * mean(right)) for name, right in sorted(groups.items())}


def failure(result: Result) -> dict[str, Any]:
    """Return what was asked, what was wanted and what came instead."""
    wrong = next(number for number, each in enumerate(result.verdicts) if not each.is_right)
    seen = result.seen[wrong]
    return {
        "case": result.case.case_id,
        "turns": list(result.case.turns),
        "language": result.case.language,
        "expected": list(result.case.sources) or result.case.expected,
        "reason": result.verdicts[wrong].reason,
        "answer": seen.answer,
        "sources": [each.title for each in seen.sources],
        "right_times": sum(each.is_right for each in result.verdicts),
        "times": len(result.seen),
    }


def _verdicts(results: Iterable[Result], expected: Sequence[Expected]) -> list[bool]:
    return [
        verdict.is_right for each in results if each.case.expected in expected for verdict in each.verdicts
    ]


def _of_claims(verdicts: Iterable[Verdict]) -> float | None:
    counted = [(each.valid_claims, each.claims) for each in verdicts]
    claims = sum(count for _, count in counted)
    return round(sum(count for count, _ in counted) / claims, 4) if claims else None


def _share(right: Iterable[bool]) -> float | None:
    each = list(right)
    return round(mean(each), 4) if each else None
