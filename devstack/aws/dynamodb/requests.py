"""What the local DynamoDB does otherwise than moto with a request: repeated transactions, quick answers."""

import time
from collections.abc import Callable
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, DynamodbException
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler, DynamoResult

TOKEN_SECONDS = 600


class IdempotentParameterMismatch(DynamodbException):
    """A transaction came with the token of another one."""

    def __init__(self) -> None:
        super().__init__(
            f"{ERROR_TYPE_PREFIX}IdempotentParameterMismatchException",
            "An earlier request had this token and other parameters.",
        )


class TransactionTokens:
    """Remembers for ten minutes, as AWS does, which transactions were made, so that none is made twice."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: dict[str, tuple[float, int]] = {}

    def was_made(self, token: str, items: Any) -> bool:
        """Say whether this very transaction was made. Raises IdempotentParameterMismatch for another one."""
        self._forget()
        if token not in self._made:
            return False
        if self._made[token][1] != _fingerprint(items):
            raise IdempotentParameterMismatch
        return True

    def add(self, token: str, items: Any) -> None:
        """Remember a transaction that was made."""
        self._made[token] = (self._clock() + TOKEN_SECONDS, _fingerprint(items))

    def _forget(self) -> None:
        while self._made:
            oldest = next(iter(self._made))
            if self._made[oldest][0] > self._clock():
                return
            del self._made[oldest]


class Handler(DynamoHandler):
    """moto's answers to DynamoDB's operations."""

    _tokens = TransactionTokens()

    def transact_write_items(self) -> ActionResult:
        """Make the writes, unless the same request did so before."""
        token, items = self.body.get("ClientRequestToken"), self.body["TransactItems"]
        if token and self._tokens.was_made(token, items):
            return ActionResult({})
        result = super().transact_write_items()
        if token:
            self._tokens.add(token, items)
        return result

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        """Return items as JSON straight away: moto looks up the shape of each value of each item."""
        if not isinstance(action_result, DynamoResult):
            return super().serialized(action_result)
        headers = {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}
        return 200, headers, dynamo_json_dump(action_result.result)


def _fingerprint(items: Any) -> int:
    return hash(dynamo_json_dump(items))
