"""DynamoDB's streams: brings the changes of a table, in order, to the function that the stream calls.

On AWS Lambda reads the stream, with the same JSON.
"""

from collections.abc import Callable
from typing import Any

from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

Event = dict[str, Any]


def table_of(stream_arn: str) -> str:
    """Return the name of a stream's table: `arn:aws:dynamodb:…:table/<name>/stream/<label>`."""
    return stream_arn.split("/")[1]


class TableStream:
    """The stream of one table from its beginning; it has one shard here."""

    def __init__(
        self, streams: DynamoDBStreamsClient, table: str, batch_size: int, deliver: Callable[[Event], bool]
    ) -> None:
        """`deliver` says whether the function returned. Raises IndexError when the table has no stream."""
        self._streams = streams
        arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
        self._batch_size = batch_size
        self._deliver = deliver
        description = streams.describe_stream(StreamArn=arn)["StreamDescription"]
        self._iterator = streams.get_shard_iterator(
            StreamArn=arn,
            ShardId=description["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]

    def take(self) -> int:
        """Pass on the changes that wait, as one batch; return how many there were.

        As on AWS a batch whose call fails comes again, before anything behind it.
        """
        answer = self._streams.get_records(ShardIterator=self._iterator, Limit=self._batch_size)
        records = list(map(_as_lambda_has_it, answer["Records"]))
        if records and not self._deliver({"Records": records}):
            return 0
        self._iterator = answer["NextShardIterator"]
        return len(records)


def _as_lambda_has_it(record: Any) -> Event:
    """Return a record of the stream with its time as a number."""
    change = record["dynamodb"]
    moment = change["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": moment}}
