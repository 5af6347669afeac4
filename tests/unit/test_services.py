"""The wiring: everything built from the settings, once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.config import Config

from chalicelib import services as wiring
from chalicelib.errors import InvalidSettings, Unavailable
from chalicelib.gateways.aws import make_client
from chalicelib.gateways.customers_function import CustomersFunction
from chalicelib.settings import read_settings
from tooling.project import ROOT

CONFIG = ROOT / ".chalice" / "config.json"


def build() -> wiring.Services:
    """Build the services of the environment, as the first request does."""
    return wiring.Services(read_settings())


@pytest.fixture
def local_stage(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables of stage `local`."""
    variables = json.loads(CONFIG.read_text("utf-8"))["stages"]["local"]["environment_variables"]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    for table, bare_name in wiring.BARE_NAMES.items():
        table.Meta.table_name = bare_name


def test_the_local_stage_has_all_settings_it_needs(local_stage: pytest.MonkeyPatch) -> None:
    services = build()
    assert services.settings.stage == "local"
    assert services.settings.bedrock_model_ids == ("local-extractive",)
    assert services.settings.model_prices == {"local-": (0, 0)}
    assert services.chat.options.passages_per_question == 5


def test_requests_that_come_first_at_once_share_one_build(local_stage: pytest.MonkeyPatch) -> None:
    services = build()
    with ThreadPoolExecutor(16) as pool:
        built = list(pool.map(lambda _: services.chat, range(16)))
    assert len({id(chat) for chat in built}) == 1


def test_what_could_not_be_built_is_tried_again() -> None:
    failures = [InvalidSettings("STAGE: missing")]

    @wiring.once
    def build() -> object:
        if failures:
            raise failures.pop()
        return object()

    with pytest.raises(InvalidSettings):
        build()
    assert build() is build()


