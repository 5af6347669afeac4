"""The stand-ins for AWS, started and filled: Postgres, moto, the Bedrock stand-in."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from chalicelib.stores.migrate import apply_migrations
from devstack.aws.clients import AwsClients
from devstack.aws.documents_mirror import DocumentsMirror
from devstack.aws.local_secrets import load_or_create_secrets
from devstack.aws.moto_bucket import MotoBucket, VersionedRemovals
from devstack.aws.server import AwsServer
from devstack.bedrock.app import BedrockConfig, BedrockStandIn
from devstack.bedrock.search import languages
from devstack.bedrock.search.embeddings import Embedder, OpenAiEmbedder
from devstack.bedrock.search.local_embedder import LocalEmbedder
from devstack.postgres.server import LocalPostgres
from devstack.postgres.watch import PostgresWatch
from devstack.provision import (
    IngestionOutcome,
    announce_changes,
    create_documents,
    create_queues,
    create_secrets,
    create_tables,
    ingest_documents,
    load_sample_customers,
    verify_sender,
)
from devstack.stage import LocalStage
from devstack.stop_request import StopRequest
from tooling import environment
from tooling.environment import ModelEndpoints
from tooling.template import Template

Say = Callable[[str], None]


class Stack:
    """Everything that the app needs, running until `resources` is closed."""

    def __init__(
        self,
        data_dir: Path,
        stage: LocalStage,
        models: ModelEndpoints,
        resources: ExitStack,
        stop: StopRequest,
        say: Say,
    ) -> None:
        self._data_dir = data_dir
        self._stage = stage
        self._models = models
        self._resources = resources
        self._stop = stop
        self._say = say

    def start(self, aws_port: int) -> None:
        """Start and fill the stand-ins.

        Raises CommandError, StopRequested.
        """
        _log_to(self._data_dir / "logs" / "stack.log")
        self._start_postgres()
        self._start_aws(aws_port)
        self._provision()
        self._ingest()

    def find_dead(self) -> str | None:
        """Return the name of a stand-in that has stopped and that the app cannot do without."""
        return None if self._aws.is_running() else "the AWS endpoint"

    def watch_postgres(self) -> None:
        """Start Postgres again when it has stopped; the rest keeps running meanwhile."""
        self._watch.look()

    def _start_postgres(self) -> None:
        self._postgres = LocalPostgres(self._data_dir / "postgres", self._say)
        self._resources.callback(self._postgres.close)
        self._watch = PostgresWatch(self._postgres, self._say)
        applied = apply_migrations(self._postgres.address, self._postgres.reader)
        inserted = load_sample_customers(self._postgres.address)
        done = [f"migrations applied: {len(applied)}"] * bool(applied)
        self._say(", ".join(["Postgres", *done, *[f"{inserted} sample customers added"] * bool(inserted)]))
        self._stop.check()

    def _start_aws(self, port: int) -> None:
        # Otherwise moto lets any web page read its answers.
        environment.of_this_process()["MOTO_DISABLE_GLOBAL_CORS"] = "true"
        lock = threading.RLock()
        bucket = MotoBucket(self._stage.documents_bucket, lock)
        self._template = Template()
        languages.warm_up()
        stand_in = BedrockStandIn(self._bedrock_config(), bucket)
        self._resources.callback(stand_in.close)
        self._mirror = DocumentsMirror(self._data_dir / "documents", bucket)
        self._removals = VersionedRemovals(self._stage.documents_bucket)
        self._aws = AwsServer(port, stand_in, lock, self._objects_changed)
        self._resources.callback(self._aws.close)

    def _objects_changed(self) -> None:
        self._mirror.update()
        self._removals.update()

    def _bedrock_config(self) -> BedrockConfig:
        return BedrockConfig(
            index_path=self._data_dir / "index.sqlite",
            bucket=self._stage.documents_bucket,
            knowledge_base_id=self._stage.knowledge_base_id,
            data_source_id=self._stage.data_source_id,
            guardrail_id=self._stage.guardrail_id,
            guardrail_definition=self._template.guardrail(),
            mail_folder=mail_folder(self._data_dir),
            llm_url=self._models.llm_url,
            llm_model=self._models.llm_model,
            llm_api_key=self._models.llm_api_key,
            embedder=_embedder(self._models),
        )

    def _provision(self) -> None:
        self._clients = AwsClients(self._aws.url, self._stage)
        create_tables(self._clients, self._stage, self._template)
        secrets = load_or_create_secrets(self._data_dir / "secrets.json")
        create_secrets(self._clients, self._stage, secrets, self._postgres.address, self._postgres.reader)
        create_documents(self._clients, self._stage, self._mirror)
        create_queues(self._clients, self._template)
        announce_changes(self._clients, self._stage)
        verify_sender(self._clients, self._stage)
        self._say("AWS stand-ins: tables, secrets, queues, documents bucket")
        self._stop.check()

    def _ingest(self) -> None:
        outcome: IngestionOutcome = ingest_documents(self._clients, self._stage, self._stop.pause)
        self._say(f"Knowledge base: {outcome.scanned} documents")
        for failure in outcome.failures:
            self._say(f"  not ingested: {failure}")


def mail_folder(data_dir: Path) -> Path:
    """Return where the mails lie."""
    return data_dir / "mail"


def _embedder(models: ModelEndpoints) -> Embedder:
    if models.embed_url and models.embed_model:
        return OpenAiEmbedder(models.embed_url, models.embed_model)
    embedder = LocalEmbedder()
    embedder.warm_up()
    return embedder


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path,
        filemode="w",
        encoding="utf-8",
        level=logging.WARNING,
        format="%(asctime)s %(name)s %(message)s",
    )
