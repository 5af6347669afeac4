"""What is to be synced and the outcomes of the last jobs: one item for the state, one for each job.

Each change of the state is one atomic write. DynamoDB's answer can get lost and the library then repeats the
write, so a condition also holds for what the same write has already done.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.ingestion import IngestionJob, JobKey, SyncLease, SyncState, SyncTrigger
from chalicelib.stores.dynamodb import reaching, wrote
from chalicelib.stores.sync_items import JobItem, SyncItem, job_item, job_key, job_of, state_of, written
from chalicelib.times import to_millis

STORE = "sync_state"


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
                return state_of(SyncItem.get(self._pk, consistent_read=True))
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
            return state_of(item)

    def lease(self, lease: SyncLease, now: datetime) -> SyncState | None:
        """Take the lease if a job may be started and return the state then; None if it may not."""
        millis = to_millis(now)
        is_free = SyncItem.lease_until.does_not_exist() | (SyncItem.lease_until <= millis)
        is_due = SyncItem.next_start_at.does_not_exist() | (SyncItem.next_start_at <= millis)
        is_wanted = SyncItem.active_id.does_not_exist() & (SyncItem.requested > SyncItem.covered)
        return self._change(
            [
                SyncItem.lease_holder.set(lease.holder),
                SyncItem.lease_until.set(to_millis(lease.until)),
            ],
            (is_free & is_due & is_wanted) | (SyncItem.lease_holder == lease.holder),
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
        item = job_item(job)
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
            SyncItem(self._pk).update([SyncItem.recorded.delete(set(map(written, keys)))])

    def jobs(self, keys: Sequence[JobKey]) -> tuple[IngestionJob, ...]:
        """Return the kept jobs of these keys, newest first; those that expired are left out."""
        # DynamoDB refuses a key that is asked for twice.
        pks = dict.fromkeys(job_key(key.job_id) for key in keys)
        with reaching(STORE):
            jobs = [job_of(item) for item in JobItem.batch_get(list(pks), consistent_read=True)]
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
            return state_of(item) if wrote(item.update, actions, condition=condition) else None


def _new_origin() -> Action:
    """Mark a request as no other: a table that was made anew, or restored, comes to the same count again."""
    return SyncItem.origin.set(uuid.uuid4().hex)


def _release() -> list[Action]:
    return [SyncItem.lease_holder.remove(), SyncItem.lease_until.remove()]


def _mark(job: IngestionJob) -> str:
    return written(JobKey(job.started_at, job.job_id))
