"""The state of the sync and the outcomes of its jobs as DynamoDB holds them; times are in milliseconds."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from chalicelib.domain.ingestion import (
    FileFailure,
    IngestionJob,
    IngestionStatistics,
    JobKey,
    SyncState,
    SyncTrigger,
)
from chalicelib.stores.dynamodb import Reach, complete, expiry
from chalicelib.times import from_millis, to_millis

JOB_RETENTION_DAYS = 90
MAX_FAILURES = 200
MAX_FAILURE_BYTES = 200_000
"""An item holds 400 KB, and an answer with twenty jobs has to fit into Lambda's 6 MB."""


class SyncItem(Model):
    """The state as DynamoDB holds it; it has no `ttl`, so it never expires."""

    class Meta(Reach):
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
    recorded = UnicodeSetAttribute(null=True)
    """Start time and id of each job; a set, so that two who record at once lose nothing."""


class JobItem(Model):
    """A job's outcome as DynamoDB holds it."""

    class Meta(Reach):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    status = UnicodeAttribute()
    started_at = NumberAttribute()
    ended_at = NumberAttribute(null=True)
    trigger = UnicodeAttribute()
    statistics = JSONAttribute()
    failures = JSONAttribute()
    ttl = NumberAttribute()


def state_of(item: SyncItem) -> SyncState:
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
    )


def job_item(job: IngestionJob) -> JobItem:
    """Return a job as an item, with as many of its failures as one holds."""
    return JobItem(
        job_key(job.job_id),
        status=job.status,
        started_at=to_millis(job.started_at),
        ended_at=to_millis(job.ended_at) if job.ended_at else None,
        trigger=job.trigger,
        statistics=asdict(job.statistics),
        failures=[asdict(failure) for failure in _fitting(job.failures)],
        ttl=expiry(job.started_at, JOB_RETENTION_DAYS),
    )


def job_of(item: JobItem) -> IngestionJob:
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


def job_key(job_id: str) -> str:
    """Return the `pk` of a job."""
    return f"sync-job#{job_id}"


def written(key: JobKey) -> str:
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
