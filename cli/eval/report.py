"""What a person reads of a run: lines for the terminal, and a page with every failure."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from cli.display import columns
from cli.eval.results import Result, by

NAMES = {
    "right": "right in all",
    "right_each_time": "right each time",
    "answered": "answered",
    "right_first": "right source first",
    "right_in_three": "right source in three",
    "citations_valid": "citations valid",
    "refusals_right": "refusals right",
    "hand_overs_right": "hand-overs right",
}
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .2rem 1rem .2rem 0; text-align: left }
article { border-top: 1px solid; padding: 1rem 0 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
"""


def text_report(
    results: Sequence[Result], figures: Mapping[str, Any], earlier: Mapping[str, Any] | None
) -> str:
    """Return the figures, those of the run before beside them, and shares by language and tag."""
    rows = [(NAMES[name], percent(figures[name]), _change(name, figures, earlier)) for name in NAMES]
    latency = f"{figures['p50_ms']:.0f} ms median, ${figures['cost_usd']:.4f} in all"
    parts = [f"{figures['cases']} cases, {latency}", columns(rows)]
    for title, groups in groups_of(results):
        parts.append(columns([(title, "CASES", "RIGHT"), *_rows(groups)]))
    if earlier is not None:
        parts += _moved(figures, earlier)
    return "\n\n".join(parts)


def groups_of(results: Sequence[Result]) -> list[tuple[str, Mapping[str, tuple[int, float]]]]:
    """Return the shares by what was expected, by language and by tag."""
    return [
        ("EXPECTED", by(results, lambda case: [case.expected])),
        ("LANGUAGE", by(results, lambda case: [case.language])),
        ("TAG", by(results, lambda case: case.tags or ["(none)"])),
    ]


def html_report(results: Sequence[Result], figures: Mapping[str, Any], title: str) -> str:
    """Return a page with the figures and each failure; all that was asked and answered is shown as text."""
    shares = [(NAMES[name], percent(figures[name])) for name in NAMES]
    tables = [_table(("", ""), shares)]
    tables += [
        _table((name.capitalize(), "Cases", "Right"), _rows(groups)) for name, groups in groups_of(results)
    ]
    failures = "".join(map(_article, figures["failures"])) or "<p>None.</p>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{escape(title)}</h1>{''.join(tables)}<h2>What was not right</h2>{failures}</html>\n"
    )


def percent(share: float | None) -> str:
    """Return a share in percent; that of nothing is a dash."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _article(failure: Mapping[str, Any]) -> str:
    expected = failure["expected"]
    wanted = expected if isinstance(expected, str) else " or ".join(expected)
    times = f" ({failure['right_times']} of {failure['times']} right)" if failure["times"] > 1 else ""
    turns = "".join(
        f"<li dir='auto' lang='{escape(failure['language'])}'>{escape(turn)}</li>"
        for turn in failure["turns"]
    )
    sources = ", ".join(failure["sources"]) or "none"
    return (
        f"<article><h3>{escape(failure['reason'])}{times}</h3><ol>{turns}</ol>"
        f"<p>Wanted: {escape(wanted)}. Cited: {escape(sources)}.</p>"
        f"<pre dir='auto'>{escape(failure['answer'])}</pre></article>"
    )


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    header = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{header}</tr>{body}</table>"


def _rows(groups: Mapping[str, tuple[int, float]]) -> list[tuple[str, str, str]]:
    return [(name, str(count), f"{right:.1f} %") for name, (count, right) in groups.items()]


def _change(name: str, figures: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> str:
    before, now = (earlier or {}).get(name), figures[name]
    return "" if before is None or now is None else f"{100 * (now - before):+.1f}"


def _moved(figures: Mapping[str, Any], earlier: Mapping[str, Any]) -> list[str]:
    """Return which cases fail that did not in the run before."""
    known = {each["case"] for each in earlier["failures"]}
    new = [each for each in figures["failures"] if each["case"] not in known]
    lines = [f"  {each['turns'][-1]}: {each['reason']}" for each in new]
    return ["\n".join(["Not right, but not among the failures of the run before:", *lines])] if lines else []


def below(figures: Mapping[str, Any], least: Mapping[str, float]) -> list[str]:
    """Return a sentence for each share that is below its least."""
    return [
        f"{NAMES[name]}: {percent(figures[name])}, and {percent(share)} is the least"
        for name, share in least.items()
        if figures[name] is None or figures[name] < share
    ]
