"""What the app finds in the stand-ins: tables, secrets, documents, customers."""

import json
import stat
import sys
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from chalicelib.domain.database import DatabaseAddress
from devstack.aws.clients import AwsClients
from devstack.aws.local_secrets import load_or_create_secrets
from devstack.provision import SAMPLE_CUSTOMERS, IngestionOutcome, ingest_documents, load_sample_customers
from devstack.stage import read_local_stage
from tests.product import Product, within
from tooling.environment import model_endpoints
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import read_config
from tooling.template import Template

STAGE = read_local_stage()
PAUSE_SECONDS = 5
JOB_SECONDS = 30


@pytest.fixture(scope="module")
def aws(stack: Product) -> AwsClients:
    return AwsClients(stack.aws_url, STAGE)


@pytest.fixture(scope="module")
def database(aws: AwsClients) -> DatabaseAddress:
    return address_in(aws, STAGE.database_owner_secret_id)


def address_in(aws: AwsClients, secret_id: str) -> DatabaseAddress:
    secret = json.loads(aws.secrets.get_secret_value(SecretId=secret_id)["SecretString"])
    assert secret.pop("engine") == "postgres"
    return DatabaseAddress(**secret)


def count(database: DatabaseAddress, table: str) -> int:
    session = psycopg2.connect(
        host=database.host,
        port=database.port,
        user=database.username,
        password=database.password,
        dbname=database.dbname,
    )
    with closing(session), session.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        (number,) = cursor.fetchone() or (0,)
        return int(number)


def test_the_local_tables_are_those_of_the_template(aws: AwsClients) -> None:
    assert set(aws.dynamodb.list_tables()["TableNames"]) == {table.name for table in Template().tables()}
    for table in Template().tables():
        described = aws.dynamodb.describe_table(TableName=table.name)["Table"]
        assert described["KeySchema"] == table.properties["KeySchema"]
        ttl = aws.dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "ttl")


def test_the_queue_of_tickets_is_where_the_app_and_senders_look_for_it(aws: AwsClients) -> None:
    variables = read_config(ROOT)["stages"]["local"]["environment_variables"]
    url = aws.sqs.get_queue_url(QueueName="support-tickets-intake")["QueueUrl"]
    attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["QueueArn"] == variables["INTAKE_QUEUE_ARN"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == f"{variables['INTAKE_QUEUE_ARN']}-dlq"
    assert redrive["maxReceiveCount"] == 5


def test_the_secrets_are_where_the_app_looks_for_them(aws: AwsClients, stack: Product) -> None:
    tokens = aws.secrets.get_secret_value(SecretId=STAGE.agent_tokens_secret_id)["SecretString"]
    assert json.loads(tokens) == {"Agent": "local-agent-token"}
    kept = json.loads((stack.data_dir / "secrets.json").read_text("utf-8"))
    app_secret = aws.secrets.get_secret_value(SecretId=STAGE.app_secret_id)["SecretString"]
    assert app_secret == kept["app_secret"]
    assert len(app_secret) >= 32


def test_the_sample_customers_and_their_orders_are_there(database: DatabaseAddress) -> None:
    samples = json.loads(SAMPLE_CUSTOMERS.read_text("utf-8"))
    assert count(database, "customers") == len(samples)
    assert count(database, "orders") == sum(len(customer["orders"]) for customer in samples)


def test_the_app_reads_them_as_a_user_who_owns_nothing(aws: AwsClients, database: DatabaseAddress) -> None:
    reader = address_in(aws, STAGE.database_secret_id)
    assert reader.username != database.username
    assert count(reader, "customers") == count(database, "customers")


def test_customers_that_are_there_already_stay_as_they_are(database: DatabaseAddress) -> None:
    assert load_sample_customers(database) == 0


def test_a_file_that_cannot_be_ingested_is_named_and_the_others_are(aws: AwsClients) -> None:
    aws.s3.put_object(Bucket=STAGE.documents_bucket, Key="broken.pdf", Body=b"not a PDF")
    try:
        outcome = ingest(aws)
        assert len(outcome.failures) == 1
        assert "broken.pdf" in outcome.failures[0]
        assert outcome.scanned > 20
    finally:
        aws.s3.delete_object(Bucket=STAGE.documents_bucket, Key="broken.pdf")
        ingest(aws)


def test_an_object_reaches_the_folder_before_its_upload_is_confirmed(aws: AwsClients, stack: Product) -> None:
    aws.s3.put_object(Bucket=STAGE.documents_bucket, Key="just-now.txt", Body=b"now")
    kept = stack.data_dir / "documents" / "just-now.txt"
    assert kept.read_bytes() == b"now"
    aws.s3.delete_object(Bucket=STAGE.documents_bucket, Key="just-now.txt")
    assert not kept.exists()


def test_the_secret_is_made_once_and_kept_from_other_accounts(tmp_path: Path) -> None:
    first = load_or_create_secrets(tmp_path / "secrets.json")
    assert load_or_create_secrets(tmp_path / "secrets.json") == first
    assert load_or_create_secrets(tmp_path / "others.json") != first
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"secrets.json", "others.json"}


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "{"])
def test_a_damaged_secrets_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(CommandError, match=r"secrets\.json is damaged"):
        load_or_create_secrets(tmp_path / "secrets.json")


def test_model_endpoints_come_from_the_environment_if_not_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCAL_LLM_URL", "http://127.0.0.1:11434/v1")
    monkeypatch.setenv("LOCAL_LLM_MODEL", "m")
    monkeypatch.setenv("LOCAL_EMBED_URL", "")
    models = model_endpoints()
    assert (models.llm_url, models.llm_model) == ("http://127.0.0.1:11434/v1", "m")
    assert models.embed_url is None


def ingest(aws: AwsClients) -> IngestionOutcome:
    """Run a job of our own, once those that the app starts for each change let us."""
    outcomes: list[IngestionOutcome] = []

    def run() -> bool:
        with suppress(aws.knowledge_bases.exceptions.ConflictException):
            outcomes.append(ingest_documents(aws, STAGE, wait))
        return bool(outcomes)

    assert within(JOB_SECONDS, run)
    return outcomes[0]


def wait(_seconds: float) -> None:
    """Give the job a moment."""
    within(PAUSE_SECONDS / 100, lambda: False)
