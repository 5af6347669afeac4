"""Fills the stand-ins with what a deployment and a team bring: tables, secrets, documents, customers."""

import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import psycopg2
from mypy_boto3_s3.literals import EventType
from mypy_boto3_sqs.literals import QueueAttributeNameType
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from chalicelib.domain.database import DatabaseAddress
from chalicelib.domain.ingestion import FINAL_STATUSES
from chalicelib.gateways.failure_reasons import read_failures
from chalicelib.stores.database import connection_parameters
from devstack.aws.clients import AwsClients
from devstack.aws.documents_mirror import DocumentsMirror
from devstack.aws.local_secrets import LocalSecrets
from devstack.aws.object_events import queue_of
from devstack.stage import LocalStage
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.template import TableDefinition, Template

OBJECT_EVENTS: tuple[EventType, ...] = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
SAMPLE_DOCUMENTS = ROOT / "samples" / "kb"
POLL_SECONDS = 0.1
VISIBILITY_SECONDS = 2
"""After how long a message that failed comes again: on AWS minutes, but a developer is waiting."""
SAMPLE_CUSTOMERS = ROOT / "samples" / "customers.json"
CUSTOMER_COLUMNS = ("external_id", "name", "email", "company", "tier", "lifetime_value", "created_at")
ORDER_COLUMNS = ("order_number", "order_date", "status", "total_amount", "currency", "items")


QueueAttributes = dict[QueueAttributeNameType, str]


@dataclass(frozen=True)
class IngestionOutcome:
    """What a finished job did; `failures` has a line for each file that could not be read."""

    scanned: int
    failures: tuple[str, ...]


def create_tables(aws: AwsClients, stage: LocalStage, template: Template) -> None:
    """Create the tables that the template deploys, under their local names."""
    for table in template.tables():
        name = table.name + stage.table_suffix
        aws.dynamodb.create_table(TableName=name, **table.properties)
        _let_items_expire(aws, name, table)


def create_queues(aws: AwsClients, template: Template) -> None:
    """Create the queues that the template deploys, under their bare names."""
    arns: dict[str | None, str] = {}
    for queue in sorted(template.queues(), key=lambda queue: queue.dead_letters is not None):
        attributes: QueueAttributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        if queue.dead_letters:
            redrive = {"deadLetterTargetArn": arns[queue.dead_letters], "maxReceiveCount": queue.max_receives}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        arns[queue.name] = _create_queue(aws, queue.name, attributes)


def create_secrets(
    aws: AwsClients,
    stage: LocalStage,
    secrets: LocalSecrets,
    owner: DatabaseAddress,
    reader: DatabaseAddress,
) -> None:
    """Store the secrets under the ids that the app asks for."""
    values = {
        stage.app_secret_id: secrets.app_secret,
        stage.agent_tokens_secret_id: json.dumps(secrets.agent_tokens),
        stage.webhooks_secret_id: "[]",
        stage.database_secret_id: json.dumps(_as_rds_writes_it(reader)),
        stage.database_owner_secret_id: json.dumps(_as_rds_writes_it(owner)),
    }
    for secret_id, value in values.items():
        aws.secrets.create_secret(Name=secret_id, SecretString=value)


def create_documents(aws: AwsClients, stage: LocalStage, mirror: DocumentsMirror) -> int:
    """Create the bucket with what the last run left in it, at first the samples; return how many."""
    aws.s3.create_bucket(Bucket=stage.documents_bucket)
    documents = list(mirror.saved()) if mirror.exists() else _samples()
    for key, path in documents:
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        aws.s3.put_object(Bucket=stage.documents_bucket, Key=key, Body=path.read_bytes(), ContentType=kind)
    mirror.begin()
    return len(documents)


def verify_sender(aws: AwsClients, stage: LocalStage) -> None:
    """Let mails be sent from the stage's address, if it has one."""
    if address := parseaddr(stage.mail_from)[1]:
        aws.mails.create_email_identity(EmailIdentity=address)


def announce_changes(aws: AwsClients, stage: LocalStage) -> None:
    """Let the bucket put an event in its queue for each object that is created or removed from now on."""
    arn = _create_queue(aws, queue_of(stage.documents_bucket), {})
    aws.s3.put_bucket_notification_configuration(
        Bucket=stage.documents_bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": OBJECT_EVENTS}]},
    )


def ingest_documents(aws: AwsClients, stage: LocalStage, pause: Callable[[float], None]) -> IngestionOutcome:
    """Run one ingestion job; `pause` waits some seconds and may raise to give up.

    Raises CommandError when the job fails as a whole.
    """
    where = {"knowledgeBaseId": stage.knowledge_base_id, "dataSourceId": stage.data_source_id}
    job = aws.knowledge_bases.start_ingestion_job(**where)["ingestionJob"]
    while job["status"] not in FINAL_STATUSES:
        pause(POLL_SECONDS)
        job = aws.knowledge_bases.get_ingestion_job(**where, ingestionJobId=job["ingestionJobId"])[
            "ingestionJob"
        ]
    failures = tuple(
        f"{failure.file}: {failure.reason}" if failure.file else failure.reason
        for failure in read_failures(job.get("failureReasons", ()))
    )
    if job["status"] != "COMPLETE":
        raise CommandError(f"The documents were not ingested ({job['status']}): {'; '.join(failures)}")
    statistics = job.get("statistics", {})
    return IngestionOutcome(scanned=statistics.get("numberOfDocumentsScanned", 0), failures=failures)


def load_sample_customers(database: DatabaseAddress, path: Path = SAMPLE_CUSTOMERS) -> int:
    """Insert the samples unless there are customers already; return how many were inserted.

    All or none of them, and once only, also when two runs begin at the same moment.
    """
    customers: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    connection = psycopg2.connect(**connection_parameters(database))
    try:
        with connection, connection.cursor() as statements:
            # Readers are not blocked; another run waits here until this one is done.
            statements.execute("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
            statements.execute("SELECT EXISTS (SELECT FROM customers)")
            if statements.fetchone() == (True,):
                return 0
            for customer in customers:
                _insert(statements, customer)
    finally:
        connection.close()
    return len(customers)


def _create_queue(aws: AwsClients, name: str, attributes: QueueAttributes) -> str:
    url = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _as_rds_writes_it(database: DatabaseAddress) -> dict[str, object]:
    return {
        "engine": "postgres",
        "host": database.host,
        "port": database.port,
        "username": database.username,
        "password": database.password,
        "dbname": database.dbname,
    }


def _samples() -> list[tuple[str, Path]]:
    files = sorted(path for path in SAMPLE_DOCUMENTS.rglob("*") if path.is_file())
    return [(path.relative_to(SAMPLE_DOCUMENTS).as_posix(), path) for path in files]


def _let_items_expire(aws: AwsClients, name: str, table: TableDefinition) -> None:
    if table.ttl_attribute is not None:
        aws.dynamodb.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )


def _insert(statements: cursor, customer: Mapping[str, Any]) -> None:
    statements.execute(
        "INSERT INTO customers (external_id, name, email, company, tier, lifetime_value, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING customer_id",
        [customer[column] for column in CUSTOMER_COLUMNS],
    )
    (customer_id,) = statements.fetchone() or (None,)
    orders = [(customer_id, *(order[column] for column in ORDER_COLUMNS)) for order in customer["orders"]]
    execute_values(
        statements,
        "INSERT INTO orders (customer_id, order_number, order_date, status, total_amount, currency, items)"
        " VALUES %s",
        orders,
    )
