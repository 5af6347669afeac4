"""Small facts with an end: counters of the limits, and which message ids are taken."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.stores.dynamodb import TableLimits, reaching, write_if
from chalicelib.times import to_millis, to_seconds

STORE = "counters"
MOST_OWN_COUNTERS = 10_000
"""How many counters a container keeps before it drops those whose window is over."""


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

    def reserve(self, name: str, amount: int, limit: int, now: datetime, window: timedelta) -> bool:
        """Add to a counter that is below its limit; tell whether it was. Raises Unavailable."""
        has_room = StateItem.value.does_not_exist() | (StateItem.value < limit)
        with reaching(STORE):
            return write_if(
                has_room, StateItem(counter_key(name, now, window)).update, _adding(amount, now, window)
            )

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> None:
        """Add to a counter, or take from it. Raises Unavailable."""
        with reaching(STORE):
            StateItem(counter_key(name, now, window)).update(_adding(amount, now, window))


class OwnCounters:
    """Counts for this container alone, in memory; only of the windows that are not over yet."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, datetime]] = {}
        self._lock = Lock()

    def reserve(self, name: str, amount: int, limit: int, now: datetime, window: timedelta) -> bool:
        """Add to a counter that is below its limit; tell whether it was."""
        with self._lock:
            counted = self._counts.get(counter_key(name, now, window), (0, now))[0]
            if counted >= limit:
                return False
            self._set(name, counted + amount, now, window)
            return True

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> None:
        """Add to a counter, or take from it."""
        with self._lock:
            counted = self._counts.get(counter_key(name, now, window), (0, now))[0]
            self._set(name, counted + amount, now, window)

    def __len__(self) -> int:
        """Return how many counters are kept."""
        return len(self._counts)

    def _set(self, name: str, value: int, now: datetime, window: timedelta) -> None:
        if len(self._counts) >= MOST_OWN_COUNTERS:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
        self._counts[counter_key(name, now, window)] = (value, now + window)


def _adding(amount: int, now: datetime, window: timedelta) -> list[Action]:
    return [StateItem.value.add(amount), StateItem.ttl.set(to_seconds(now + 2 * window))]


def counter_key(name: str, now: datetime, window: timedelta) -> str:
    """Return the key of what counts in the window that a moment is in."""
    return f"{name}#{to_millis(now) // (window // timedelta(milliseconds=1))}"
