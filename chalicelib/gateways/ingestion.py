"""The ingestion jobs of a Bedrock knowledge base's data source."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from botocore.exceptions import ClientError

from chalicelib.answers import reading, require
from chalicelib.domain.ingestion import FINAL_STATUSES, IngestionJob, IngestionStatistics, SyncTrigger
from chalicelib.errors import (
    IngestionCallFailed,
    KnowledgeBaseBusy,
    Unavailable,
    UnknownIngestionJob,
    UnreadableAnswer,
)
from chalicelib.gateways.aws import AWS_ERRORS, calling, error_code
from chalicelib.gateways.failure_reasons import read_failures

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agent import AgentsforBedrockClient

DESCRIPTION = "customer-support: "
"""What the description of a job that this app starts begins with; its trigger follows."""
DOCUMENTS_IN_USE = "KnowledgeBaseDocuments"
"""The operation that Bedrock names when it refuses a job because documents are being changed directly."""


@dataclass(frozen=True)
class IngestionGateway:
    """Starts and looks up jobs; each call raises IngestionCallFailed when Bedrock does not do it."""

    client: "AgentsforBedrockClient"
    knowledge_base_id: str
    data_source_id: str

    def start(self, token: str, trigger: SyncTrigger) -> IngestionJob:
        """Start a job, or return the one that the same token has started before.

        `token` is 33–256 letters and digits. Raises KnowledgeBaseBusy, IngestionCallFailed.
        """
        with _calling():
            answer = self.client.start_ingestion_job(
                knowledgeBaseId=self.knowledge_base_id,
                dataSourceId=self.data_source_id,
                clientToken=token,
                description=DESCRIPTION + trigger,
            )
            return _job(answer["ingestionJob"])

    def get(self, job_id: str) -> IngestionJob:
        """Return a job with what failed in it. Raises UnknownIngestionJob, IngestionCallFailed."""
        with _calling():
            answer = self.client.get_ingestion_job(
                knowledgeBaseId=self.knowledge_base_id,
                dataSourceId=self.data_source_id,
                ingestionJobId=job_id,
            )
            return _job(answer["ingestionJob"])

    def newest(self, limit: int) -> tuple[IngestionJob, ...]:
        """Return the newest jobs, newest first, without what failed in them. Raises IngestionCallFailed."""
        with _calling():
            answer = self.client.list_ingestion_jobs(
                knowledgeBaseId=self.knowledge_base_id,
                dataSourceId=self.data_source_id,
                sortBy={"attribute": "STARTED_AT", "order": "DESCENDING"},
                maxResults=limit,
            )
            return tuple(map(_job, require(answer["ingestionJobSummaries"], list)))


def require_active(client: "AgentsforBedrockClient", knowledge_base_id: str) -> None:
    """Raise Unavailable unless a knowledge base can be used; costs nothing, since nothing is searched."""
    with calling("knowledge_base"):
        found = client.get_knowledge_base(knowledgeBaseId=knowledge_base_id)["knowledgeBase"]
        is_active = require(found["status"], str) == "ACTIVE"
    if not is_active:
        raise Unavailable("knowledge_base")


@contextmanager
def _calling() -> Iterator[None]:
    try:
        with reading("ingestion"):
            yield
    except (*AWS_ERRORS, UnreadableAnswer) as error:
        raise _failure(error) from error


def _failure(error: Exception) -> IngestionCallFailed:
    code = error_code(error)
    message = error.response.get("Error", {}).get("Message", "") if isinstance(error, ClientError) else ""
    if code == "ConflictException" or (code == "ValidationException" and DOCUMENTS_IN_USE in message):
        return KnowledgeBaseBusy(code)
    if code == "ResourceNotFoundException":
        return UnknownIngestionJob(code)
    return IngestionCallFailed(code)


def _job(described: Mapping[str, Any]) -> IngestionJob:
    status = require(described["status"], str)
    return IngestionJob(
        job_id=require(described["ingestionJobId"], str),
        status=status,
        started_at=described["startedAt"],
        ended_at=described["updatedAt"] if status in FINAL_STATUSES else None,
        trigger=_trigger(described.get("description", "")),
        statistics=_statistics(described.get("statistics", {})),
        failures=read_failures(described.get("failureReasons", ())),
    )


def _trigger(description: str) -> SyncTrigger:
    """Read the trigger from a job's description; a job without one was started in the console."""
    trigger = description.removeprefix(DESCRIPTION)
    is_ours = trigger != description and trigger in get_args(SyncTrigger)
    return cast("SyncTrigger", trigger) if is_ours else "console"


def _statistics(counts: Mapping[str, int]) -> IngestionStatistics:
    return IngestionStatistics(
        scanned=counts.get("numberOfDocumentsScanned", 0),
        new=counts.get("numberOfNewDocumentsIndexed", 0),
        modified=counts.get("numberOfModifiedDocumentsIndexed", 0)
        + counts.get("numberOfMetadataDocumentsModified", 0),
        deleted=counts.get("numberOfDocumentsDeleted", 0),
        failed=counts.get("numberOfDocumentsFailed", 0),
    )