def test_a_stages_suffix_is_on_each_table_however_often_it_is_built(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("TABLE_SUFFIX", "-dev")
    for _ in range(2):
        wiring.Services(read_settings())
    assert sorted({table.Meta.table_name for table in wiring.TABLES}) == [
        "customer-interactions-dev",
        "customer-support-conversations-dev",
        "support-events-dev",
        "support-insights-dev",
        "support-state-dev",
        "support-tickets-dev",
    ]


def test_a_missing_setting_is_named_at_the_first_request(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.delenv("KNOWLEDGE_BASE_ID")
    with pytest.raises(InvalidSettings, match="KNOWLEDGE_BASE_ID"):
        wiring.services()


def test_a_function_builds_only_what_it_uses(
    local_stage: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    local_stage.setattr(wiring, "make_client", lambda service, _: made.append(service))
    services = build()
    assert services.agent_tokens is services.agent_tokens
    assert made == ["secretsmanager"]


@pytest.fixture
def built(local_stage: pytest.MonkeyPatch) -> Iterator[wiring.Services]:
    """The services of this container, with calls that are made at once."""
    services = build()
    local_stage.setattr(wiring, "services", lambda: services)
    yield services
    services.threads.calls.shutdown()


def test_outside_of_lambda_nothing_is_warmed_up(
    built: wiring.Services, local_stage: pytest.MonkeyPatch
) -> None:
    local_stage.setattr(wiring, "make_client", None)
    wiring.warm_up(None)
    wiring.warm_up("app.migrate")


def test_outside_of_lambda_no_settings_are_read_before_they_are_needed(
    local_stage: pytest.MonkeyPatch,
) -> None:
    local_stage.setattr(wiring, "services", None)
    wiring.warm_up(None)


def test_a_function_is_warmed_up_with_what_its_first_event_needs(
    built: wiring.Services, local_stage: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def note(service: str, config: Config) -> object:
        made.append(service)
        return make_client(service, config)

    local_stage.delenv("AWS_ENDPOINT_URL")
    local_stage.setattr(wiring, "make_client", note)
    wiring.warm_up("app.agent")
    assert made == ["secretsmanager"]
    wiring.warm_up("app.documents_changed")
    assert made == ["secretsmanager", "bedrock-agent"]
    wiring.warm_up("app.app")
    needed = {"bedrock-runtime", "bedrock-agent-runtime", "comprehend"}
    assert needed < set(made)
    assert len(made) == len(set(made)), "none is made twice"


def test_what_is_missing_or_out_of_reach_does_not_stop_a_start(
    local_stage: pytest.MonkeyPatch,
) -> None:
    built = build()
    local_stage.setattr(wiring, "services", lambda: built)
    wiring.warm_up("app.agent")  # there is no such secret
    built.threads.calls.shutdown()

    def unset() -> wiring.Services:
        raise InvalidSettings("STAGE: is missing")

    local_stage.setattr(wiring, "services", unset)
    wiring.warm_up("app.app")


def test_what_is_read_of_awss_services_is_read_once() -> None:
    first, second = botocore.session.Session(), botocore.session.Session()
    assert first.get_component("data_loader") is second.get_component("data_loader")


def test_without_a_database_the_app_works_and_nobody_is_known(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.delenv("DATABASE_SECRET_ID")
    services = build()
    assert services.customers.by_external_id("CUST-1001") is None
    assert services.tickets.lookups.customers is services.customers
    assert not services.tickets.knows_customers
    with pytest.raises(InvalidSettings, match=r"DATABASE_URL or DATABASE_SECRET_ID"):
        services.database_users()
    with pytest.raises(InvalidSettings, match=r"DATABASE_URL or DATABASE_SECRET_ID"):
        services.find_customer({})


def test_an_outage_of_postgres_is_logged_where_it_happens(
    local_stage: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    local_stage.setenv("DATABASE_URL", "postgresql://ada:lovelace@127.0.0.1:1/support?sslmode=disable")
    with pytest.raises(Unavailable):
        build().find_customer({})
    (line,) = (vars(record) for record in caplog.records)
    assert (line["message"], line["without"], line["cause"]) == ("degraded", "customer", "OperationalError")


def test_customers_are_asked_of_the_function_that_is_named(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("CUSTOMERS_FUNCTION", "customer-support-dev-customers")
    services = build()
    assert isinstance(services.customer_source, CustomersFunction)
    assert services.tickets.knows_customers


def test_postgres_is_not_loaded_where_a_function_reads_customers(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("CUSTOMERS_FUNCTION", "customer-support-dev-customers")
    program = (
        "import sys; from chalicelib.services import services; built = services()\n"
        "built.chat, built.intake, built.tickets, built.health\n"
        "print(*{'psycopg2'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_database_url_wins_over_the_secret(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("DATABASE_URL", "postgresql://ada:lovelace@db.example.com:6543/support")
    local_stage.delenv("DATABASE_OWNER_SECRET_ID")
    owner, address = build().database_users()
    assert (address.host, address.port, address.username) == ("db.example.com", 6543, "ada")
    assert owner == address, "who has one user for all migrates with that one"
    assert address.tls_roots is None, "stage local has DATABASE_TLS off"


def test_outside_local_tls_is_verified(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("DATABASE_URL", "postgresql://ada:lovelace@db.example.com/support")
    local_stage.delenv("DATABASE_TLS")
    local_stage.delenv("DATABASE_OWNER_SECRET_ID")
    tls_roots = build().database_users()[1].tls_roots
    assert tls_roots is not None
    assert Path(tls_roots).name == "amazon-rds.pem"


def test_where_rds_keeps_its_secret_the_settings_know_the_place(
    local_stage: pytest.MonkeyPatch,
) -> None:
    local_stage.delenv("AWS_ENDPOINT_URL")
    for secret_id, username in (("rds!db-1", "ada"), ("reader", "bob")):
        boto3.client("secretsmanager").create_secret(
            Name=secret_id, SecretString=json.dumps({"username": username, "password": f"of {username}"})
        )
    settings = {
        "OWNER_SECRET_ID": "rds!db-1",
        "SECRET_ID": "reader",
        "HOST": "db.example.com",
        "NAME": "care",
    }
    for name, value in settings.items():
        local_stage.setenv(f"DATABASE_{name}", value)
    owner, reader = build().database_users()
    for address, username in ((owner, "ada"), (reader, "bob")):
        assert (address.host, address.port, address.dbname) == ("db.example.com", 5432, "care")
        assert (address.username, address.password) == (username, f"of {username}")
