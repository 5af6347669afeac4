"""The bedrock-agent operations on the one local knowledge base, its data source and its ingestion jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from devstack.bedrock.knowledge.ingestion_jobs import IngestionJobs, Job, described, summarised
from devstack.bedrock.wire.protocol import ServiceError

PARTITION = "arn:aws:bedrock:us-east-1:123456789012"
ROLE_ARN = "arn:aws:iam::123456789012:role/local-knowledge-base"
CHUNK_TOKENS, CHUNK_OVERLAP_PERCENT = 512, 10
DEFAULT_PAGE = 10
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class KnowledgeBase:
    """The knowledge base as the API describes it."""

    knowledge_base_id: str
    data_source_id: str
    bucket: str
    embedding_model: str
    jobs: IngestionJobs
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def require(self, parameters: Parameters) -> None:
        """Refuse any other id or ARN. Raises: ServiceError (ResourceNotFoundException)."""
        knowledge_base = str(parameters["knowledgeBaseId"]).rpartition("/")[2]
        if knowledge_base != self.knowledge_base_id:
            raise ServiceError(
                "ResourceNotFoundException", f"Knowledge Base with id {knowledge_base} does not exist."
            )
        data_source = parameters.get("dataSourceId", self.data_source_id)
        if data_source != self.data_source_id:
            raise ServiceError("ResourceNotFoundException", f"DataSource with id {data_source} is not found.")

    def list_knowledge_bases(self, parameters: Parameters) -> dict[str, Any]:
        page, token = _page([self._summary()], parameters, "knowledgeBaseId")
        return {"knowledgeBaseSummaries": page, **token}

    def get_knowledge_base(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        model = f"arn:aws:bedrock:us-east-1::foundation-model/{self.embedding_model}"
        return {
            "knowledgeBase": {
                **self._summary(),
                "knowledgeBaseArn": f"{PARTITION}:knowledge-base/{self.knowledge_base_id}",
                "roleArn": ROLE_ARN,
                "knowledgeBaseConfiguration": {
                    "type": "VECTOR",
                    "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model},
                },
                "createdAt": self.created_at,
            }
        }

    def list_data_sources(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        page, token = _page([self._data_source()], parameters, "dataSourceId")
        return {"dataSourceSummaries": page, **token}

    def get_data_source(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        chunking = {
            "chunkingStrategy": "FIXED_SIZE",
            "fixedSizeChunkingConfiguration": {
                "maxTokens": CHUNK_TOKENS,
                "overlapPercentage": CHUNK_OVERLAP_PERCENT,
            },
        }
        bucket = {"type": "S3", "s3Configuration": {"bucketArn": f"arn:aws:s3:::{self.bucket}"}}
        return {
            "dataSource": {
                **self._data_source(),
                "dataSourceConfiguration": bucket,
                "vectorIngestionConfiguration": {"chunkingConfiguration": chunking},
                "dataDeletionPolicy": "DELETE",
                "createdAt": self.created_at,
            }
        }

    def start_ingestion_job(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        job = self.jobs.start(parameters.get("description"), parameters.get("clientToken"))
        return {"ingestionJob": described(job, self._names())}

    def get_ingestion_job(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        return {"ingestionJob": described(self.jobs.get(parameters["ingestionJobId"]), self._names())}

    def stop_ingestion_job(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        return {"ingestionJob": described(self.jobs.stop(parameters["ingestionJobId"]), self._names())}

    def list_ingestion_jobs(self, parameters: Parameters) -> dict[str, Any]:
        self.require(parameters)
        wanted = [status for each in parameters.get("filters", []) for status in each["values"]]
        jobs = [job for job in self.jobs.newest_first() if not wanted or job.status in wanted]
        summaries = [summarised(job, self._names()) for job in _sorted(jobs, parameters.get("sortBy"))]
        page, token = _page(summaries, parameters, "ingestionJobId")
        return {"ingestionJobSummaries": page, **token}

    def _names(self) -> dict[str, str]:
        return {"knowledgeBaseId": self.knowledge_base_id, "dataSourceId": self.data_source_id}

    def _summary(self) -> dict[str, Any]:
        return {
            "knowledgeBaseId": self.knowledge_base_id,
            "name": "local-knowledge-base",
            "description": "The local stand-in's knowledge base",
            "status": "ACTIVE",
            "updatedAt": self.created_at,
        }

    def _data_source(self) -> dict[str, Any]:
        named = {**self._names(), "name": "local-documents", "description": "The local bucket"}
        return {**named, "status": "AVAILABLE", "updatedAt": self.created_at}


def _sorted(jobs: Sequence[Job], sort_by: Mapping[str, str] | None) -> list[Job]:
    """Sort jobs that come newest first."""
    if sort_by is None:
        return list(jobs)
    by_status = sort_by["attribute"] == "STATUS"
    descending = sort_by["order"] == "DESCENDING"
    return sorted(
        jobs, key=lambda job: job.status if by_status else job.started_at.isoformat(), reverse=descending
    )


def _page(
    items: Sequence[dict[str, Any]], parameters: Parameters, id_name: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return one page, and the token of the next: the id of the last item shown."""
    start = 0
    if token := parameters.get("nextToken"):
        start = next((place for place, item in enumerate(items, 1) if item[id_name] == token), 0)
        if not start:
            raise ServiceError("ValidationException", "The provided nextToken is not valid.")
    page = list(items[start : start + parameters.get("maxResults", DEFAULT_PAGE)])
    is_last = start + len(page) >= len(items)
    return page, {} if is_last or not page else {"nextToken": page[-1][id_name]}
