"""Starts ingestion jobs for what is pending: one at a time, and not more often than Bedrock allows."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.ingestion import IngestionJob, SyncLease, SyncState
from chalicelib.domain.protocols import IngestionJobs, SyncStateStore
from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy

if TYPE_CHECKING:
    from chalicelib.logs import SyncLogger

LEASE = timedelta(seconds=30)
"""Longer than a start and its recording can take; after it, the holder counts as dead."""
START_INTERVAL = timedelta(seconds=12)
"""Bedrock takes a start every ten seconds; the rest is for starts that arrive late."""
LONGEST_WAIT = timedelta(minutes=5)
LONGEST_WAIT_WHILE_BUSY = timedelta(minutes=1)


@dataclass(frozen=True)
class SyncStarts:
    """Starts jobs.

    The holder of the lease starts a job, which covers the requests that were counted when the lease was
    taken. Whatever happens between two steps, they stay pending until the job is noted.
    """

    states: SyncStateStore
    jobs: IngestionJobs
    clock: Callable[[], datetime]
    log: "SyncLogger"

    def try_start(self, state: SyncState) -> IngestionJob | None:
        """Start a job if one is wanted and may be started now. Raises Unavailable."""
        now = self.clock()
        if not state.may_start(now):
            return None
        lease = SyncLease(uuid.uuid4().hex, now + LEASE)
        leased = self.states.lease(lease, now)
        return self._start(leased, lease) if leased else None

    def _start(self, state: SyncState, lease: SyncLease) -> IngestionJob | None:
        try:
            job = self.jobs.start(_token(state), state.trigger)
        except IngestionCallFailed as error:
            longest = LONGEST_WAIT_WHILE_BUSY if isinstance(error, KnowledgeBaseBusy) else LONGEST_WAIT
            self.log.not_started(error, state.attempts + 1)
            self.states.refused(lease, error.code, self.clock() + back_off(state.attempts, longest))
            return None
        if not self.states.started(lease, state.requested, job, self.clock() + START_INTERVAL):
            return None
        self.log.started(job)
        return job


def back_off(attempts: int, longest: timedelta) -> timedelta:
    """Return how long to wait after so many failed attempts before this one."""
    return min(START_INTERVAL * 2.0 ** min(attempts, 16), longest)


def _token(state: SyncState) -> str:
    """Return the token of the start that these requests lead to.

    Bedrock answers the same token with the same job. So a start whose answer got lost, or whose holder died,
    finds its job at the next try; and no job of an earlier count can be taken for it.
    """
    return hashlib.sha256(f"{state.origin}/{state.requested}".encode()).hexdigest()
