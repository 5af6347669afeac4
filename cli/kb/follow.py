"""Follows a sync until all that was in the bucket when it was asked for can be answered from."""

import time
from collections.abc import Callable

from cli.kb.display import Line
from cli.kb.sync_api import COMPLETE, Job, SyncApi, SyncStatus
from tooling.errors import CommandError

LONGEST_SECONDS = 30 * 60


def run_sync(
    api: SyncApi,
    line: Line,
    poll_seconds: float,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Job:
    """Ask for a sync and return the job that started after that, once it has ended.

    Raises CommandError when that takes half an hour.
    """
    began = clock()
    job_id = api.request()
    while (seconds := clock() - began) < LONGEST_SECONDS:
        status = api.status()
        job_id = job_id or _covering(status)
        job = next((job for job in status.jobs if job.job_id == job_id), None)
        if job is not None and job.has_ended:
            if job.status == COMPLETE or not status.pending:
                return job
            job_id = None  # it failed, and the app starts another one
        line.show(_progress(job, status, seconds))
        pause(poll_seconds)
    raise CommandError("The sync takes longer than half an hour; `kb status` shows how it goes on.")


def _covering(status: SyncStatus) -> str | None:
    """Return the job that covers every request so far: when nothing is pending, the newest one does."""
    return status.jobs[0].job_id if status.jobs and not status.pending else None


def _progress(job: Job | None, status: SyncStatus, seconds: float) -> str:
    if job is not None and not job.has_ended:
        return f"Sync {job.job_id}: {job.status.lower().replace('_', ' ')}, {seconds:.0f} s"
    reason = f" (the last try: {status.last_error})" if status.last_error else ""
    return f"Waiting for the sync to start, {seconds:.0f} s{reason}"
