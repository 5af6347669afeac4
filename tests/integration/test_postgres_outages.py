"""Tickets while the product's Postgres breaks: kept, answered in time, and whole again without a restart."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection

from chalicelib.domain.database import DatabaseAddress
from chalicelib.gateways.secrets import RENEW_SECONDS
from chalicelib.stores.database import connection_parameters
from devstack.stage import read_local_stage
from tests.integration.conftest import Api
from tests.product import PostgresControl, Product, within

STAGE = read_local_stage()
AGENT = {"Authorization": "Bearer local-agent-token"}
TICKET = {
    "customer_external_id": "CUST-1004",
    "subject": "Where is my order?",
    "description": "It was to arrive last week.",
}
LONGEST_SECONDS = 5.0


@dataclass(frozen=True)
class Database:
    """The product's Postgres, and what its secret says of it."""

    control: PostgresControl
    address: DatabaseAddress
    secrets: Any

    def session(self) -> connection:
        """Return a connection of our own."""
        opened: connection = psycopg2.connect(**connection_parameters(self.address))
        return opened

    def execute(self, statement: str | sql.Composable, *parameters: object) -> None:
        """Execute a statement."""
        with closing(self.session()) as session, session, session.cursor() as cursor:
            cursor.execute(statement, parameters or None)

    def with_password(self, password: str) -> "Database":
        """Give the user another password and cut all connections; the secret keeps the old one."""
        user = sql.Identifier(self.address.username)
        self.execute(sql.SQL("ALTER USER {} PASSWORD %s").format(user), password)
        changed = replace(self, address=replace(self.address, password=password))
        changed.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return changed

    def tell_secret(self) -> None:
        """Bring the secret up to date."""
        text = self.secrets.get_secret_value(SecretId=STAGE.database_secret_id)["SecretString"]
        secret = {**json.loads(text), "password": self.address.password}
        self.secrets.put_secret_value(SecretId=STAGE.database_secret_id, SecretString=json.dumps(secret))


@pytest.fixture
def database(api: Api, product: Product) -> Iterator[Database]:
    """The product's Postgres, to be broken; at the end it is whole again."""
    secrets = api.aws("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=STAGE.database_secret_id)["SecretString"])
    secret.pop("engine")
    control = PostgresControl(product.data_dir / "postgres")
    yield Database(control, DatabaseAddress(**secret), secrets)
    control.recover()


@pytest.fixture
def rotated(database: Database) -> Iterator[Database]:
    """The same with a new password, which the secret does not know yet."""
    changed = database.with_password("rotated")
    yield changed
    changed.with_password(database.address.password)
    database.tell_secret()
    time.sleep(RENEW_SECONDS)


@pytest.fixture
def post(api: Api) -> Callable[[], dict[str, Any]]:
    """Post a ticket, and insist on a good answer in time."""

    def post() -> dict[str, Any]:
        started = time.monotonic()
        response = api.send("POST", "/tickets", json=TICKET, headers=AGENT)
        assert time.monotonic() - started < LONGEST_SECONDS
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert answer["status"] == "received"
        assert answer["kb_suggestions"]
        return answer

    return post


def is_whole(answer: dict[str, Any]) -> bool:
    context = answer["customer_context"]
    return answer["degraded"] == [] and context is not None and context["total_orders"] == 7


def lacks_the_customer(answer: dict[str, Any]) -> bool:
    return answer["degraded"] == ["customer"] and answer["customer_context"] is None


def test_while_it_is_stopped_tickets_are_kept_and_afterwards_they_are_whole(
    api: Api, database: Database, post: Callable[[], dict[str, Any]]
) -> None:
    assert is_whole(post())
    database.control.stop()
    answer = post()
    assert lacks_the_customer(answer)
    assert lacks_the_customer(post())
    database.control.start()
    assert is_whole(post())
    kept = api.send("GET", f"/tickets/{answer['ticket_id']}/context", headers=AGENT)
    assert kept.status_code == 200, kept.text
    assert kept.json()["customer_context"]["external_id"] == "CUST-1004"


def test_a_restart_between_two_tickets_is_not_noticed(
    database: Database, post: Callable[[], dict[str, Any]]
) -> None:
    assert is_whole(post())
    database.control.stop()
    database.control.start()
    assert is_whole(post())


def test_a_query_that_takes_too_long_is_given_up(
    database: Database, post: Callable[[], dict[str, Any]]
) -> None:
    with closing(database.session()) as session, session.cursor() as cursor:
        cursor.execute("LOCK TABLE customers")
        assert lacks_the_customer(post())
    assert is_whole(post())


def test_a_database_that_hangs_is_given_up(database: Database, post: Callable[[], dict[str, Any]]) -> None:
    assert is_whole(post())
    database.control.hang()
    assert lacks_the_customer(post())  # over a connection that was open
    assert lacks_the_customer(post())  # over a new one
    database.control.recover()
    assert is_whole(post())


def test_a_refused_password_is_an_outage_until_the_secret_has_the_right_one(
    rotated: Database, post: Callable[[], dict[str, Any]]
) -> None:
    assert lacks_the_customer(post())
    rotated.tell_secret()
    time.sleep(RENEW_SECONDS)
    assert is_whole(post())


def test_a_rotation_is_not_noticed(rotated: Database, post: Callable[[], dict[str, Any]]) -> None:
    rotated.tell_secret()
    assert is_whole(post())


def test_the_chat_goes_on_and_deep_health_names_what_is_out(api: Api, database: Database) -> None:
    database.control.stop()
    assert api.ask("How do I reset my password?")["citations"]
    # What was found is remembered for ten seconds, and another test may just have looked.
    assert within(15, lambda: _health(api)["postgres"] == "unreachable")
    database.control.start()
    assert within(15, lambda: _health(api)["postgres"] == "ok")


def _health(api: Api) -> dict[str, str]:
    checks: dict[str, str] = api.send("GET", "/health?deep=1").json()["checks"]
    return checks
