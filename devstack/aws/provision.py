"""Creates in the stand-ins what a deployment creates in AWS: tables, bucket, documents, secrets."""

import json
import mimetypes
from pathlib import Path

from mypy_boto3_s3.literals import EventType

from chalicelib.domain.database import DatabaseAddress
from devstack.aws.clients import AwsClients
from devstack.aws.documents_mirror import DocumentsMirror
from devstack.aws.local_secrets import LocalSecrets
from devstack.aws.object_events import queue_of
from devstack.stage import LocalStage
from tooling.project import ROOT
from tooling.template import TableDefinition, Template

OBJECT_EVENTS: tuple[EventType, ...] = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
SAMPLE_DOCUMENTS = ROOT / "samples" / "kb"


def create_tables(aws: AwsClients, stage: LocalStage, template: Template) -> None:
    """Create the tables that the template deploys, under their local names."""
    for table in template.tables():
        name = table.name + stage.table_suffix
        aws.dynamodb.create_table(TableName=name, **table.properties)
        _let_items_expire(aws, name, table)


def create_secrets(
    aws: AwsClients, stage: LocalStage, secrets: LocalSecrets, database: DatabaseAddress
) -> None:
    """Store the secrets under the ids that the app asks for."""
    values = {
        stage.app_secret_id: secrets.app_secret,
        stage.agent_tokens_secret_id: json.dumps(secrets.agent_tokens),
        stage.database_secret_id: json.dumps(_as_rds_writes_it(database)),
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


def announce_changes(aws: AwsClients, stage: LocalStage) -> None:
    """Let the bucket put an event in its queue for each object that is created or removed from now on."""
    url = aws.sqs.create_queue(QueueName=queue_of(stage.documents_bucket))["QueueUrl"]
    attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    aws.s3.put_bucket_notification_configuration(
        Bucket=stage.documents_bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": attributes["QueueArn"], "Events": OBJECT_EVENTS}]
        },
    )


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
