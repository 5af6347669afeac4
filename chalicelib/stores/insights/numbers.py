"""The numbers of days and the rows of conversations, written together, and what else is kept beside them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.domain.insight import ConversationRow, Counts
from chalicelib.stores.dynamodb import TableLimits, expiry, reaching
from chalicelib.stores.erasures import write_unless_erased
from chalicelib.times import from_millis, to_millis, to_seconds

STORE = "insights"
DAYS, CONVERSATIONS = "day", "conversation"
DAYS_KEPT = 400
ROW_DAYS = 30
"""Much longer than a conversation can begin again, and than the stream repeats a change."""
OPEN = "open"
KEYS = {"pk", "sk", "ttl"}
FIELDS = [each.name for each in fields(ConversationRow) if each.name not in ("key", "version")]


class OpenIndex(GlobalSecondaryIndex["InsightItem"]):  # type: ignore[no-untyped-call]
    """The rows of open conversations by when they are to be judged, in milliseconds since 1970."""

    class Meta:
        index_name = "status-due_at"
        projection = KeysOnlyProjection()

    status = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class InsightItem(Model):
    """An item of the table: `pk` says of which kind, `sk` which one.

    A day has its numbers besides, each in an attribute of its name.
    """

    class Meta(TableLimits):
        table_name = "support-insights"

    open_index = OpenIndex()

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    state = JSONAttribute(null=True)
    version = NumberAttribute(null=True)
    status = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    ttl = NumberAttribute()


class Numbers:
    """Keeps numbers of days for 400 days, and rows of conversations for 30 after the last change."""

    def __init__(self, quiet: timedelta, clock: Callable[[], datetime]) -> None:
        self._quiet = quiet
        self._clock = clock

    def row(self, key: str) -> ConversationRow:
        """Return the row of a conversation; an empty one where there is none. Raises Unavailable."""
        with reaching(STORE):
            try:
                item = InsightItem.get(CONVERSATIONS, key, consistent_read=True)
            except InsightItem.DoesNotExist:
                return ConversationRow(key)
            return _row(item)

    def keep(self, row: ConversationRow, counts: Counts) -> bool:
        """Write a row and add to the numbers, both or neither; tell whether the row is still as it was read.

        If not, nothing is written. Raises Unavailable.
        """
        is_as_read = InsightItem.version == row.version if row.version else InsightItem.pk.does_not_exist()

        def fill(transaction: TransactWrite) -> None:
            transaction.save(self._item(replace(row, version=row.version + 1)), condition=is_as_read)
            _add(counts, transaction)

        return self._write(fill)

    def add(self, counts: Counts) -> None:
        """Add to the numbers, once. Raises Unavailable."""
        if any(counts.values()):
            self._write(partial(_add, counts))

    def due(self, limit: int) -> list[str]:
        """Return the keys of open conversations that are to be judged, oldest first. Raises Unavailable."""
        by_now = InsightItem.due_at <= to_millis(self._clock())
        with reaching(STORE):
            return [item.sk for item in InsightItem.open_index.query(OPEN, by_now, limit=limit)]

    def days(self, first: date, last: date) -> dict[date, dict[str, int]]:
        """Return the numbers of days, in one read; days without any are not there. Raises Unavailable."""
        between = InsightItem.sk.between(first.isoformat(), last.isoformat())
        with reaching(STORE):
            found = InsightItem._get_connection().query(DAYS, between)
            return {date.fromisoformat(item["sk"]["S"]): _numbers(item) for item in found["Items"]}

    def _write(self, fill: Callable[[TransactWrite], None]) -> bool:
        with reaching(STORE):
            return not write_unless_erased((), self._clock(), fill)

    def _item(self, row: ConversationRow) -> InsightItem:
        item = InsightItem(CONVERSATIONS, row.key, state=_state(row), version=row.version)
        item.ttl = expiry(self._clock(), ROW_DAYS)
        if row.is_open and row.last_at:
            item.status, item.due_at = OPEN, to_millis(row.last_at + self._quiet)
        return item


def _add(counts: Counts, transaction: TransactWrite) -> None:
    for day in {day for (day, _), amount in counts.items() if amount}:
        actions: list[Action] = [Path([name]).add(n) for (of, name), n in counts.items() if of == day]
        noon = datetime.fromisoformat(f"{day.isoformat()}T12:00:00+00:00")
        kept = InsightItem.ttl.set(to_seconds(noon + timedelta(days=DAYS_KEPT)))
        transaction.update(InsightItem(DAYS, day.isoformat()), [*actions, kept])


def _numbers(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value["N"]) for name, value in item.items() if name not in KEYS}


def _state(row: ConversationRow) -> dict[str, Any]:
    state = asdict(row)
    del state["key"], state["version"]
    for name in ("started_at", "last_at"):
        state[name] = state[name] and to_millis(state[name])
    state["questions"] = [(text, to_millis(moment)) for text, moment in row.questions]
    return state


def _row(item: InsightItem) -> ConversationRow:
    state: dict[str, Any] = dict(item.state)
    for name in ("started_at", "last_at"):
        state[name] = None if state[name] is None else from_millis(state[name])
    state["questions"] = tuple((text, from_millis(millis)) for text, millis in state["questions"])
    # A later release, before it was rolled back, may have kept more.
    known = {name: state[name] for name in FIELDS if name in state}
    return ConversationRow(item.sk, int(item.version), **known)
