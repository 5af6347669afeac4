"""What is to be synced and the outcomes of the last jobs: one item for the state, one for each job.

Each change of the state is one atomic write. DynamoDB's answer can get lost and the library then repeats the
write, so a condition also holds for what the same write has already done.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.domain.ingestion import (
    FileFailure,
    IngestionJob,
    IngestionStatistics,
    JobKey,
    SyncLease,
    SyncState,
    SyncTrigger,
)
from chalicelib.stores.dynamodb import TableLimits, complete, expiry, reaching, write_if
from chalicelib.times import from_millis, to_millis

STORE = "sync_state"
JOB_RETENTION_DAYS = 90
MAX_FAILURES = 200
MAX_FAILURE_BYTES = 200_000
"""An item holds 400 KB, and an answer with twenty jobs has to fit into Lambda's 6 MB."""


class SyncItem(Model):
    """The state as DynamoDB holds it; it has no `ttl`, so it never expires."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    requested = NumberAttribute(default=0)
    covered = NumberAttribute(default=0)
    trigger = UnicodeAttribute(default="change")
    origin = UnicodeAttribute(default="")
    active_id = UnicodeAttribute(null=True)
    active_started_at = NumberAttribute(null=True)
    active_trigger = UnicodeAttribute(null=True)
    lease_holder = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    next_start_at = NumberAttribute(null=True)
    attempts = NumberAttribute(default=0)
    last_change_at = NumberAttribute(null=True)
    settled_at = NumberAttribute(null=True)
    last_error = UnicodeAttribute(null=True)
    paused_until = NumberAttribute(null=True)
    recorded = UnicodeSetAttribute(null=True)
    """Start time and id of each job; a set, so that two who record at once lose nothing."""


class JobItem(Model):
    """A job's outcome as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    status = UnicodeAttribute()
    started_at = NumberAttribute()
    ended_at = NumberAttribute(null=True)
    trigger = UnicodeAttribute()
    statistics = JSONAttribute()
    failures = JSONAttribute()
    ttl = NumberAttribute()


class SyncStates:
    """Reads and changes the state of one data source; each method raises Unavailable.

    A new data source knows no document yet, so it begins with a state of its own.
    """

    def __init__(self, data_source_id: str) -> None:
        self._pk = f"sync#{data_source_id}"

    def read(self) -> SyncState:
        """Return the state as of now."""
        with reaching(STORE):
            try:
                return _state(SyncItem.get(self._pk, consistent_read=True))
            except SyncItem.DoesNotExist:
                return SyncState()

    def request(self, trigger: SyncTrigger, now: datetime) -> SyncState:
        """Count a request and return the state with it."""
        actions: list[Action] = [
            SyncItem.requested.add(1),
            SyncItem.covered.set(SyncItem.covered | 0),
            SyncItem.trigger.set(trigger),
            _new_origin(),
        ]
        if trigger == "change":
            actions.append(SyncItem.last_change_at.set(to_millis(now)))
        item = SyncItem(self._pk)
        with reaching(STORE):
            item.update(actions)
            return _state(item)

    def lease(self, lease: SyncLease, now: datetime) -> SyncState | None:
        """Take the lease if a job may be started and return the state then; None if it may not."""
        millis = to_millis(now)
        is_free = SyncItem.lease_until.does_not_exist() | (SyncItem.lease_until <= millis)
        is_due = SyncItem.next_start_at.does_not_exist() | (SyncItem.next_start_at <= millis)
        is_open = SyncItem.paused_until.does_not_exist() | (SyncItem.paused_until <= millis)
        is_wanted = SyncItem.active_id.does_not_exist() & (SyncItem.requested > SyncItem.covered)
        return self._change(
            [
                SyncItem.lease_holder.set(lease.holder),
                SyncItem.lease_until.set(to_millis(lease.until)),
            ],
            (is_free & is_due & is_open & is_wanted) | (SyncItem.lease_holder == lease.holder),
        )

    def started(self, lease: SyncLease, covered: int, job: IngestionJob, next_start_at: datetime) -> bool:
        """Note the job that the lease's holder started; False if the lease has passed to another.

        Another holder may have found the same job and noted it meanwhile: who comes late changes nothing.
        """
        is_noted = (SyncItem.active_id == job.job_id) & (SyncItem.next_start_at <= to_millis(next_start_at))
        is_ours = (SyncItem.lease_holder == lease.holder) | is_noted
        state = self._change(
            [
                SyncItem.covered.set(covered),
                SyncItem.active_id.set(job.job_id),
                SyncItem.active_started_at.set(to_millis(job.started_at)),
                SyncItem.active_trigger.set(job.trigger),
                SyncItem.next_start_at.set(to_millis(next_start_at)),
                SyncItem.last_error.remove(),
                *_release(),
            ],
            is_ours,
        )
        return state is not None

    def refused(self, lease: SyncLease, code: str, next_start_at: datetime) -> bool:
        """Note that no job could be started; False if the lease has passed to another."""
        state = self._change(
            [
                SyncItem.attempts.add(1),
                SyncItem.next_start_at.set(to_millis(next_start_at)),
                SyncItem.last_error.set(code),
                *_release(),
            ],
            SyncItem.lease_holder == lease.holder,
        )
        return state is not None

    def keep(self, job: IngestionJob) -> None:
        """Keep a job that has ended; it is shown once the state names it."""
        item = _job_item(job)
        with reaching(STORE):
            item.save()

    def adopted(self, job: IngestionJob, now: datetime) -> None:
        """Name a kept job that nobody waited for."""
        with reaching(STORE):
            SyncItem(self._pk).update(
                [SyncItem.recorded.add({_mark(job)}), SyncItem.settled_at.set(to_millis(now))]
            )

    def settled(self, job: IngestionJob, now: datetime) -> bool:
        """Name the kept active job, whose outcome is final; False if another is active."""
        actions: list[Action] = [SyncItem.attempts.set(0), SyncItem.last_error.remove()]
        return self._conclude(job, now, actions)

    def failed(self, job: IngestionJob, code: str, now: datetime, next_start_at: datetime) -> bool:
        """Name the kept active job, and request one in its place; False if another is active."""
        actions: list[Action] = [
            SyncItem.requested.add(1),
            SyncItem.trigger.set("retry"),
            _new_origin(),
            SyncItem.attempts.add(1),
            SyncItem.last_error.set(code),
            SyncItem.next_start_at.set(to_millis(next_start_at)),
        ]
        return self._conclude(job, now, actions)

    def forget(self, keys: Sequence[JobKey]) -> None:
        """Name these jobs no longer."""
        with reaching(STORE):
            SyncItem(self._pk).update([SyncItem.recorded.delete(set(map(_written, keys)))])

    def jobs(self, keys: Sequence[JobKey]) -> tuple[IngestionJob, ...]:
        """Return the kept jobs of these keys, newest first; those that expired are left out."""
        # DynamoDB refuses a key that is asked for twice.
        pks = dict.fromkeys(_job_pk(key.job_id) for key in keys)
        with reaching(STORE):
            jobs = [_job(item) for item in JobItem.batch_get(list(pks), consistent_read=True)]
        return tuple(sorted(jobs, key=lambda job: job.started_at, reverse=True))

    def _conclude(self, job: IngestionJob, now: datetime, actions: list[Action]) -> bool:
        actions += [
            SyncItem.recorded.add({_mark(job)}),
            SyncItem.settled_at.set(to_millis(now)),
            SyncItem.active_id.remove(),
            SyncItem.active_started_at.remove(),
            SyncItem.active_trigger.remove(),
        ]
        return self._change(actions, SyncItem.active_id == job.job_id) is not None

    def _change(self, actions: list[Action], condition: Condition) -> SyncState | None:
        item = SyncItem(self._pk)
        with reaching(STORE):
            return _state(item) if write_if(condition, item.update, actions) else None


