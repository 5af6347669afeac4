"""What agents get back about the knowledge base."""

from typing import Literal

from typing_extensions import NotRequired, TypedDict

from chalicelib.api.answers.common import Count, Time
from chalicelib.domain.ingestion import SyncTrigger


class SyncRequested(TypedDict):
    """That the knowledge base will catch up with the documents."""

    status: Literal["started", "queued"]
    """`queued` while another job runs, or none may start: then one follows."""
    job_id: NotRequired[str]
    """Of the job that was started."""
    message: NotRequired[str]
    """Why none may start: the vector store is being changed."""


class JobStatistics(TypedDict):
    """What a job did, in documents."""

    scanned: Count
    new: Count
    modified: Count
    """Also those whose sidecar changed."""
    deleted: Count
    failed: Count


class FailedFile(TypedDict):
    """A document that could not be indexed."""

    file: str | None
    """Its key in the bucket; null where Bedrock names none."""
    reason: str


class Job(TypedDict):
    """One run over the documents."""

    job_id: str
    status: str
    """Bedrock's: `STARTING`, `IN_PROGRESS`, `COMPLETE`, `FAILED`, `STOPPING` or `STOPPED`."""
    started_at: Time
    ended_at: Time | None
    trigger: SyncTrigger
    """What asked for it."""
    statistics: JobStatistics
    failures: list[FailedFile]


class SyncStatus(TypedDict):
    """How the knowledge base stands to the documents."""

    pending: bool
    """Whether there are changes that no job covers yet."""
    last_change_at: Time | None
    last_error: str | None
    """Why the last start failed: AWS's code."""
    paused_until: Time | None
    """Until when no job starts at the latest, while the vector store is being changed."""
    jobs: list[Job]
    """The last 20, newest first."""
