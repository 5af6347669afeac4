"""The sync of the knowledge base: ingestion jobs, and what is to be synced."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.times import EPOCH

SyncTrigger = Literal["change", "manual", "retry", "daily", "console"]
FINAL_STATUSES = frozenset({"COMPLETE", "FAILED", "STOPPED"})
"""The statuses of an ingestion job that has ended."""


@dataclass(frozen=True)
class FileFailure:
    """A document that could not be indexed, by its key in the bucket (None: Bedrock names none), and why."""

    file: str | None
    reason: str


@dataclass(frozen=True)
class IngestionStatistics:
    """What an ingestion job did, in documents; a changed sidecar counts as `modified`."""

    scanned: int = 0
    new: int = 0
    modified: int = 0
    deleted: int = 0
    failed: int = 0


@dataclass(frozen=True)
class IngestionJob:
    """One run over the documents bucket; `status` is Bedrock's, `trigger` says what asked for it."""

    job_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    trigger: SyncTrigger
    statistics: IngestionStatistics = IngestionStatistics()
    failures: tuple[FileFailure, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status in FINAL_STATUSES

    @property
    def failed_on_files(self) -> bool:
        """Whether it failed for what is in the documents, so that the same again would fail the same."""
        names_files = bool(self.failures) and all(failure.file for failure in self.failures)
        return self.statistics.failed > 0 and names_files


@dataclass(frozen=True, order=True)
class JobKey:
    """Which job, and when it started, so that keys sort by age."""

    started_at: datetime
    job_id: str


@dataclass(frozen=True)
class SyncState:
    """What is to be synced and what is being done about it.

    `requested` counts requests; `covered` is what it was when the newest known job was started, so that job
    read the documents later. `active` is that job until its outcome is recorded, `recorded` are the jobs
    whose outcome is, newest first. `origin` marks the newest request, which tells it from the same count in
    a table that was created again or restored. `last_error` is AWS's error code or the name of a failure.
    """

    requested: int = 0
    covered: int = 0
    trigger: SyncTrigger = "change"
    origin: str = ""
    active: IngestionJob | None = None
    lease_until: datetime | None = None
    next_start_at: datetime | None = None
    attempts: int = 0
    last_change_at: datetime | None = None
    settled_at: datetime | None = None
    last_error: str | None = None
    recorded: tuple[JobKey, ...] = ()
    paused_until: datetime | None = None
    """Set by `infra` while it changes the vector store; it ends by itself should that be killed."""

    @property
    def pending(self) -> bool:
        """Whether there is a request that no job covers."""
        return self.requested > self.covered

    @property
    def settled_since(self) -> datetime | None:
        """Since when the knowledge base is up to date; None while it is not."""
        return None if self.pending or self.active else self.settled_at or EPOCH

    def may_start(self, now: datetime) -> bool:
        """Tell whether a job is wanted and nothing is known to stand in its way."""
        is_leased = self.lease_until is not None and self.lease_until > now
        is_held_back = self.next_start_at is not None and self.next_start_at > now
        is_free = not is_leased and not is_held_back and not self.is_paused(now)
        return self.pending and self.active is None and is_free

    def is_paused(self, now: datetime) -> bool:
        """Tell whether no job is to be started, nor looked after."""
        return self.paused_until is not None and self.paused_until > now


@dataclass(frozen=True)
class SyncLease:
    """The right of one holder to start the next job, until a time."""

    holder: str
    until: datetime


@dataclass(frozen=True)
class SyncRequest:
    """What came of asking for a sync: its job if that was started, until when none is if starts pause."""

    job_id: str | None
    paused_until: datetime | None = None


@dataclass(frozen=True)
class SyncStatus:
    """How the knowledge base stands to its documents; jobs newest first."""

    pending: bool
    last_change_at: datetime | None
    last_error: str | None
    jobs: tuple[IngestionJob, ...]
    paused_until: datetime | None = None
