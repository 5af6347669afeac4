"""What the stream of the conversations' table says: which exchanges were written, rated or deleted."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.answers import OF_ANOTHER_SHAPE, require
from chalicelib.domain.conversation import Exchange
from chalicelib.domain.insight import ExchangeChange
from chalicelib.logs import InsightLogger
from chalicelib.stores.conversations import exchange_in_image


def changes_in(event: Mapping[str, Any]) -> Iterator[ExchangeChange]:
    """Yield the changes of a batch, in its order; one that makes no sense is left out, which the log says."""
    for record in event.get("Records", ()):
        try:
            change = _change(record)
        except OF_ANOTHER_SHAPE:
            InsightLogger().change_unreadable(record.get("eventID"))
            continue
        yield change


def _change(record: Mapping[str, Any]) -> ExchangeChange:
    change = record["dynamodb"]
    before, after = (_exchange(change.get(image)) for image in ("OldImage", "NewImage"))
    require(before or after, Exchange)
    # Only DynamoDB itself deletes as a service.
    expired = record.get("userIdentity", {}).get("type") == "Service"
    return ExchangeChange(int(change["SequenceNumber"]), before, after, expired)


def _exchange(image: Mapping[str, Any] | None) -> Exchange | None:
    return exchange_in_image(image) if image else None
