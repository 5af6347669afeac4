"""The secrets of a stage, from Secrets Manager."""

import json

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.stub import Stubber

from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import Secrets
from chalicelib.models import DatabaseAddress

DATABASE = {"host": "db.internal", "port": 5432, "username": "app", "password": "p:w/d", "dbname": "support"}


def secrets() -> tuple[Secrets, Stubber]:
    client = boto3.client(
        "secretsmanager", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    stub = Stubber(client)
    stub.activate()
    return Secrets(SecretsProvider(boto3_client=client), "stage/app-secret", "stage/database"), stub


def test_the_app_secret_is_read_by_its_name() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": "s3cret"}, {"SecretId": "stage/app-secret"})
    assert source.app_secret() == "s3cret"


def test_a_secret_is_remembered_for_a_while() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    assert [source.app_secret() for _ in range(3)] == ["s3cret"] * 3


@pytest.mark.parametrize("port", [5432, "5432"])
def test_the_database_is_read_as_rds_writes_it(port: object) -> None:
    source, stub = secrets()
    secret = json.dumps({**DATABASE, "port": port, "engine": "postgres"})
    stub.add_response("get_secret_value", {"SecretString": secret}, {"SecretId": "stage/database"})
    assert source.database() == DatabaseAddress("db.internal", 5432, "app", "p:w/d", "support")


@pytest.mark.parametrize(
    "code",
    ["ResourceNotFoundException", "AccessDeniedException", "InternalServiceError", "DecryptionFailure"],
)
def test_a_secret_that_cannot_be_read_is_an_outage(code: str) -> None:
    source, stub = secrets()
    stub.add_client_error("get_secret_value", code)
    with pytest.raises(Unavailable) as outage:
        source.app_secret()
    assert outage.value.dependency == "secrets"


def test_an_outage_is_not_remembered() -> None:
    source, stub = secrets()
    stub.add_client_error("get_secret_value", "InternalServiceError")
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    with pytest.raises(Unavailable):
        source.app_secret()
    assert source.app_secret() == "s3cret"


def test_a_secret_does_not_show_in_what_is_printed_of_its_reader() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    source.app_secret()
    assert "s3cret" not in repr(source)


@pytest.mark.parametrize("text", ["not json", "[]", "{}", json.dumps({**DATABASE, "port": "none"})])
def test_a_database_secret_that_cannot_be_understood_is_an_outage(text: str) -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": text})
    with pytest.raises(Unavailable):
        source.database()


def test_a_known_secret_serves_on_while_secrets_manager_is_out_and_is_not_asked_for_each_time() -> None:
    source, stub = secrets()
    now = 1000.0
    source._clock = lambda: now
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    assert source.app_secret() == "s3cret"
    source._provider.clear_cache()  # type: ignore[no-untyped-call]
    stub.add_client_error("get_secret_value", "InternalServiceError")
    assert source.app_secret() == "s3cret"
    assert source.app_secret() == "s3cret"  # the stub would fail a second call
    now += 31
    stub.add_response("get_secret_value", {"SecretString": "rotated"})
    assert source.app_secret() == "rotated"
