"""Hand-written stand-ins for what the sync needs, held to the same contract as the real ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.ingestion import (
    FileFailure,
    IngestionJob,
    IngestionStatistics,
    JobKey,
    SyncLease,
    SyncState,
    SyncTrigger,
)
from chalicelib.domain.protocols import IngestionJobs, SyncStateStore
from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy, Unavailable, UnknownIngestionJob
from chalicelib.logs import SyncLogger
from chalicelib.sync.knowledge_base import KnowledgeBaseSync
from chalicelib.sync.outcomes import SyncOutcomes
from chalicelib.sync.starts import SyncStarts
from tests.fakes import FakeEvents, Outage

BUCKET = "kb"


class FakeSyncStates(Outage):
    """Keeps the state and the jobs in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.state = SyncState()
        self.holder: str | None = None
        self.kept: dict[str, IngestionJob] = {}

    def read(self) -> SyncState:
        self.check()
        return self.state

    def request(self, trigger: SyncTrigger, now: datetime) -> SyncState:
        self.check()
        changed_at = now if trigger == "change" else self.state.last_change_at
        self._set(
            requested=self.state.requested + 1,
            trigger=trigger,
            origin=f"origin {self.state.requested + 1}",
            last_change_at=changed_at,
        )
        return self.state

    def lease(self, lease: SyncLease, now: datetime) -> SyncState | None:
        self.check()
        if self.holder != lease.holder and not self.state.may_start(now):
            return None
        self.holder = lease.holder
        self._set(lease_until=lease.until)
        return self.state

    def started(self, lease: SyncLease, covered: int, job: IngestionJob, next_start_at: datetime) -> bool:
        self.check()
        active, noted = self.state.active, self.state.next_start_at
        is_noted = active and active.job_id == job.job_id and noted and noted <= next_start_at
        if self.holder != lease.holder and not is_noted:
            return False
        known = IngestionJob(job.job_id, "STARTING", job.started_at, None, job.trigger)
        self._set(covered=covered, active=known, next_start_at=next_start_at, last_error=None)
        self._release()
        return True

    def refused(self, lease: SyncLease, code: str, next_start_at: datetime) -> bool:
        self.check()
        if self.holder != lease.holder:
            return False
        self._set(attempts=self.state.attempts + 1, next_start_at=next_start_at, last_error=code)
        self._release()
        return True

    def keep(self, job: IngestionJob) -> None:
        self.check()
        self.kept[job.job_id] = job

    def adopted(self, job: IngestionJob, now: datetime) -> None:
        self.check()
        self._name(job, now)

    def settled(self, job: IngestionJob, now: datetime) -> bool:
        self.check()
        if not self._is_active(job):
            return False
        self._name(job, now)
        self._set(active=None, attempts=0, last_error=None)
        return True

    def failed(self, job: IngestionJob, code: str, now: datetime, next_start_at: datetime) -> bool:
        self.check()
        if not self._is_active(job):
            return False
        self._name(job, now)
        self._set(
            active=None,
            requested=self.state.requested + 1,
            origin=f"origin {self.state.requested + 1}",
            trigger="retry",
            attempts=self.state.attempts + 1,
            last_error=code,
            next_start_at=next_start_at,
        )
        return True

    def forget(self, keys: Sequence[JobKey]) -> None:
        self.check()
        self._set(recorded=tuple(key for key in self.state.recorded if key not in keys))

    def jobs(self, keys: Sequence[JobKey]) -> tuple[IngestionJob, ...]:
        self.check()
        jobs = [self.kept[key.job_id] for key in dict.fromkeys(keys) if key.job_id in self.kept]
        return tuple(sorted(jobs, key=lambda job: job.started_at, reverse=True))

    def _is_active(self, job: IngestionJob) -> bool:
        return self.state.active is not None and self.state.active.job_id == job.job_id

    def _name(self, job: IngestionJob, now: datetime) -> None:
        names = {*self.state.recorded, JobKey(job.started_at, job.job_id)}
        self._set(recorded=tuple(sorted(names, reverse=True)), settled_at=now)

    def _release(self) -> None:
        self.holder = None
        self._set(lease_until=None)

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]