def _new_origin() -> Action:
    """Mark a request as no other: a table that was made again, or restored, comes to the same count."""
    return SyncItem.origin.set(uuid.uuid4().hex)


def _release() -> list[Action]:
    return [SyncItem.lease_holder.remove(), SyncItem.lease_until.remove()]


def _mark(job: IngestionJob) -> str:
    return _written(JobKey(job.started_at, job.job_id))


def _state(item: SyncItem) -> SyncState:
    """Return what the item says."""
    return SyncState(
        requested=int(item.requested),
        covered=int(item.covered),
        trigger=cast(SyncTrigger, item.trigger),
        origin=item.origin,
        active=_active(item),
        lease_until=_time(item.lease_until),
        next_start_at=_time(item.next_start_at),
        attempts=int(item.attempts),
        last_change_at=_time(item.last_change_at),
        settled_at=_time(item.settled_at),
        last_error=item.last_error,
        recorded=tuple(sorted(map(_read, item.recorded or ()), reverse=True)),
        paused_until=_time(item.paused_until),
    )


def _job_item(job: IngestionJob) -> JobItem:
    """Return a job as an item, with as many of its failures as one holds."""
    return JobItem(
        _job_pk(job.job_id),
        status=job.status,
        started_at=to_millis(job.started_at),
        ended_at=to_millis(job.ended_at) if job.ended_at else None,
        trigger=job.trigger,
        statistics=asdict(job.statistics),
        failures=[asdict(failure) for failure in _fitting(job.failures)],
        ttl=expiry(job.started_at, JOB_RETENTION_DAYS),
    )


def _job(item: JobItem) -> IngestionJob:
    """Return the job that the item says. Raises ValueError, TypeError."""
    complete(item)
    statistics: Any = item.statistics
    return IngestionJob(
        job_id=item.pk.partition("#")[2],
        status=item.status,
        started_at=from_millis(int(item.started_at)),
        ended_at=_time(item.ended_at),
        trigger=cast(SyncTrigger, item.trigger),
        statistics=IngestionStatistics(**statistics),
        failures=tuple(FileFailure(**failure) for failure in item.failures),
    )


def _job_pk(job_id: str) -> str:
    """Return the `pk` of a job."""
    return f"sync-job#{job_id}"


def _written(key: JobKey) -> str:
    """Return a key as the state's item lists it."""
    return f"{to_millis(key.started_at)}#{key.job_id}"


def _read(mark: str) -> JobKey:
    millis, _, job_id = mark.partition("#")
    return JobKey(from_millis(int(millis)), job_id)


def _fitting(failures: Sequence[FileFailure]) -> Iterable[FileFailure]:
    """Yield as many failures as an item holds, and then how many more there were."""
    room = MAX_FAILURE_BYTES
    for kept, failure in enumerate(failures):
        room -= len(json.dumps(asdict(failure)))
        if kept == MAX_FAILURES or room < 0:
            yield FileFailure(None, f"{len(failures) - kept} more failures are not listed here.")
            return
        yield failure


def _time(millis: float | None) -> datetime | None:
    return None if millis is None else from_millis(int(millis))


def _active(item: SyncItem) -> IngestionJob | None:
    if item.active_id is None:
        return None
    started_at = from_millis(int(item.active_started_at))
    trigger = cast(SyncTrigger, item.active_trigger)
    return IngestionJob(item.active_id, "STARTING", started_at, None, trigger)
