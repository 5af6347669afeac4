"""What the DynamoDB stores share: how a table is reached, and how long an item lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.errors import Unavailable
from chalicelib.times import to_millis

CONDITION_FAILED = "ConditionalCheckFailedException"


class Reach:
    """The time limits of every table: a customer is waiting, and one lost packet should not show."""

    connect_timeout_seconds = 1
    read_timeout_seconds = 2
    max_retry_attempts = 2
    max_pool_connections = 32


@contextmanager
def reaching(store: str) -> Iterator[None]:
    """Turn a failure of DynamoDB within the block into Unavailable(store)."""
    try:
        yield
    except PynamoDBException as error:
        raise Unavailable(store) from error


def was_refused(error: PynamoDBException) -> bool:
    """Tell whether DynamoDB refused a write because its condition does not hold."""
    # Asked for the code of a call that got no answer at all, PynamoDB fails.
    return isinstance(error.cause, ClientError) and error.cause_response_code == CONDITION_FAILED


def expiry(moment: datetime, days: int) -> int:
    """Return the `ttl` of something kept for so many days: seconds since 1970."""
    return to_millis(moment + timedelta(days=days)) // 1000
