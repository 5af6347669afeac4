"""What the DynamoDB stores share: how a table is reached and listed, and how long an item lives."""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.answers import reading
from chalicelib.domain.conversation import Feedback
from chalicelib.errors import Unavailable
from chalicelib.times import from_millis, to_millis, to_seconds

M = TypeVar("M", bound=Model)
R = TypeVar("R")

CONDITION_FAILED = "ConditionalCheckFailedException"
TRANSACTION_CONFLICT = "TransactionConflictException"
TRIES = 20
MOST_WAIT_SECONDS = 0.1
"""Two transactions that have the same item at once are in each other's way for some milliseconds."""


class TableLimits:
    """The time limits of every table: a customer waits, and one lost packet must not show."""

    connect_timeout_seconds = 1
    read_timeout_seconds = 2
    max_retry_attempts = 2
    max_pool_connections = 32


class FeedbackAttribute(JSONAttribute):
    """A customer's feedback."""

    def serialize(self, value: Feedback) -> str:
        """Return feedback as JSON: the same feedback is always the same text, which DynamoDB can compare."""
        return json.dumps({**asdict(value), "timestamp": to_millis(value.timestamp)})

    def deserialize(self, value: str) -> Feedback:
        """Return feedback from its JSON."""
        kept = json.loads(value)
        return Feedback(kept["rating"], kept["comment"], from_millis(kept["timestamp"]))


class StatusIndex(GlobalSecondaryIndex[M]):  # type: ignore[no-untyped-call]
    """The items of a status by their place in lists: `listed_at`, time and id, unique and fit for a URL."""

    class Meta:
        index_name = "status-listed_at"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)

    def newest(
        self, statuses: Iterable[str], wanted: Condition, limit: int, before: str | None
    ) -> dict[str, M]:
        """Return the newest items of each status that are wanted and lie before a place, by their places."""
        older = type(self).listed_at < before if before else None
        queries = (
            self.query(status, older, wanted, scan_index_forward=False, limit=limit) for status in statuses
        )
        # An item whose status changes between two queries may be in both: it has one key here.
        return {item.attribute_values["listed_at"]: item for items in queries for item in items}


def page_of(found: Mapping[str, R], limit: int) -> tuple[tuple[R, ...], str | None]:
    """Return the newest of what was found by place, and the place that the next page is before, if any."""
    places = sorted(found, reverse=True)
    page = tuple(found[place] for place in places[:limit])
    return page, places[limit - 1] if len(places) > limit else None


@contextmanager
def reaching(store: str) -> Iterator[None]:
    """Turn a failure of DynamoDB in the block into Unavailable(store), an odd item into UnreadableAnswer."""
    with reading(store):
        try:
            yield
        except (PynamoDBException, ResponseParserError) as error:
            raise Unavailable(store) from error


def complete(item: M) -> M:
    """Return an item that was read. Raises ValueError when it lacks what each of its kind has."""
    missing = [n for n, each in item.get_attributes().items() if not each.null and getattr(item, n) is None]
    if missing:
        raise ValueError(f"an item lacks {', '.join(missing)}")
    return item


def write_if(condition: Condition, write: Callable[..., object], *arguments: Any) -> bool:
    """Write if a condition holds; tell whether it did. Raises PynamoDBException."""
    try:
        write(*arguments, condition=condition)
    except (PutError, UpdateError, DeleteError) as error:
        if failed_with(error, CONDITION_FAILED):
            return False
        raise
    return True


def soon(write: Callable[[], R]) -> R:
    """Make a write, after the transactions that are under way with its item. Raises PutError, UpdateError."""
    for _ in range(TRIES - 1):
        try:
            return write()
        except (PutError, UpdateError) as error:
            if not failed_with(error, TRANSACTION_CONFLICT):
                raise
            wait_for_transaction()
    return write()


def wait_for_transaction() -> None:
    """Let another transaction end with an item; two that wait for each other don't meet again."""
    time.sleep(random.uniform(0, MOST_WAIT_SECONDS))  # noqa: S311


def failed_with(error: PynamoDBException, code: str) -> bool:
    """Tell whether DynamoDB refused a call with a code."""
    # Asked for the code of a call that got no answer at all, PynamoDB fails.
    return isinstance(error.cause, ClientError) and error.cause_response_code == code


def expiry(moment: datetime, days: int) -> int:
    """Return the `ttl` of something kept for so many days: seconds since 1970."""
    return to_seconds(moment + timedelta(days=days))
