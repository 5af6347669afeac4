"""The life of ingestion jobs: one at a time, in a thread, with AWS's states."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from devstack.bedrock.controls import Fault
from devstack.bedrock.knowledge.ingestion import (
    MAX_REASON_CHARS,
    SOURCE_ERRORS,
    Ingestion,
    Progress,
    named_in_sentences,
)
from devstack.bedrock.search.embeddings import EmbeddingsUnavailable
from devstack.bedrock.wire.protocol import ServiceError

STARTING_SHARE = 0.1
RUNNING = frozenset({"STARTING", "IN_PROGRESS", "STOPPING"})
JOIN_SECONDS = 10.0
ONGOING = (
    "There is an ongoing ingestion job for this knowledge base. "
    "Please try again once all ongoing ingestion jobs are finished."
)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def new_id() -> str:
    """Return an id as Bedrock makes them: ten capitals and digits."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(10))


@dataclass
class Job:
    """An ingestion job; only its own thread and `IngestionJobs` change it."""

    job_id: str
    description: str | None
    client_token: str | None
    status: str = "STARTING"
    progress: Progress = field(default_factory=Progress)
    failure: str | None = None
    started_at: datetime = field(default_factory=_now)
    updated_at: datetime = field(default_factory=_now)
    stop_requested: threading.Event = field(default_factory=threading.Event)


class IngestionJobs:
    """Starts, stops and remembers the jobs of one data source, as long as the process runs."""

    def __init__(
        self, ingestion: Ingestion, duration_seconds: float, next_fault: Callable[[], Fault | None]
    ) -> None:
        """Run jobs of a duration, each with the fault that is on when it starts."""
        self._ingestion = ingestion
        self._duration_seconds = duration_seconds
        self._next_fault = next_fault
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def start(self, description: str | None, client_token: str | None) -> Job:
        """Start a job, or return the one that the token already started.

        Raises: ServiceError (ConflictException) while another one runs.
        """
        with self._lock:
            for job in self._jobs:
                if client_token is not None and job.client_token == client_token:
                    return job
            if self._is_closed or any(job.status in RUNNING for job in self._jobs):
                raise ServiceError("ConflictException", ONGOING)
            job = Job(new_id(), description, client_token)
            self._jobs.append(job)
            self._thread = threading.Thread(
                target=self._run, args=(job,), name=f"ingestion-{job.job_id}", daemon=True
            )
            self._thread.start()
            return job

    def get(self, job_id: str) -> Job:
        """Return a job. Raises: ServiceError (ResourceNotFoundException)."""
        with self._lock:
            for job in self._jobs:
                if job.job_id == job_id:
                    return job
        raise ServiceError("ResourceNotFoundException", f"Ingestion job with id {job_id} is not found.")

    def newest_first(self) -> list[Job]:
        """Return every job."""
        with self._lock:
            return self._jobs[::-1]

    def stop(self, job_id: str) -> Job:
        """Ask a running job to stop. Raises: ServiceError when there is none, or it has ended."""
        job = self.get(job_id)
        with self._lock:
            if job.status not in RUNNING:
                raise ServiceError("ConflictException", f"Ingestion job {job_id} has ended: {job.status}.")
            _move(job, "STOPPING")
            job.stop_requested.set()
        return job

    def close(self) -> None:
        """Stop the job that runs, and wait for it."""
        with self._lock:
            self._is_closed = True
            for job in self._jobs:
                job.stop_requested.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    def _run(self, job: Job) -> None:
        outcome = "FAILED"
        try:
            if not job.stop_requested.wait(self._duration_seconds * STARTING_SHARE):
                self._advance(job, "IN_PROGRESS")
                self._work(job)
            outcome = "STOPPED" if job.stop_requested.is_set() else "COMPLETE"
        except ServiceError as error:
            job.failure = str(error)
        except (EmbeddingsUnavailable, *SOURCE_ERRORS) as error:
            job.failure = f"{type(error).__name__}: {error}"
        finally:  # a bug must not leave a job that runs for ever
            with self._lock:
                _move(job, outcome)

    def _work(self, job: Job) -> None:
        """Index first and wait afterwards, so that a job sees nothing that came after its start.

        Raises: ServiceError when the fault says so, and nothing is indexed then.
        """
        fault = self._next_fault()
        if fault is None or fault.error is None:
            self._ingestion.run(job.progress, job.stop_requested.is_set)
        seconds = self._duration_seconds * (1 - STARTING_SHARE) + (fault.delay_seconds if fault else 0)
        if not job.stop_requested.wait(seconds) and fault and fault.error:
            raise ServiceError(fault.error, fault.message)

    def _advance(self, job: Job, status: str) -> None:
        with self._lock:
            if job.status != "STOPPING":
                _move(job, status)


def _move(job: Job, status: str) -> None:
    job.status = status
    job.updated_at = _now()


def described(job: Job, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a job as the API describes it; `names` holds the ids of its knowledge base and data source."""
    of_the_job = [job.failure[:MAX_REASON_CHARS]] if job.failure else []
    # A copy, since the job may still be adding to it.
    reasons = of_the_job + named_in_sentences(list(job.progress.ignored))
    return {**summarised(job, names), **({"failureReasons": reasons} if reasons else {})}


def summarised(job: Job, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a job as the API lists it."""
    summary = {
        **names,
        "ingestionJobId": job.job_id,
        "status": job.status,
        "statistics": job.progress.statistics(),
        "startedAt": job.started_at,
        "updatedAt": job.updated_at,
    }
    return {**summary, "description": job.description} if job.description else summary
