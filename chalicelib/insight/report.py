"""What the owner sees: outcomes, cost and latency of some days, and which articles are missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.domain.insight import Gap
from chalicelib.domain.protocols import NumberStore
from chalicelib.insight.numbers import Summary, summed


@dataclass(frozen=True)
class Report:
    """The numbers of some days (UTC) up to today, in all and of each day, oldest first; and the gaps.

    `daily_budget_usd` is what a day may cost, None without a limit; `budget_reached` says whether today has.
    """

    total: Summary
    daily: tuple[tuple[date, Summary], ...]
    gaps: tuple[Gap, ...]
    daily_budget_usd: float | None
    budget_reached: bool


@dataclass(frozen=True)
class Insights:
    """Reads what was counted: one read for the numbers, and `gaps` gives those of so many days."""

    store: NumberStore
    gaps: Callable[[int], Sequence[Gap]]
    daily_budget_usd: float | None
    is_budget_spent: Callable[[], bool]
    clock: Callable[[], datetime]

    def read(self, days: int) -> Report:
        """Return the report of so many days. Raises Unavailable."""
        last = self.clock().date()
        wanted = [last - timedelta(days=back) for back in reversed(range(days))]
        found = self.store.days(wanted[0], last)
        daily = tuple((day, Summary(found.get(day, {}))) for day in wanted)
        return Report(
            summed(summary.numbers for _, summary in daily),
            daily,
            tuple(self.gaps(days)),
            self.daily_budget_usd,
            self.is_budget_spent(),
        )
