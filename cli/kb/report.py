"""How a sync went, as lines for a person."""

from collections.abc import Iterable

from cli.kb.display import columns, human_size, local_time, printable
from cli.kb.documents import StoredDocument
from cli.kb.sync_api import Job, SyncStatus

COUNTS = ("scanned", "new", "modified", "deleted", "failed")
SHOWN_JOBS = 10
ENDED_EARLY = frozenset({"JobFailed", "JobStopped"})


def describe_documents(documents: Iterable[StoredDocument]) -> str:
    """Return a line for each document."""
    rows = [
        (each.key, human_size(each.size_bytes), local_time(each.changed_at), each.title) for each in documents
    ]
    if not rows:
        return "The bucket holds no documents. `kb add FILE` adds one."
    return columns([("KEY", "SIZE", "CHANGED", "TITLE"), *rows])


def describe_outcome(job: Job) -> str:
    """Return how a job ended, on one line."""
    counted = ", ".join(f"{job.statistics.get(name, 0)} {name}" for name in COUNTS)
    return f"Sync {job.job_id} ended: {job.status}; documents: {counted}"


def describe_failures(job: Job) -> list[str]:
    """Return a heading and a line for each file that a job could not index, or nothing."""
    lines = [
        f"  {printable(file or '(no file named)')}: {printable(reason)}" for file, reason in job.failures
    ]
    return ["Not indexed:", *lines] if lines else []


def describe_status(status: SyncStatus) -> str:
    """Return what is pending, the last jobs, and what the newest one that ended could not index."""
    newest = next((job for job in status.jobs if job.has_ended), None)
    lines = [_standing(status)]
    if status.jobs:
        header = ("JOB", "STATUS", "STARTED", "TOOK", "TRIGGER", *(name.upper() for name in COUNTS))
        lines.append(columns([header, *map(_row, status.jobs[:SHOWN_JOBS])]))
    return "\n".join([*lines, *(describe_failures(newest) if newest else [])])


def _standing(status: SyncStatus) -> str:
    running = any(not job.has_ended for job in status.jobs)
    if running:
        standing = "A sync is running" + (", and another one will follow" if status.pending else "")
    else:
        standing = "A sync is about to start" if status.pending else "Up to date"
    change = f"; last change {local_time(status.last_change_at)}" if status.last_change_at else ""
    return f"{standing}{change}{_trouble(status.last_error)}."


def _trouble(code: str | None) -> str:
    """Say what a code means: ours for a job that ended too early, AWS's for a refused start."""
    if code in ENDED_EARLY:
        return "; the last one did not finish, so it is done again"
    return f"; the last try to start one: {code}" if code else ""


def _row(job: Job) -> tuple[str, ...]:
    took = f"{(job.ended_at - job.started_at).total_seconds():.0f} s" if job.ended_at else ""
    counts = (str(job.statistics.get(name, 0)) for name in COUNTS)
    return (job.job_id, job.status, local_time(job.started_at), took, job.trigger, *counts)
