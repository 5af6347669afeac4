"""What conversations are counted in, in memory, and what is said, rated and erased in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.insight import AskedInVain, ConversationRow, Counts, ExchangeChange, GapReport
from tests.fakes import Outage

QUIET = timedelta(days=1)


class FakeNumbers(Outage):
    """Keeps numbers and rows in memory."""

    def __init__(self, clock: Callable[[], datetime], quiet: timedelta = QUIET) -> None:
        super().__init__()
        self._clock, self._quiet = clock, quiet
        self.rows: dict[str, ConversationRow] = {}
        self.by_day: dict[date, Counter[str]] = defaultdict(Counter)
        self.writes = 0

    def row(self, key: str) -> ConversationRow:
        self.check()
        return self.rows.get(key, ConversationRow(key))

    def keep(self, row: ConversationRow, counts: Counts) -> bool:
        self.check()
        if self.rows.get(row.key, ConversationRow(row.key)).version != row.version:
            return False
        self.rows[row.key] = replace(row, version=row.version + 1)
        self.add(counts)
        self.writes += 1
        return True

    def add(self, counts: Counts) -> None:
        self.check()
        for (day, name), amount in counts.items():
            self.by_day[day][name] += amount

    def due(self, limit: int) -> list[str]:
        self.check()
        by_now = self._clock() - self._quiet
        due = [row for row in self.rows.values() if row.is_open and row.last_at and row.last_at <= by_now]
        return [row.key for row in sorted(due, key=lambda row: (row.last_at, row.key))][:limit]

    def days(self, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
        self.check()
        return {day: dict(numbers) for day, numbers in self.by_day.items() if first <= day <= last}

    def all_numbers(self) -> dict[tuple[date, str], int]:
        """Return all numbers that are not 0."""
        return {(day, name): n for day, numbers in self.by_day.items() for name, n in numbers.items() if n}


class FakeGaps(Outage):
    """Keeps questions and their groups in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, AskedInVain] = {}
        self.kept = GapReport()

    def add(self, asked: AskedInVain) -> None:
        self.check()
        self.asked[asked.key] = asked
        self.kept = replace(self.kept, changes=self.kept.changes + 1)

    def remove(self, key: str, *, forgets_groups: bool) -> None:
        self.check()
        self.asked.pop(key, None)
        changes = self.kept.changes + 1
        if forgets_groups:
            self.kept = GapReport(changes=changes, erasures=self.kept.erasures + 1)
        else:
            self.kept = replace(self.kept, changes=changes)

    def newest(self, limit: int) -> list[AskedInVain]:
        self.check()
        return sorted(self.asked.values(), key=lambda each: each.key, reverse=True)[:limit]

    def report(self) -> GapReport:
        self.check()
        return self.kept

    def keep_report(self, report: GapReport) -> bool:
        self.check()
        if report.erasures != self.kept.erasures:
            return False
        self.kept = replace(report, changes=self.kept.changes)
        return True


class ChangeStream:
    """The changes of exchanges in their order, as the conversations' table has them told."""

    def __init__(self) -> None:
        self.changes: list[ExchangeChange] = []
        self._now: dict[tuple[str, datetime], Exchange] = {}

    def put(self, exchange: Exchange) -> None:
        """Write an exchange, or change the one of this time."""
        key = (exchange.session_id, exchange.timestamp)
        self._tell(self._now.get(key), exchange)
        self._now[key] = exchange

    def erase(self, session_id: str) -> None:
        """Delete the exchanges of a session."""
        for key in [key for key in self._now if key[0] == session_id]:
            self._tell(self._now.pop(key), None)

    def of(self, session_id: str) -> list[Exchange]:
        """Return the exchanges of a session, oldest first."""
        return [each for key, each in sorted(self._now.items()) if key[0] == session_id]

    def _tell(self, before: Exchange | None, after: Exchange | None) -> None:
        self.changes.append(ExchangeChange(100 + len(self.changes), before, after))
