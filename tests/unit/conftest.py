"""DynamoDB in process, with the tables that the template deploys."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from chalicelib.services import TABLES
from devstack.template import Template


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
    with mock_aws():
        yield
    _forget_connections()


@pytest.fixture
def tables(aws: None) -> None:
    """The tables of the template, under their bare names."""
    _forget_connections()
    dynamodb = boto3.client("dynamodb")
    for table in Template().tables():
        dynamodb.create_table(TableName=table.name, **table.properties)


def _forget_connections() -> None:
    # PynamoDB keeps a table's connection for good, and each test has a new account.
    for table in TABLES:
        table._connection = None
