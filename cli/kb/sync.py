"""The sync: requested and read at the app's `/kb/sync`, followed to its end, and described."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

import requests

from chalicelib.domain.ingestion import FileFailure, IngestionJob, IngestionStatistics, SyncStatus
from cli.display import Line, columns, local_time, printable
from tooling.errors import CommandError

TIMEOUT_SECONDS = 30
REFUSED = frozenset({401, 403})
COMPLETE = "COMPLETE"
LONGEST_SECONDS = 30 * 60
COUNTS = tuple(each.name for each in fields(IngestionStatistics))
SHOWN_JOBS = 10
ENDED_EARLY = frozenset({"JobFailed", "JobStopped"})


class SyncApi:
    """The app's routes for the sync; `hint` says what to do when nobody answers."""

    def __init__(self, url: str, token: str, hint: str, is_local: bool) -> None:
        self._url = f"{url.rstrip('/')}/kb/sync"
        self._hint = hint
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"
        # A proxy to the internet must not be used for a local address.
        self._http.trust_env = not is_local

    def status(self) -> SyncStatus:
        """Return the state of the sync. Raises CommandError."""
        answer = self._send("GET")
        try:
            return SyncStatus(
                pending=bool(answer["pending"]),
                last_change_at=_moment(answer["last_change_at"]),
                last_error=answer.get("last_error"),
                jobs=tuple(map(_job, answer["jobs"])),
                paused_until=_moment(answer.get("paused_until")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._unknown() from error

    def request(self) -> str | None:
        """Ask for a sync; return the job's id if it started at once. Raises CommandError."""
        answer = self._send("POST")
        if message := answer.get("message"):
            raise CommandError(printable(str(message)))
        job_id = answer.get("job_id")
        return str(job_id) if job_id else None

    def _send(self, method: str) -> dict[str, Any]:
        try:
            response = self._http.request(method, self._url, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise CommandError(f"The app does not answer at {self._url}. {self._hint}") from error
        if response.status_code in REFUSED:
            raise CommandError(f"The app at {self._url} refused the agent token.")
        try:
            answer = response.json()
        except ValueError as error:
            raise self._unknown() from error
        if not response.ok:
            problem = answer.get("error") or answer.get("Message") or answer.get("message") or ""
            raise CommandError(f"The app answered {response.status_code}: {problem}")
        return dict(answer)

    def _unknown(self) -> CommandError:
        return CommandError(f"What answers at {self._url} is not this app, or another version of it.")


def _job(job: dict[str, Any]) -> IngestionJob:
    started_at = _moment(job["started_at"])
    if started_at is None:
        raise ValueError("a job without a start")
    return IngestionJob(
        job_id=job["job_id"],
        status=job["status"],
        started_at=started_at,
        ended_at=_moment(job["ended_at"]),
        trigger=job["trigger"],
        statistics=IngestionStatistics(**{name: job["statistics"].get(name, 0) for name in COUNTS}),
        failures=tuple(FileFailure(failure["file"], failure["reason"]) for failure in job["failures"]),
    )


def _moment(text: str | None) -> datetime | None:
    # Python 3.10 does not read the Z that stands for UTC.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def run_sync(
    api: SyncApi, line: Line, poll_seconds: float, clock: Callable[[], float] = time.monotonic
) -> IngestionJob:
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
        time.sleep(poll_seconds)
    raise CommandError("The sync takes longer than half an hour; `kb status` shows how it goes on.")


def _covering(status: SyncStatus) -> str | None:
    """Return the job that covers every request so far: when nothing is pending, the newest one does."""
    return status.jobs[0].job_id if status.jobs and not status.pending else None


def _progress(job: IngestionJob | None, status: SyncStatus, seconds: float) -> str:
    if job is not None and not job.has_ended:
        return f"Sync {job.job_id}: {job.status.lower().replace('_', ' ')}, {seconds:.0f} s"
    reason = f" (the last try: {status.last_error})" if status.last_error else ""
    return f"Waiting for the sync to start, {seconds:.0f} s{reason}"


def describe_outcome(job: IngestionJob, before: Sequence[IngestionJob] = ()) -> str:
    """Return on one line how a job ended, and what it and those before it did together."""
    each = [other.statistics for other in (job, *before)]
    did = replace(
        job.statistics,
        new=sum(statistics.new for statistics in each),
        modified=sum(statistics.modified for statistics in each),
        deleted=sum(statistics.deleted for statistics in each),
    )
    counted = ", ".join(f"{count} {name}" for name, count in asdict(did).items())
    several = f", the last of {len(each)}" if before else ""
    return f"Sync {job.job_id} ended: {job.status}{several}; documents: {counted}"


def describe_added(job: IngestionJob, added: Collection[str], earlier: IngestionJob | None) -> list[str]:
    """Return what became of the documents just added, and what else fails now that did not `earlier`."""
    known = {failure.file for failure in earlier.failures if failure.file} if earlier else set()
    known -= set(added)
    missing = {failure.file for failure in job.failures} & set(added)
    indexed = len(added) - len(missing) if job.status == COMPLETE else 0
    again = sum(failure.file in known for failure in job.failures)
    lines = [f"Indexed: {indexed} of the {len(added)} added."] if added else []
    lines += describe_failures([failure for failure in job.failures if failure.file not in known])
    return lines + ([f"As before, {again} others cannot be indexed: see `kb status`."] if again else [])


def describe_failures(failures: Sequence[FileFailure]) -> list[str]:
    """Return a heading and a line for each file that could not be indexed, or nothing."""
    lines = [
        f"  {printable(failure.file or '(no file named)')}: {printable(failure.reason)}"
        for failure in failures
    ]
    return ["Not indexed:", *lines] if lines else []


def describe_status(status: SyncStatus) -> str:
    """Return what is pending, the last jobs, and what the newest one that ended could not index."""
    newest = newest_ended(status)
    lines = [_standing(status)]
    if status.jobs:
        header = ("JOB", "STATUS", "STARTED", "TOOK", "TRIGGER", *(name.upper() for name in COUNTS))
        lines.append(columns([header, *map(_row, status.jobs[:SHOWN_JOBS])]))
    return "\n".join([*lines, *(describe_failures(newest.failures) if newest else [])])


def newest_ended(status: SyncStatus) -> IngestionJob | None:
    """Return the newest job that has ended."""
    return next((job for job in status.jobs if job.has_ended), None)


def _standing(status: SyncStatus) -> str:
    running = any(not job.has_ended for job in status.jobs)
    if running:
        standing = "A sync is running" + (", and another one will follow" if status.pending else "")
    elif status.paused_until:
        standing = "No sync starts while the vector store is being changed"
    else:
        standing = "A sync is about to start" if status.pending else "Up to date"
    change = f"; last change {local_time(status.last_change_at)}" if status.last_change_at else ""
    return f"{standing}{change}{_trouble(status.last_error)}."


def _trouble(code: str | None) -> str:
    """Return what a code means: one of ours for a job that ended early, or AWS's for a refused start."""
    if code in ENDED_EARLY:
        return "; the last one did not finish, so it is done again"
    return f"; the last try to start one: {code}" if code else ""


def _row(job: IngestionJob) -> tuple[str, ...]:
    took = f"{(job.ended_at - job.started_at).total_seconds():.0f} s" if job.ended_at else ""
    counts = map(str, asdict(job.statistics).values())
    return (job.job_id, job.status, local_time(job.started_at), took, job.trigger, *counts)
