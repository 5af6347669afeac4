"""S3's notifications: brings each event from the queue that a bucket notifies to the function that wants it.

On AWS the bucket calls the function itself, with the same JSON.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote_plus

from mypy_boto3_sqs import SQSClient

LOG = logging.getLogger(__name__)
BATCH = 10

Event = dict[str, Any]


@dataclass(frozen=True)
class Subscription:
    """What `@app.on_s3_event` declares; `events` are patterns such as `s3:ObjectCreated:*`."""

    bucket: str
    events: Sequence[str]
    prefix: str
    suffix: str
    deliver: Callable[[Event], None]

    def wants(self, record: Any) -> bool:
        """Say whether a record of the bucket matches; a malformed one is passed on to the function."""
        try:
            name, key = f"s3:{record['eventName']}", unquote_plus(record["s3"]["object"]["key"])
        except (KeyError, TypeError, AttributeError):
            return True
        is_asked_for = any(fnmatchcase(name, pattern) for pattern in self.events)
        return is_asked_for and key.startswith(self.prefix) and key.endswith(self.suffix)


def queue_of(bucket: str) -> str:
    """Return the name of the queue that a bucket notifies."""
    return f"{bucket}-events"


class ObjectEvents:
    """The queue of one bucket, and who wants its events."""

    def __init__(self, sqs: SQSClient, bucket: str, subscriptions: Sequence[Subscription]) -> None:
        """Raises QueueDoesNotExist (ClientError) when nothing announces the bucket's changes."""
        self._sqs = sqs
        self._url = sqs.get_queue_url(QueueName=queue_of(bucket))["QueueUrl"]
        self._subscriptions = subscriptions

    def take(self) -> int:
        """Pass on the events that wait, ten at the most; return how many there were.

        It does not wait for more, because moto's long poll keeps a processor busy, and removes them all,
        because moto gets slow when many wait.
        """
        messages = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH).get(
            "Messages", []
        )
        for message in messages:
            self._pass_on(message["Body"])
        if messages:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages
                ],
            )
        return len(messages)

    def _pass_on(self, body: str) -> None:
        """Pass an event to all who want it; S3's test event has no records and goes to all."""
        event = _read(body)
        if event is None:
            LOG.warning("A message of queue %s is no event: it is dropped.", self._url.rpartition("/")[2])
            return
        records = event.get("Records")
        for subscription in self._subscriptions:
            if all(map(subscription.wants, records if isinstance(records, list) else [])):
                subscription.deliver(event)


def _read(body: str) -> Event | None:
    """Return the event that a message holds; a message may hold anything."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
