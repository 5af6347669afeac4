"""What a notification of S3 says: how many documents changed, and what in it means nothing to us."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

CHANGES = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:")
"""How the names of events that change a document start."""


@dataclass(frozen=True)
class Notices:
    """The records of a notification: `changes` to documents, and by reason how many were `ignored`."""

    changes: int
    ignored: Mapping[str, int]


def read_notices(event: object, bucket: str) -> Notices:
    """Read a notification, of whatever shape it is; never raises."""
    if isinstance(event, Mapping) and event.get("Event") == "s3:TestEvent":
        return Notices(0, {"test": 1})
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        return Notices(0, {"malformed": 1})
    reasons = [_reason_to_ignore(record, bucket) for record in records]
    return Notices(reasons.count(None), Counter(reason for reason in reasons if reason))


def _reason_to_ignore(record: Any, bucket: str) -> str | None:
    try:
        name, its_bucket, key = (
            record["eventName"],
            record["s3"]["bucket"]["name"],
            record["s3"]["object"]["key"],
        )
    except (KeyError, TypeError, IndexError):
        return "malformed"
    if not (isinstance(name, str) and isinstance(key, str) and key):
        return "malformed"
    if its_bucket != bucket:
        return "other bucket"
    if not name.removeprefix("s3:").startswith(CHANGES):
        return "other event"
    # Keys come URL-encoded. A folder is an empty object that some tools make; it holds nothing to read.
    return "folder" if unquote_plus(key).endswith("/") else None
