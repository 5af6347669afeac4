"""Counts what became of many exchanges, for `bench.load`."""

import http.client
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.load.clients import Exchange, Kept, Place

SERVER_ERRORS_PROMISED = frozenset({http.client.SERVICE_UNAVAILABLE})


@dataclass(frozen=True)
class Tally:
    """What became of the exchanges of a scenario.

    `unkept`: not in the history, and the answer said so. `lost`: not there although the answer didn't say so.
    `crossed`: the answer belongs to another question or session, or the history holds another one.
    `refused`: with a status and a code that the API promises. `undeclared`: failed in any other way.
    `came_back`: conversations that are there although they were erased.
    """

    scenario: str
    sent: int
    answered: int
    degraded: int
    unkept: int
    refused: int
    lost: int
    crossed: int
    undeclared: int
    came_back: int
    per_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float

    @property
    def is_good(self) -> bool:
        """Say whether nothing went wrong that was not said."""
        return self.lost == self.crossed == self.undeclared == self.came_back == 0

    def row(self) -> dict[str, Any]:
        """Return the figures, rounded."""
        return {name: round(v, 1) if isinstance(v, float) else v for name, v in asdict(self).items()}


def tally(
    scenario: str,
    exchanges: Sequence[Exchange],
    seconds: float,
    kept: Kept,
    undisturbed: Mapping[Place, str],
    came_back: int = 0,
) -> Tally:
    """Count what became of each exchange; those of a session are in the order in which they were asked.

    Without `undisturbed` the answers are not held against those of an idle product.
    """
    counts = Counter(what for exchange in exchanges for what in _fate(exchange, kept))
    times = sorted(exchange.seconds * 1000 for exchange in exchanges) or [0.0]
    return Tally(
        scenario,
        sent=len(exchanges),
        answered=counts["answered"],
        degraded=counts["degraded"],
        unkept=counts["unkept"],
        refused=counts["refused"],
        lost=counts["lost"],
        crossed=counts["crossed"] + _mixed_up(exchanges, undisturbed),
        undeclared=counts["undeclared"],
        came_back=came_back,
        per_second=len(exchanges) / seconds,
        p50_ms=times[len(times) // 2],
        p99_ms=times[len(times) * 99 // 100],
        worst_ms=times[-1],
    )


def _fate(exchange: Exchange, kept: Kept) -> list[str]:
    if exchange.status != http.client.OK:
        is_promised = exchange.status in SERVER_ERRORS_PROMISED or 400 < exchange.status < 500
        is_declared = is_promised and isinstance(exchange.body, dict) and "code" in exchange.body
        return ["refused" if is_declared else "undeclared"]
    answer = exchange.body
    said = kept[exchange.session_id].get(exchange.message_id)
    fate = ["answered", *["degraded"] * bool(answer["degraded"])]
    if said is None:
        fate.append("unkept" if "storage" in answer["degraded"] else "lost")
    is_own = answer["message_id"] == exchange.message_id and exchange.asked_in in (None, exchange.session_id)
    if not is_own or said not in (None, (exchange.question, answer["response"])):
        fate.append("crossed")
    return fate


def _mixed_up(exchanges: Sequence[Exchange], undisturbed: Mapping[Place, str]) -> int:
    """Count the answers that differ from the undisturbed ones although nothing in the session was missing."""
    whole: dict[str, bool] = {}
    mixed_up = 0
    for exchange in exchanges:
        if exchange.status == http.client.OK:
            was_whole = whole.get(exchange.session_id, True)
            whole[exchange.session_id] = was_whole and not exchange.body["degraded"]
            expected = undisturbed.get(exchange.place, exchange.body["response"])
            mixed_up += whole[exchange.session_id] and exchange.body["response"] != expected
    return mixed_up


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of the same columns as text."""
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}"
