"""Records how ingestion jobs ended, and requests again what a job of Bedrock's failed to do."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.event import Event
from chalicelib.domain.ingestion import FileFailure, IngestionJob, SyncState
from chalicelib.domain.protocols import IngestionJobs, SyncStateStore
from chalicelib.errors import UnknownIngestionJob
from chalicelib.sync.starts import back_off
from chalicelib.times import to_millis

if TYPE_CHECKING:
    from chalicelib.logs import SyncLogger

KEPT_JOBS = 20
SUBJECT = "knowledge-base"
TOLD_FAILURES = 20
"""How many files an event names; GET /kb/sync has the others."""
LOST_AFTER = timedelta(minutes=2)
"""A job that has only just been started may not be known everywhere yet."""
LONGEST_WAIT_AFTER_FAILURE = timedelta(minutes=15)
"""Longer than after a refused start: each failed job may have cost something."""
LOST = FileFailure(None, "Bedrock does not know this job any more.")


@dataclass(frozen=True)
class SyncOutcomes:
    """Looks at jobs and records each outcome once, however many look and how often.

    `announce` keeps the event of a job that failed and is not repeated; the same one again changes nothing.
    """

    states: SyncStateStore
    jobs: IngestionJobs
    clock: Callable[[], datetime]
    announce: Callable[[Event], object]
    log: "SyncLogger"

    def follow(self, state: SyncState) -> SyncState:
        """Record how the active job ended, if it has, and return the state then.

        Raises IngestionCallFailed, Unavailable.
        """
        if state.active is None:
            return state
        job = self._look_up(state.active)
        if not job.has_ended:
            return state
        self._record(job, state.attempts)
        return self.states.read()

    def adopt(self, state: SyncState) -> tuple[IngestionJob, ...]:
        """Record jobs that ended without our following them, and return Bedrock's newest jobs.

        Such a job was started in the console, or by us but its start could not be noted. It covers nothing,
        since nobody knows which requests came before it. Raises IngestionCallFailed, Unavailable.
        """
        newest = self.jobs.newest(KEPT_JOBS)
        known = {key.job_id for key in state.recorded}
        if state.active:
            known.add(state.active.job_id)
        for job in newest:
            if job.has_ended and job.job_id not in known:
                self._adopt(self.jobs.get(job.job_id))
        if len(state.recorded) > KEPT_JOBS:
            self.states.forget(state.recorded[KEPT_JOBS:])
        return newest

    def _look_up(self, active: IngestionJob) -> IngestionJob:
        try:
            return self.jobs.get(active.job_id)
        except UnknownIngestionJob:
            if self.clock() - active.started_at < LOST_AFTER:
                return active
            return replace(active, status="FAILED", ended_at=self.clock(), failures=(LOST,))

    def _record(self, job: IngestionJob, attempts: int) -> None:
        self.states.keep(job)
        now = self.clock()
        again = _is_worth_a_retry(job)
        if again:
            wait = back_off(attempts, LONGEST_WAIT_AFTER_FAILURE)
            is_recorded = self.states.failed(job, f"Job{job.status.title()}", now, now + wait)
        else:
            self._announce(job)
            is_recorded = self.states.settled(job, now)
        if is_recorded:
            self.log.ended(job, will_be_retried=again)

    def _adopt(self, job: IngestionJob) -> None:
        self.states.keep(job)
        self._announce(job)
        self.states.adopted(job, self.clock())
        self.log.ended(job, will_be_retried=False)

    def _announce(self, job: IngestionJob) -> None:
        """Let others hear of a failure, before it is recorded: what fails in between is done again."""
        if job.status == "FAILED":
            failures = [asdict(each) for each in job.failures[:TOLD_FAILURES]]
            data = {"job_id": job.job_id, "failed": job.statistics.failed, "failures": failures}
            number = to_millis(job.started_at)
            self.announce(Event("kb.sync_failed", SUBJECT, number, self.clock(), data))


def _is_worth_a_retry(job: IngestionJob) -> bool:
    """Tell whether a job ended before its time for a reason that may pass; a bad file does not."""
    return job.status == "STOPPED" or (job.status == "FAILED" and not job.failed_on_files)
