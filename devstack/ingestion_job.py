"""Starts an ingestion job, as a schedule or a person would on AWS, and follows it to its end."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.ingestion import FINAL_STATUSES
from chalicelib.gateways.failure_reasons import read_failures
from devstack.aws.clients import AwsClients
from devstack.stage import LocalStage
from tooling.errors import CommandError

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class IngestionOutcome:
    """What a finished job did; `failures` has a line for each file that could not be read."""

    scanned: int
    failures: tuple[str, ...]


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
