"""DynamoDB in process, with the tables that the template deploys."""

import json
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from mypy_boto3_dynamodb import DynamoDBClient
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.services import TABLES
from tooling.template import Template

TABLE_DEFINITIONS = Template().tables()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account in this process."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    _serialise_moto(monkeypatch)
    with mock_aws():
        yield


@pytest.fixture
def tables(aws: None) -> None:
    """The tables of the template, under their bare names."""
    for table in TABLE_DEFINITIONS:
        _dynamodb().create_table(TableName=table.name, **table.properties)


class Throttle:
    """Lets DynamoDB refuse requests as it does over its limits; `refused` counts them."""

    def __init__(self) -> None:
        self.refused = 0
        self._remaining = 0
        self._lock = threading.Lock()

    def next_requests(self, table: type[Model], count: int) -> None:
        """Refuse so many requests to a table from now on."""
        self._remaining = count
        events: Any = table._get_connection().connection.client.meta.events
        events.register_first("before-send.dynamodb", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        with self._lock:
            if self._remaining == 0:
                return None
            self._remaining -= 1
            self.refused += 1
        body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": ""})
        return AWSResponse(request.url, 400, HTTPHeaders(), MockRawResponse(body))


@pytest.fixture
def throttle(tables: None) -> Iterator[Throttle]:
    """A limit of DynamoDB that can be reached."""
    yield Throttle()
    _forget_connections()


class Silence:
    """Lets DynamoDB's answers get lost."""

    def __init__(self, error: type[ReadTimeoutError | ConnectionClosedError]) -> None:
        self._error = error

    def fall(self, *connections: Connection, operation: str = "*") -> None:
        """Lose each answer to an operation from now on, of the tables and of a store's own connections."""
        of_tables = [table._get_connection().connection for table in TABLES]
        for connection in (*of_tables, *connections):
            events: Any = connection.client.meta.events
            events.register_first(f"before-send.dynamodb.{operation}", self._lose)

    def _lose(self, request: AWSPreparedRequest, **_: object) -> None:
        raise self._error(endpoint_url=request.url)


@pytest.fixture(params=[ReadTimeoutError, ConnectionClosedError])
def silence(tables: None, request: pytest.FixtureRequest) -> Iterator[Silence]:
    """A network that can lose answers, in either way."""
    yield Silence(request.param)
    _forget_connections()


@cache
def _dynamodb() -> DynamoDBClient:
    # Making a client takes longer than most tests do.
    return boto3.client("dynamodb")


def _serialise_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    # moto takes no lock between reading and writing, so two conditional writes at once could both succeed.
    lock, answer = threading.RLock(), BotocoreStubber.__call__

    def answer_one_at_a_time(self: BotocoreStubber, *arguments: Any, **named: Any) -> Any:
        with lock:
            return answer(self, *arguments, **named)

    monkeypatch.setattr(BotocoreStubber, "__call__", answer_one_at_a_time)


def _forget_connections() -> None:
    # PynamoDB keeps a table's connection for good, and with it what was registered there.
    for table in TABLES:
        table._connection = None
