"""The questions that were not answered well, and the groups that were made of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.domain.insight import AskedInVain, GapGroup, GapReport
from chalicelib.stores.conversations import nearest_of
from chalicelib.stores.dynamodb import TableLimits, expiry, reaching, write_if
from chalicelib.times import from_millis, to_millis, to_seconds

STORE = "insights"
QUESTIONS, REPORT = "gap", "gap-report"
DAYS_KEPT = 31
MOST_BYTES = 350_000
"""What the groups may take, those asked most first: DynamoDB takes items of 400 KB."""


class GapItem(Model):
    """A question, by when it was asked, or the groups: an item of the table of what is counted."""

    class Meta(TableLimits):
        table_name = "support-insights"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    state = JSONAttribute(null=True)
    changes = NumberAttribute(default=0)
    erasures = NumberAttribute(default=0)
    ttl = NumberAttribute(null=True)


class GapQuestions:
    """Keeps questions for 31 days, and one report of them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def add(self, asked: AskedInVain) -> None:
        """Keep a question. Raises Unavailable."""
        state = asdict(asked) | {"asked_at": to_millis(asked.asked_at)}
        with reaching(STORE):
            GapItem(QUESTIONS, asked.key, state=state, ttl=expiry(asked.asked_at, DAYS_KEPT)).save()
            _report().update([GapItem.changes.add(1)])

    def remove(self, key: str, *, forgets_groups: bool) -> None:
        """Delete a question, if it is there, and the groups where they may show it. Raises Unavailable."""
        with reaching(STORE):
            GapItem(QUESTIONS, key).delete()
            # Behind the question: groups that are being made of it are not kept then.
            forgets = [GapItem.erasures.add(1), GapItem.state.remove()] if forgets_groups else []
            _report().update([GapItem.changes.add(1), *forgets])

    def newest(self, limit: int) -> list[AskedInVain]:
        """Return the newest questions, newest first. Raises Unavailable."""
        is_alive = GapItem.ttl > to_seconds(self._clock())
        with reaching(STORE):
            found = GapItem.query(
                QUESTIONS,
                filter_condition=is_alive,
                scan_index_forward=False,
                limit=limit,
                consistent_read=True,
            )
            return [_asked(item) for item in found]

    def report(self) -> GapReport:
        """Return the groups, none where they have to be made. Raises Unavailable."""
        with reaching(STORE):
            try:
                item = GapItem.get(REPORT, REPORT, consistent_read=True)
            except GapItem.DoesNotExist:
                return GapReport()
            return _read(item)

    def keep_report(self, report: GapReport) -> bool:
        """Keep groups unless something was erased meanwhile; tell whether they are. Raises Unavailable."""
        state = {
            "groups": list(_that_fit(_kept(group) for group in report.groups)),
            "questions": report.questions,
            "made_at": report.made_at and to_millis(report.made_at),
            "made_of": report.made_of,
        }
        is_as_read = GapItem.erasures == report.erasures
        if not report.erasures:
            is_as_read |= GapItem.erasures.does_not_exist()
        with reaching(STORE):
            return write_if(is_as_read, _report().update, [GapItem.state.set(state)])


def _report() -> GapItem:
    return GapItem(REPORT, REPORT)


def _asked(item: GapItem) -> AskedInVain:
    state: dict[str, Any] = dict(item.state)
    state |= {"asked_at": from_millis(state["asked_at"]), "nearest": nearest_of(state["nearest"])}
    return AskedInVain(**state)


def _read(item: GapItem) -> GapReport:
    changes, erasures = int(item.changes), int(item.erasures)
    if item.state is None:
        return GapReport(changes=changes, erasures=erasures)
    state: dict[str, Any] = dict(item.state)
    groups = tuple(_group(each) for each in state["groups"])
    made_at = from_millis(state["made_at"])
    return GapReport(groups, state["questions"], made_at, state["made_of"], changes, erasures)


def _that_fit(groups: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    left = MOST_BYTES
    for group in groups:
        left -= len(json.dumps(group))
        if left < 0:
            return
        yield group


def _kept(group: GapGroup) -> dict[str, Any]:
    by_day = {day.isoformat(): count for day, count in group.by_day.items()}
    nearest = asdict(group.nearest) if group.nearest else None
    return vars(group) | {"last_asked": to_millis(group.last_asked), "by_day": by_day, "nearest": nearest}


def _group(kept: Mapping[str, Any]) -> GapGroup:
    by_day = {date.fromisoformat(day): count for day, count in kept["by_day"].items()}
    last_asked, nearest = from_millis(kept["last_asked"]), nearest_of(kept["nearest"])
    return GapGroup(kept["question"], kept["kind"], last_asked, nearest, by_day)
