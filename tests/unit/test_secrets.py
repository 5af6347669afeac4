"""The secrets of a stage, from Secrets Manager."""

import json
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from chalicelib.domain.database import DatabaseAddress, DatabaseSecret
from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import REMEMBERED_SECONDS, RENEW_SECONDS, Secrets
from tests.aws import stubbed

DATABASE = {"host": "db.internal", "port": 5432, "username": "app", "password": "p:w/d", "dbname": "support"}
SECRET = DatabaseSecret("stage/database", "roots.pem")
ADDRESS = DatabaseAddress("db.internal", 5432, "app", "p:w/d", "support", "roots.pem")


def secrets() -> tuple[Secrets, Stubber]:
    client, stub = stubbed("secretsmanager")
    return Secrets(client, "stage/app-secret", "stage/agent-tokens"), stub


def test_a_secret_is_read_by_its_name_remembered_and_not_shown() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": "s3cret"}, {"SecretId": "stage/app-secret"})
    assert [source.app_secret() for _ in range(3)] == ["s3cret"] * 3
    assert "s3cret" not in repr(source)


@pytest.mark.parametrize("port", [5432, "5432"])
def test_the_database_is_read_as_rds_writes_it(port: object) -> None:
    source, stub = secrets()
    secret = json.dumps({**DATABASE, "port": port, "engine": "postgres"})
    stub.add_response("get_secret_value", {"SecretString": secret}, {"SecretId": "stage/database"})
    assert source.database(SECRET) == ADDRESS


@pytest.mark.parametrize("secret", [{"username": "app", "password": "p:w/d"}, DATABASE])
def test_the_place_in_the_settings_wins_for_a_proxy_may_stand_there(secret: dict[str, object]) -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": json.dumps(secret)})
    expected = replace(ADDRESS, host="proxy.internal", port=6432, dbname="other")
    behind_a_proxy = replace(SECRET, host="proxy.internal", port=6432, dbname="other")
    assert source.database(behind_a_proxy) == expected


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure"])
def test_a_secret_that_cannot_be_read_is_an_outage_until_it_can(code: str) -> None:
    source, stub = secrets()
    stub.add_client_error("get_secret_value", code)
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    with pytest.raises(Unavailable) as outage:
        source.app_secret()
    assert outage.value.dependency == "secrets"
    assert source.app_secret() == "s3cret"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '"text"',
        "5",
        json.dumps({**DATABASE, "port": "none"}),
        json.dumps({**DATABASE, "host": None}),
        json.dumps({**DATABASE, "password": ""}),
        json.dumps({**DATABASE, "username": 5}),
    ],
)
def test_a_database_secret_that_cannot_be_understood_is_an_outage(text: str) -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": text})
    with pytest.raises(Unavailable):
        source.database(SECRET)


def rotated(password: str) -> dict[str, str]:
    return {"SecretString": json.dumps({**DATABASE, "password": password})}


def test_a_rotated_login_is_read_past_what_is_remembered() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", rotated("old"))
    stub.add_response("get_secret_value", rotated("new"))
    assert source.database(SECRET).password == "old"
    assert source.database(SECRET).password == "old"
    assert source.renewed_database(SECRET).password == "new"
    assert source.database(SECRET).password == "new"


def test_a_login_that_stays_refused_is_not_read_again_each_time() -> None:
    source, stub = secrets()
    now = 1000.0
    source._clock = lambda: now
    for password in ("old", "new", "newer"):
        stub.add_response("get_secret_value", rotated(password))
    source.database(SECRET)
    assert [source.renewed_database(SECRET).password for _ in range(3)] == ["new"] * 3
    now += RENEW_SECONDS
    assert source.renewed_database(SECRET).password == "newer"
    stub.assert_no_pending_responses()


def test_a_login_that_cannot_be_read_again_is_the_last_known_one() -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", rotated("old"))
    stub.add_client_error("get_secret_value", "InternalServiceError")
    source.database(SECRET)
    assert source.renewed_database(SECRET).password == "old"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('{"zendesk": "abc", "old": "def"}', {"zendesk": "abc", "old": "def"}),
        ('["abc", "def"]', {"token-1": "abc", "token-2": "def"}),
        ("abc", {"token-1": "abc"}),
        ("1234567890", {"token-1": "1234567890"}),
        ('{"zendesk": "abc", "gone": "", "blank": " "}', {"zendesk": "abc"}),
        ('["", "def"]', {"token-2": "def"}),
        ("{}", {}),
        ("[]", {}),
        (" ", {}),
    ],
)
def test_the_agents_tokens_are_read_in_each_form_and_empty_ones_are_none(
    text: str, tokens: dict[str, str]
) -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": "stage/agent-tokens"})
    assert source.agent_tokens() == tokens


@pytest.mark.parametrize(
    "text", ['{"zendesk": "abc"', "[1, 2]", '{"zendesk": null}', '{"zendesk": {"a": "b"}}']
)
def test_tokens_that_cannot_be_understood_are_an_outage(text: str) -> None:
    source, stub = secrets()
    stub.add_response("get_secret_value", {"SecretString": text})
    with pytest.raises(Unavailable) as outage:
        source.agent_tokens()
    assert outage.value.dependency == "secrets"


def test_a_known_secret_serves_on_during_an_outage_and_is_rarely_asked() -> None:
    source, stub = secrets()
    now = 1000.0
    source._clock = lambda: now
    stub.add_response("get_secret_value", {"SecretString": "s3cret"})
    assert source.app_secret() == "s3cret"
    now += REMEMBERED_SECONDS
    stub.add_client_error("get_secret_value", "InternalServiceError")
    assert source.app_secret() == "s3cret"
    assert source.app_secret() == "s3cret"  # the stub would fail a second call
    now += 31
    stub.add_response("get_secret_value", {"SecretString": "rotated"})
    assert source.app_secret() == "rotated"
