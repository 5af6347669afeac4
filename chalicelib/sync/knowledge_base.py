"""Keeps the knowledge base in step with the documents bucket.

A change only adds to the count of requests and tries to start a job. What is left over, because a job runs
already or Bedrock refuses, stays pending until the sweep of every minute has started a job for it. So after
every change there is a job that started later, or the sync is pending.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.ingestion import IngestionJob, SyncRequest, SyncState, SyncStatus
from chalicelib.domain.protocols import SyncStateStore
from chalicelib.errors import IngestionCallFailed, Unavailable
from chalicelib.sync.outcomes import KEPT_JOBS, SyncOutcomes
from chalicelib.sync.s3_notices import read_notices
from chalicelib.sync.starts import SyncStarts

if TYPE_CHECKING:
    from chalicelib.logs import SyncLogger


@dataclass(frozen=True)
class KnowledgeBaseSync:
    """What the events, the schedule and the routes call; `at_least_every` zero means only when asked."""

    states: SyncStateStore
    starts: SyncStarts
    outcomes: SyncOutcomes
    clock: Callable[[], datetime]
    log: "SyncLogger"
    documents_bucket: str
    at_least_every: timedelta

    def documents_changed(self, event: object) -> None:
        """Take in a notification of S3. Raises Unavailable when it could not be noted, so send it again."""
        notices = read_notices(event, self.documents_bucket)
        for reason, records in notices.ignored.items():
            self.log.ignored(reason, records)
        if notices.changes:
            self.log.changed(notices.changes)
            self._start_if_reachable(self.states.request("change", self.clock()))

    def request_now(self) -> SyncRequest:
        """Ask for a job. Raises Unavailable."""
        state = self.states.request("manual", self.clock())
        job = self._start_if_reachable(state)
        return SyncRequest(job.job_id if job else None, self._paused_until(state))

    def sweep(self) -> None:
        """Record what ended and start what is pending. Raises Unavailable when the state is out of reach."""
        state = self.states.read()
        if state.is_paused(self.clock()):
            return
        if self._is_overdue(state):
            state = self.states.request("daily", self.clock())
        if not state.pending and state.active is None:
            return
        try:
            state = self.outcomes.follow(state)
            self.starts.try_start(state)
            self.outcomes.adopt(state)
        except IngestionCallFailed as error:
            self.log.degraded("ingestion", error)

    def status(self) -> SyncStatus:
        """Return how things stand, as Bedrock says where it can be reached; starts nothing.

        Raises Unavailable.
        """
        running: tuple[IngestionJob, ...] = ()
        try:
            newest = self.outcomes.adopt(self.outcomes.follow(self.states.read()))
            running = tuple(job for job in newest if not job.has_ended)
        except IngestionCallFailed as error:
            self.log.degraded("ingestion", error)
        state = self.states.read()
        active = (state.active,) if state.active else ()
        kept = self.states.jobs(state.recorded[:KEPT_JOBS])
        # Of two views of a job the later one knows more.
        jobs = {job.job_id: job for job in (*active, *running, *kept)}.values()
        newest_first = sorted(jobs, key=lambda job: job.started_at, reverse=True)
        return SyncStatus(
            state.pending,
            state.last_change_at,
            state.last_error,
            tuple(newest_first[:KEPT_JOBS]),
            self._paused_until(state),
        )

    def _start_if_reachable(self, state: SyncState) -> IngestionJob | None:
        # The request is noted, so nothing is lost: the sweep comes back to it.
        try:
            return self.starts.try_start(state)
        except Unavailable as error:
            self.log.degraded("sync", error)
            return None

    def _paused_until(self, state: SyncState) -> datetime | None:
        return state.paused_until if state.is_paused(self.clock()) else None

    def _is_overdue(self, state: SyncState) -> bool:
        if not self.at_least_every or state.pending or state.active:
            return False
        return not state.recorded or state.recorded[0].started_at + self.at_least_every <= self.clock()
