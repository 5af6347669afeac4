"""moto's DynamoDB streams, without all that was ever in them."""

from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

KEPT_RECORDS = 1_000
"""AWS keeps those of a day."""
KEPT_ITERATORS = 1_000
"""AWS keeps those of a quarter of an hour."""


class RecentRecords(StreamShard):
    """A stream that forgets its oldest records."""

    def add(self, old: Item | None, new: Item | None) -> None:
        """Add the record of a change."""
        super().add(old, new)
        if len(self.items) >= 2 * KEPT_RECORDS:
            self.starting_sequence_number += KEPT_RECORDS
            del self.items[:KEPT_RECORDS]

    def get(self, start: int, quantity: int) -> list[dict[str, Any]]:
        """Return records from a sequence number on, or from the oldest that is left."""
        records: list[dict[str, Any]] = super().get(max(start, self.starting_sequence_number), quantity)
        return records


class LocalStreams(DynamoDBStreamsBackend):
    """The streams of a region; each read makes another iterator."""

    __module__ = DynamoDBStreamsBackend.__module__  # where moto looks for a service's addresses

    def get_records(self, iterator_arn: str, limit: int) -> dict[str, Any]:
        """Return records and the iterator of those that follow."""
        found: dict[str, Any] = super().get_records(iterator_arn, limit)
        for oldest in list(self.shard_iterators)[:-KEPT_ITERATORS]:
            del self.shard_iterators[oldest]
        return found
