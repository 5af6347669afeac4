"""What lies between the stores and the DynamoDB in this process, and what can go wrong there."""

import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

LostAnswer = type[ReadTimeoutError | ConnectionClosedError]


class Network:
    """Takes requests to moto one at a time, and can lose answers, spoil them and refuse requests.

    One at a time because moto takes no lock between reading and writing: two conditional writes at once
    could both succeed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pass_on = BotocoreStubber.__call__
        self._error: LostAnswer | None = None
        self._operation = ""
        self._to_refuse = 0
        self._body: bytes | None = None
        self.refused = 0
        """How many requests were refused."""
        self.asked: list[str] = []
        """The operations of all requests."""

    def lose_answers(self, error: LostAnswer, operation: str = "") -> None:
        """Fail each request of an operation, or every one, from now on."""
        self._error, self._operation = error, operation

    def refuse(self, count: int) -> None:
        """Refuse the next requests as DynamoDB does over its limits."""
        self._to_refuse = count

    def answer(self, body: bytes) -> None:
        """Answer each request with these bytes from now on."""
        self._body = body

    def handler(self) -> Callable[..., Any]:
        """Return what stands in for moto's own handler of requests."""

        def handle(
            stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **named: Any
        ) -> AWSResponse | None:
            with self._lock:
                self.asked.append(str(request.headers["X-Amz-Target"]).strip("b'").rpartition(".")[2])
                if self._error and self._operation in str(request.headers.get("X-Amz-Target")):
                    raise self._error(endpoint_url=request.url)
                if self._to_refuse:
                    return self._refuse(request)
                if self._body is not None:
                    return AWSResponse(request.url, 200, HTTPHeaders(), MockRawResponse(self._body))
                answer: AWSResponse | None = self._pass_on(stubber, event_name, request, **named)
                return answer

        return handle

    def _refuse(self, request: AWSPreparedRequest) -> AWSResponse:
        self._to_refuse -= 1
        self.refused += 1
        body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": ""})
        return AWSResponse(request.url, 400, HTTPHeaders(), MockRawResponse(body))
