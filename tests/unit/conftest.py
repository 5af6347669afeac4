"""DynamoDB in process, with the tables that the template deploys."""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.services import BARE_NAMES, TABLES
from tests.dynamodb import Network
from tests.fakes import FakeClock
from tests.scene import Scene, open_scene
from tooling.template import Template

TABLE_DEFINITIONS = Template().tables()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with open_scene() as scene:
        yield scene


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """An empty AWS account in this process, and the way to it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    network = Network()
    monkeypatch.setattr(BotocoreStubber, "__call__", network.handler())
    with mock_aws():
        yield network


@pytest.fixture
def aws(network: Network) -> None:
    """An empty AWS account in this process."""


@pytest.fixture
def tables(aws: None) -> None:
    """The tables of the template, under their bare names, whatever stage was built before."""
    for model, bare_name in BARE_NAMES.items():
        if model.Meta.table_name != bare_name:
            model.Meta.table_name, model._connection = bare_name, None
    for table in TABLE_DEFINITIONS:
        _dynamodb().create_table(TableName=table.name, **table.properties)


@cache
def _dynamodb() -> DynamoDBClient:
    # Making a client takes longer than most tests do.
    return boto3.client("dynamodb")


@pytest.fixture
def pauses_seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long botocore would have waited before it tried again: here it does not."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pauses.append))
    yield pauses
    for table in TABLES:
        # PynamoDB keeps a table's connection for good, and a client allows so many tries in all.
        table._connection = None
