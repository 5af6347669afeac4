"""What agents get back about the knowledge base: our types as the JSON that the API promises."""

from typing import TYPE_CHECKING

from chalicelib.domain.ingestion import IngestionJob, SyncRequest, SyncStatus
from chalicelib.times import iso

if TYPE_CHECKING:
    from chalicelib.api.answers import knowledge_base as answers


def sync_requested(request: SyncRequest) -> "answers.SyncRequested":
    """Return the answer of POST /kb/sync; without a job of its own the request waits for the next one."""
    if request.job_id:
        return {"status": "started", "job_id": request.job_id}
    if request.paused_until:
        message = (
            "The vector store is being changed. The sync starts by itself once that is done, "
            f"at the latest at {iso(request.paused_until)}."
        )
        return {"status": "queued", "message": message}
    return {"status": "queued"}


def sync_status(status: SyncStatus) -> "answers.SyncStatus":
    """Return the answer of GET /kb/sync."""
    return {
        "pending": status.pending,
        "last_change_at": iso(status.last_change_at) if status.last_change_at else None,
        "last_error": status.last_error,
        "paused_until": iso(status.paused_until) if status.paused_until else None,
        "jobs": [_job(job) for job in status.jobs],
    }


def _job(job: IngestionJob) -> "answers.Job":
    done = job.statistics
    return {
        "job_id": job.job_id,
        "status": job.status,
        "started_at": iso(job.started_at),
        "ended_at": iso(job.ended_at) if job.ended_at else None,
        "trigger": job.trigger,
        "statistics": {
            "scanned": done.scanned,
            "new": done.new,
            "modified": done.modified,
            "deleted": done.deleted,
            "failed": done.failed,
        },
        "failures": [{"file": each.file, "reason": each.reason} for each in job.failures],
    }
