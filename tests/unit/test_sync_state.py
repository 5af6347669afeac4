"""The contract of the sync's state, on the fake and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.domain.ingestion import (
    FileFailure,
    IngestionJob,
    IngestionStatistics,
    JobKey,
    SyncLease,
    SyncState,
    SyncTrigger,
)
from chalicelib.domain.protocols import SyncStateStore
from chalicelib.stores.sync_state import MAX_FAILURE_BYTES, MAX_FAILURES, SyncStates
from tests.fakes import START
from tests.sync_fakes import FakeSyncStates

SECOND = timedelta(seconds=1)
LEASE = SyncLease("first", START + 30 * SECOND)
OTHER = SyncLease("second", START + 60 * SECOND)
RUNNING = IngestionJob("JOB0000001", "STARTING", START, None, "change")
ENDED = replace(
    RUNNING,
    status="COMPLETE",
    ended_at=START + 9 * SECOND,
    statistics=IngestionStatistics(scanned=5, new=1, modified=2, deleted=1, failed=1),
    failures=(FileFailure("a b/ü.png", "Not supported."), FileFailure(None, "And that.")),
)


@pytest.fixture(params=["fake", "dynamodb"])
def states(request: pytest.FixtureRequest) -> SyncStateStore:
    if request.param == "fake":
        return FakeSyncStates()
    request.getfixturevalue("tables")
    return SyncStates("DS1")


@pytest.fixture
def dynamodb(tables: None) -> Any:
    return boto3.client("dynamodb")


def start(states: SyncStateStore, job: IngestionJob = RUNNING, next_start_at_seconds: int = 12) -> None:
    """Request, lease and start."""
    state = states.request("change", START)
    assert states.lease(LEASE, START + 20 * SECOND)
    assert states.started(LEASE, state.requested, job, START + next_start_at_seconds * SECOND)


@pytest.mark.parametrize("trigger", ["manual", "daily", "retry"])
def test_requests_are_counted_and_only_a_change_is_a_change(
    states: SyncStateStore, trigger: SyncTrigger
) -> None:
    assert (states.read(), states.read().pending, states.jobs([])) == (SyncState(), False, ())
    first = states.request(trigger, START)
    assert (first.requested, first.pending, first.last_change_at) == (1, True, None)
    second = states.request("change", START)
    third = states.request(trigger, START + SECOND)
    assert third == states.read()
    assert (third.requested, third.covered, third.trigger, third.last_change_at) == (3, 0, trigger, START)
    assert len({"", first.origin, second.origin, third.origin}) == 4


def test_one_of_two_gets_the_lease_until_it_ends(states: SyncStateStore) -> None:
    states.request("change", START)
    leased = states.lease(LEASE, START)
    assert leased
    assert (leased.requested, leased.lease_until) == (1, LEASE.until)
    assert states.lease(LEASE, START) == leased, "its answer may have got lost"
    assert states.lease(OTHER, START) is None
    assert states.lease(OTHER, LEASE.until - timedelta(milliseconds=1)) is None
    assert states.lease(OTHER, LEASE.until)


def test_nobody_gets_a_lease_without_a_request_or_beside_a_job(states: SyncStateStore) -> None:
    assert states.lease(LEASE, START) is None
    start(states)
    states.request("change", START)
    assert states.lease(OTHER, START + 99 * SECOND) is None
    states.settled(ENDED, START)
    assert states.lease(OTHER, START + 99 * SECOND)


def test_a_start_covers_what_was_requested_with_its_lease(states: SyncStateStore) -> None:
    states.request("change", START)
    states.lease(LEASE, START)
    states.request("change", START + SECOND)
    assert states.started(LEASE, 1, RUNNING, START + 12 * SECOND)
    state = states.read()
    assert (state.requested, state.covered, state.pending) == (2, 1, True)
    assert (state.active, state.lease_until) == (RUNNING, None)
    assert state.next_start_at == START + 12 * SECOND


def test_a_start_whose_answer_got_lost_is_noted_once(states: SyncStateStore) -> None:
    start(states)
    before = states.read()
    assert states.started(LEASE, 1, RUNNING, START + 12 * SECOND)
    assert states.read() == before


def test_who_notes_the_same_job_late_allows_no_earlier_start(states: SyncStateStore) -> None:
    states.request("change", START)
    states.lease(LEASE, START)
    states.lease(OTHER, LEASE.until)
    assert states.started(OTHER, 1, RUNNING, LEASE.until + 12 * SECOND)
    noted = states.read()
    assert not states.started(LEASE, 1, RUNNING, START + 12 * SECOND)
    assert states.read() == noted


def test_whose_lease_has_passed_on_notes_nothing(states: SyncStateStore) -> None:
    states.request("change", START)
    states.lease(LEASE, START)
    leased = states.lease(OTHER, LEASE.until)
    assert not states.started(LEASE, 1, RUNNING, START)
    assert not states.refused(LEASE, "ConflictException", START)
    assert states.read() == leased


def test_a_refusal_frees_the_lease_and_waits(states: SyncStateStore) -> None:
    states.request("change", START)
    states.lease(LEASE, START)
    assert states.refused(LEASE, "ConflictException", START + 20 * SECOND)
    state = states.read()
    assert (state.pending, state.attempts, state.last_error) == (True, 1, "ConflictException")
    assert states.lease(OTHER, START + 19 * SECOND) is None
    assert states.lease(OTHER, START + 20 * SECOND)


def test_a_start_forgets_the_error_but_not_the_attempts(states: SyncStateStore) -> None:
    states.request("change", START)
    states.lease(LEASE, START)
    states.refused(LEASE, "ThrottlingException", START)
    start(states)
    assert (states.read().last_error, states.read().attempts) == (None, 1)


def test_a_settled_job_is_named_with_its_outcome(states: SyncStateStore) -> None:
    start(states)
    states.keep(ENDED)
    assert states.settled(ENDED, START + 10 * SECOND)
    state = states.read()
    assert (state.active, state.pending, state.attempts) == (None, False, 0)
    assert state.settled_at == START + 10 * SECOND
    assert state.recorded == (JobKey(START, "JOB0000001"),)
    assert states.jobs(state.recorded) == (ENDED,)


def test_a_failed_job_is_requested_again(states: SyncStateStore) -> None:
    start(states)
    assert states.failed(ENDED, "JobFailed", START, START + 40 * SECOND)
    state = states.read()
    assert (state.active, state.pending, state.requested, state.covered) == (None, True, 2, 1)
    assert (state.trigger, state.attempts, state.last_error) == ("retry", 1, "JobFailed")
    assert (state.next_start_at, state.settled_at) == (START + 40 * SECOND, START)
    assert state.recorded == (JobKey(START, "JOB0000001"),)


def test_only_the_active_job_is_concluded_and_only_once(states: SyncStateStore) -> None:
    start(states)
    another = replace(ENDED, job_id="JOB0000002")
    assert not states.settled(another, START)
    assert not states.failed(another, "JobFailed", START, START)
    assert states.failed(ENDED, "JobFailed", START, START)
    before = states.read()
    assert not states.failed(ENDED, "JobFailed", START, START)
    assert not states.settled(ENDED, START)
    assert states.read() == before


def test_an_adopted_job_is_named_and_covers_nothing(states: SyncStateStore) -> None:
    states.request("change", START)
    states.keep(ENDED)
    states.adopted(ENDED, START + SECOND)
    states.adopted(ENDED, START + SECOND)
    state = states.read()
    assert (state.pending, state.settled_at) == (True, START + SECOND)
    assert states.jobs([*state.recorded, JobKey(START, "one that expired")]) == (ENDED,)


def test_jobs_come_newest_first_and_can_be_forgotten(states: SyncStateStore) -> None:
    jobs = [
        replace(ENDED, job_id=f"JOB000000{n}", started_at=START + n * SECOND, failures=()) for n in (1, 3, 2)
    ]
    for job in jobs:
        states.keep(job)
        states.adopted(job, START)
    recorded = states.read().recorded
    assert [key.job_id[-1] for key in recorded] == ["3", "2", "1"]
    assert [job.job_id[-1] for job in states.jobs([*recorded, *recorded])] == ["3", "2", "1"]
    states.forget(recorded[1:])
    assert states.read().recorded == recorded[:1]


def test_of_twenty_at_once_one_gets_the_lease_and_no_request_is_lost(dynamodb: Any) -> None:
    states = SyncStates("DS1")

    def come(n: int) -> SyncState | None:
        states.request("change", START)
        return states.lease(SyncLease(str(n), LEASE.until), START)

    with ThreadPoolExecutor(20) as threads:
        leased = [state for state in threads.map(come, range(20)) if state]
    assert len(leased) == 1
    assert states.read().requested == 20


def test_a_restored_table_counts_on_from_another_origin(dynamodb: Any) -> None:
    start(SyncStates("DS1"))
    backup = dynamodb.get_item(TableName="support-state", Key={"pk": {"S": "sync#DS1"}})["Item"]
    for again in (lambda: SyncStates("DS1").request("change", START), retry):
        again()
        before = SyncStates("DS1").read()
        dynamodb.put_item(TableName="support-state", Item=backup)
        again()
        after = SyncStates("DS1").read()
        dynamodb.put_item(TableName="support-state", Item=backup)
        assert before.requested == after.requested
        assert before.origin != after.origin


def retry() -> None:
    """Fail the active job."""
    assert SyncStates("DS1").failed(RUNNING, "JobFailed", START, START + SECOND)


def test_the_state_never_expires_and_a_job_does_after_90_days(dynamodb: Any) -> None:
    SyncStates("DS1").request("change", START)
    SyncStates("DS1").keep(ENDED)
    items = {item["pk"]["S"]: item for item in dynamodb.scan(TableName="support-state")["Items"]}
    assert "ttl" not in items["sync#DS1"]
    assert items["sync-job#JOB0000001"]["ttl"] == {"N": str(1795176000 + 90 * 86400)}


def test_of_many_failures_so_many_are_kept_and_the_rest_is_counted(dynamodb: Any) -> None:
    failures = tuple(FileFailure(f"{n}.png", "Not supported.") for n in range(MAX_FAILURES + 50))
    kept = kept_failures(failures)
    assert kept[:-1] == failures[:MAX_FAILURES]
    assert kept[-1] == FileFailure(None, "50 more failures are not listed here.")
    assert kept_failures(failures[:MAX_FAILURES]) == failures[:MAX_FAILURES]


def test_failures_with_the_longest_names_fit_into_an_item(dynamodb: Any) -> None:
    failures = tuple(FileFailure(f"{n:03}" + "語" * 340, "語" * 300) for n in range(MAX_FAILURES))
    kept = kept_failures(failures)
    assert kept[:-1] == failures[: len(kept) - 1]
    assert kept[-1].reason == f"{MAX_FAILURES - len(kept) + 1} more failures are not listed here."
    (item,) = dynamodb.scan(TableName="support-state")["Items"]
    assert MAX_FAILURE_BYTES * 0.9 < len(item["failures"]["S"]) < 400_000


def kept_failures(failures: tuple[FileFailure, ...]) -> tuple[FileFailure, ...]:
    """Return what is left of a job's failures when it was kept."""
    SyncStates("DS1").keep(replace(ENDED, failures=failures))
    (job,) = SyncStates("DS1").jobs([JobKey(START, ENDED.job_id)])
    return job.failures


def test_a_new_data_source_starts_with_nothing_behind_it(tables: None) -> None:
    SyncStates("DS1").request("change", START)
    assert SyncStates("DS2").read() == SyncState()
    assert SyncStates("DS1").read().pending
