"""Marks of what was erased, by which the late writes of requests that began before are refused."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.errors import ErasedMeanwhile
from chalicelib.stores.dynamodb import TRIES, reaching, soon, wait_for_transaction, write_if
from chalicelib.stores.state import StateItem
from chalicelib.times import to_millis

STORE = "erasures"
LONGEST_ERASURE = timedelta(minutes=2)
"""As long as Lambda lets one run. One that is cut off goes on refusing until then, also what begins later."""
KEPT = timedelta(days=1)
"""Longer than a request can last, even in a container that is frozen half-way through it."""
REFUSED, CONFLICT = "ConditionalCheckFailed", "TransactionConflict"


class ErasureMarks:
    """Marks sessions and customers as erased; a mark names nobody, and is gone after a day."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    @contextmanager
    def session(self, session_id: str) -> Iterator[None]:
        """Refuse what requests write to a session that began before the block ends. Raises Unavailable."""
        with self._erasing(marks_of(session_id, None)):
            yield

    @contextmanager
    def customer(self, customer_id: str) -> Iterator[None]:
        """Refuse what requests write of a customer that began before the block ends. Raises Unavailable."""
        with self._erasing(marks_of(None, customer_id)):
            yield

    def has_erased(self, session_id: str | None, customer_id: str | None, written_at: datetime) -> bool:
        """Tell whether what was written of a session and a customer by then is erased. Raises Unavailable."""
        with reaching(STORE):
            marks = list(StateItem.batch_get(marks_of(session_id, customer_id), consistent_read=True))
            return any(mark.value >= to_millis(written_at) for mark in marks)

    @contextmanager
    def _erasing(self, marks: Sequence[str]) -> Iterator[None]:
        end = self._clock() + LONGEST_ERASURE
        self._put(marks, end)
        yield
        self._put(marks, self._clock(), in_place_of=end)

    def _put(self, marks: Sequence[str], until: datetime, in_place_of: datetime | None = None) -> None:
        """Put marks, but in place of a later one only where that is one's own.

        Another erasure may still be at work behind it.
        """
        condition = StateItem.value.does_not_exist() | (StateItem.value < to_millis(until))
        if in_place_of:
            condition |= StateItem.value == to_millis(in_place_of)
        ttl = to_millis(until + KEPT) // 1000
        for mark in marks:
            save = StateItem(mark, value=to_millis(until), ttl=ttl).save
            with reaching(STORE):
                soon(partial(write_if, condition, save))


def marks_of(session_id: str | None, customer_id: str | None) -> list[str]:
    """Return the keys of the marks that stop a write of a session and a customer."""
    subjects = (("session", session_id), ("customer", customer_id))
    return [f"erased#{hashlib.sha256(f'{kind}#{of}'.encode()).hexdigest()}" for kind, of in subjects if of]


def write_unless_erased(
    marks: Sequence[str], began_at: datetime, fill: Callable[[TransactWrite], None]
) -> tuple[bool, ...]:
    """Make the writes that `fill` puts into a transaction, all or none, in one request.

    Returns which of them their own condition refused, puts before updates; () when they are made. Raises
    ErasedMeanwhile where a mark is of after the request began, PynamoDBException.
    """
    not_erased = StateItem.value.does_not_exist() | (StateItem.value < to_millis(began_at))
    tries_left = TRIES
    while True:
        try:
            with TransactWrite(connection=StateItem._get_connection().connection) as transaction:
                for mark in marks:
                    transaction.condition_check(StateItem, mark, condition=not_erased)
                fill(transaction)
        except TransactWriteError as error:
            reasons = [reason.code if reason else None for reason in error.cancellation_reasons or ()]
            if REFUSED in reasons[: len(marks)]:
                raise ErasedMeanwhile from error
            if REFUSED in reasons:
                return tuple(reason == REFUSED for reason in reasons[len(marks) :])
            tries_left -= 1
            if CONFLICT not in reasons or not tries_left:
                raise
            wait_for_transaction()
        else:
            return ()
