"""Times as they are stored and sent: milliseconds or seconds since 1970, and ISO 8601 with offset."""

from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)


def to_millis(moment: datetime) -> int:
    """Return milliseconds since 1970; what is finer is cut off."""
    return (moment - EPOCH) // MILLISECOND


def to_seconds(moment: datetime) -> int:
    """Return seconds since 1970, as DynamoDB wants a `ttl`; what is finer is cut off."""
    return to_millis(moment) // 1000


def from_millis(millis: int) -> datetime:
    """Return the UTC time of milliseconds since 1970, exactly."""
    return EPOCH + millis * MILLISECOND


def iso(moment: datetime) -> str:
    """Return ISO 8601 with milliseconds and offset, as `2026-11-20T12:00:00.000+00:00`: it sorts by time."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")


def from_iso(text: str) -> datetime:
    """Return the time that `iso` wrote."""
    return datetime.fromisoformat(text)