class FakeIngestion:
    """A knowledge base with Bedrock's manners: one job at a time, and the same token is the same job."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._begun = 0
        self._by_token: dict[str, str] = {}
        self.ran: dict[str, IngestionJob] = {}
        self.calls: list[str] = []
        self.refusals: dict[str, list[BaseException]] = {}
        """What the next calls of an operation fail with."""

    def start(self, token: str, trigger: SyncTrigger) -> IngestionJob:
        self._called("start")
        known = self.ran.get(self._by_token.get(token, ""))
        if known:
            return known
        if self.running:
            raise KnowledgeBaseBusy("ConflictException")
        job = self.begin(trigger)
        self._by_token[token] = job.job_id
        return job

    def get(self, job_id: str) -> IngestionJob:
        self._called("get")
        if job_id not in self.ran:
            raise UnknownIngestionJob("ResourceNotFoundException")
        return self.ran[job_id]

    def newest(self, limit: int) -> tuple[IngestionJob, ...]:
        self._called("newest")
        newest = list(self.ran.values())[::-1][:limit]
        return tuple(replace(job, failures=()) for job in newest)

    @property
    def running(self) -> IngestionJob | None:
        """The job that has not ended."""
        return next((job for job in self.ran.values() if not job.has_ended), None)

    def begin(self, trigger: SyncTrigger = "console") -> IngestionJob:
        """Let a job run, as somebody at the console would."""
        self._begun += 1
        job = IngestionJob(f"JOB{self._begun:07}", "IN_PROGRESS", self._clock(), None, trigger)
        self.ran[job.job_id] = job
        return job

    def end(self, status: str = "COMPLETE", *failures: FileFailure, failed: int = 0) -> IngestionJob:
        """Let the running job end."""
        assert self.running
        job = replace(
            self.running,
            status=status,
            ended_at=self._clock(),
            statistics=IngestionStatistics(scanned=3, failed=failed),
            failures=failures,
        )
        self.ran[job.job_id] = job
        return job

    def lose(self) -> IngestionJob:
        """Know nothing more of the running job."""
        assert self.running
        return self.ran.pop(self.running.job_id)

    def refuse(self, operation: str, *errors: IngestionCallFailed) -> None:
        """Fail the next calls of an operation."""
        self.refusals.setdefault(operation, []).extend(errors)

    def count(self, operation: str) -> int:
        """Return how often an operation was called."""
        return self.calls.count(operation)

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if self.refusals.get(operation):
            raise self.refusals[operation].pop(0)


class FakeSyncLog(SyncLogger):
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.changes = 0
        self.reasons: dict[str, int] = {}
        self.jobs: list[str] = []
        self.refused: list[tuple[str, int]] = []
        self.outcomes: list[tuple[str, bool]] = []
        self.without: list[str] = []

    def changed(self, changes: int) -> None:
        self.changes += changes

    def ignored(self, reason: str, records: int) -> None:
        self.reasons[reason] = self.reasons.get(reason, 0) + records

    def started(self, job: IngestionJob) -> None:
        self.jobs.append(job.job_id)

    def not_started(self, error: IngestionCallFailed, attempts: int) -> None:
        self.refused.append((error.code, attempts))

    def ended(self, job: IngestionJob, will_be_retried: bool) -> None:
        self.outcomes.append((job.status, will_be_retried))

    def degraded(self, name: str, error: Unavailable) -> None:
        self.without.append(name)


@dataclass(frozen=True)
class SyncParts:
    """What a sync is made of in tests."""

    states: SyncStateStore
    jobs: IngestionJobs
    clock: Callable[[], datetime]
    log: FakeSyncLog
    events: FakeEvents = field(default_factory=FakeEvents)

    def build(self, at_least_every: timedelta = timedelta(0)) -> KnowledgeBaseSync:
        """Put the parts together as the wiring does."""
        return KnowledgeBaseSync(
            states=self.states,
            starts=SyncStarts(self.states, self.jobs, self.clock, self.log),
            outcomes=SyncOutcomes(self.states, self.jobs, self.clock, self.events.add, self.log),
            clock=self.clock,
            log=self.log,
            documents_bucket=BUCKET,
            at_least_every=at_least_every,
        )


def notification(*keys: str, bucket: str = BUCKET, name: str = "ObjectCreated:Put") -> dict[str, object]:
    """Return what S3 sends when these objects, named as S3 encodes them, change."""
    return {"Records": [_record(key, bucket, name) for key in keys]}


def _record(key: str, bucket: str, name: str) -> dict[str, object]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-20T12:00:00.000Z",
        "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": key, "size": 5, "eTag": "d41d8cd9", "sequencer": "0055AED6DCD90281E5"},
        },
    }
