"""What agents get back about the knowledge base: our types as the JSON that the API promises."""

from dataclasses import asdict
from typing import Any

from chalicelib.domain.ingestion import IngestionJob, SyncStatus
from chalicelib.times import iso


def sync_requested(job_id: str | None) -> dict[str, Any]:
    """Return the answer of POST /kb/sync; without a job of its own the request waits for the next one."""
    return {"status": "started", "job_id": job_id} if job_id else {"status": "queued"}


def sync_status(status: SyncStatus) -> dict[str, Any]:
    """Return the answer of GET /kb/sync."""
    return {
        "pending": status.pending,
        "last_change_at": iso(status.last_change_at) if status.last_change_at else None,
        "last_error": status.last_error,
        "jobs": [_job(job) for job in status.jobs],
    }


def _job(job: IngestionJob) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "started_at": iso(job.started_at),
        "ended_at": iso(job.ended_at) if job.ended_at else None,
        "trigger": job.trigger,
        "statistics": asdict(job.statistics),
        "failures": [asdict(failure) for failure in job.failures],
    }
