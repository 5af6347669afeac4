"""Small facts with an end: counters of the limits, and which message ids are taken."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.stores.dynamodb import TableLimits, reaching
from chalicelib.times import to_millis


class StateItem(Model):
    """A fact as DynamoDB holds it; what `value` counts depends on the kind that `pk` starts with."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    value = NumberAttribute(default=0)
    ttl = NumberAttribute()


@dataclass(frozen=True)
class Counters:
    """Counts things in windows of time; a counter is gone some time after its window."""

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> int:
        """Add to the counter of the window that `now` is in and return its new value. Raises Unavailable."""
        item = StateItem(_key(name, now, window))
        with reaching("counters"):
            item.update(
                actions=[
                    StateItem.value.add(amount),
                    StateItem.ttl.set(to_millis(now + 2 * window) // 1000),
                ]
            )
            return int(item.value)

    def value(self, name: str, now: datetime, window: timedelta) -> int:
        """Return the counter of the window that `now` is in. Raises Unavailable."""
        with reaching("counters"):
            try:
                return int(StateItem.get(_key(name, now, window)).value)
            except StateItem.DoesNotExist:
                return 0


def _key(name: str, now: datetime, window: timedelta) -> str:
    return f"{name}#{to_millis(now) // (window // timedelta(milliseconds=1))}"
