"""SQS's messages: brings each from its queue to the function that the queue calls.

On AWS Lambda reads the queue, with the same JSON.
"""

from collections.abc import Callable
from typing import Any

from mypy_boto3_sqs import SQSClient
from mypy_boto3_sqs.type_defs import MessageTypeDef

Event = dict[str, Any]


def queue_name_of(arn: str) -> str:
    """Return the name of a queue: `arn:aws:sqs:<region>:<account>:<name>`."""
    return arn.split(":")[-1]


class QueueMessages:
    """The messages of one queue."""

    def __init__(self, sqs: SQSClient, arn: str, batch_size: int, deliver: Callable[[Event], bool]) -> None:
        """`deliver` says whether the function returned. Raises QueueDoesNotExist (ClientError)."""
        self._sqs = sqs
        self._arn = arn
        self._url = sqs.get_queue_url(QueueName=queue_name_of(arn))["QueueUrl"]
        self._batch_size = batch_size
        self._deliver = deliver

    def take(self) -> int:
        """Pass on the messages that can be seen, as one batch; return how many there were.

        As on AWS a batch whose call fails is seen again after the queue's visibility timeout, and a message
        that was received too often is a dead letter. It does not wait for messages, because moto's long poll
        keeps a processor busy.
        """
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=self._batch_size, MessageSystemAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        if messages and self._deliver({"Records": [self._as_lambda_has_it(each) for each in messages]}):
            for each in messages:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
        return len(messages)

    def _as_lambda_has_it(self, message: MessageTypeDef) -> Event:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": dict(message["Attributes"]),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }
