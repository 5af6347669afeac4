"""After every change there is a job that started later, or the sync is pending: whatever comes in between.

Each event, sweep and request runs as a worker that stops before and after every call of the store and of
Bedrock. The machine chooses who goes on, who dies there, which call fails, and what happens meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.ingestion import FileFailure, IngestionJob, SyncLease, SyncState, SyncTrigger
from chalicelib.errors import IngestionCallFailed, Unavailable
from chalicelib.sync.starts import START_INTERVAL
from tests.fakes import FakeClock
from tests.interleaving import Fault, Stage, Stepwise, Worker
from tests.sync_fakes import FakeIngestion, FakeSyncLog, FakeSyncStates, SyncParts, notification

SWEEPS_TO_SETTLE = 40
TO_THE_END = 99
EVENT = notification("a.md")
BAD_FILE = FileFailure("broken.pdf", "It cannot be read.")


@dataclass
class Change:
    """A change of a document; `moment` orders it among the starts of jobs."""

    moment: int
    is_noted: bool = False


@dataclass
class World(Stage):
    """What really happened, and in which order."""

    moment: int = 0
    changes: list[Change] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def next_moment(self) -> int:
        self.moment += 1
        return self.moment


class Invocation(Worker):
    """One invocation; `change` is what its event tells of."""

    def __init__(self, world: World, work: Callable[[], object], change: Change | None = None) -> None:
        super().__init__(world, work)
        self.change = change


class Bedrock(FakeIngestion):
    """Notes in the world when a job started."""

    def __init__(self, clock: Callable[[], datetime], world: World) -> None:
        super().__init__(clock)
        self._world = world

    def begin(self, trigger: SyncTrigger = "console") -> IngestionJob:
        job = super().begin(trigger)
        self._world.starts[job.job_id] = self._world.next_moment()
        return job


class States(FakeSyncStates):
    """Notes which changes are known, when the lease was taken and which jobs were concluded."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.leased_at: list[datetime] = []
        self.concluded: list[str] = []

    def request(self, trigger: SyncTrigger, now: datetime) -> SyncState:
        state = super().request(trigger, now)
        worker = self._world.worker
        if isinstance(worker, Invocation) and worker.change:
            worker.change.is_noted = True
        return state

    def lease(self, lease: SyncLease, now: datetime) -> SyncState | None:
        state = super().lease(lease, now)
        if state:
            self.leased_at.append(now)
        return state

    def settled(self, job: IngestionJob, now: datetime) -> bool:
        return self._note(job, super().settled(job, now))

    def failed(self, job: IngestionJob, code: str, now: datetime, next_start_at: datetime) -> bool:
        return self._note(job, super().failed(job, code, now, next_start_at))

    def _note(self, job: IngestionJob, is_concluded: bool) -> bool:
        self.concluded += [job.job_id] * is_concluded
        return is_concluded


anyone = st.integers(0, 3)
steps = st.integers(1, 24) | st.just(TO_THE_END)
faults: st.SearchStrategy[Fault] = st.sampled_from(["none", "none", "none", "none", "refused", "answer lost"])


class SyncMachine(RuleBasedStateMachine):
    """Interleaves everything that can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.world = World()
        self.bedrock = Bedrock(self.clock, self.world)
        self.states = States(self.world)
        self.workers: list[Worker] = []
        throttled = IngestionCallFailed("ThrottlingException")
        self.sync = SyncParts(
            cast(Any, Stepwise(self.world, self.states, Unavailable("sync_state"))),
            cast(Any, Stepwise(self.world, self.bedrock, throttled)),
            self.clock,
            FakeSyncLog(),
        ).build()

    @rule(steps=steps, fault=faults)
    def a_document_changes(self, steps: int, fault: Fault) -> None:
        self.world.changes.append(Change(self.world.next_moment()))
        self._take_in(self.world.changes[-1], steps, fault)

    @precondition(lambda self: self.world.changes)
    @rule(which=anyone, steps=steps)
    def an_event_comes_again(self, which: int, steps: int) -> None:
        self._take_in(self.world.changes[-1 - which % len(self.world.changes)], steps, "none")

    @rule(steps=steps, fault=faults)
    def the_schedule_fires(self, steps: int, fault: Fault) -> None:
        self.clock.advance(minutes=1)
        self._employ(Invocation(self.world, self.sync.sweep), steps, fault)

    @rule(what=st.sampled_from(["request_now", "status"]), steps=steps)
    def an_agent_asks(self, what: str, steps: int) -> None:
        self._employ(Invocation(self.world, getattr(self.sync, what)), steps, "none")

    @precondition(lambda self: self.workers)
    @rule(which=anyone, steps=steps, fault=faults)
    def a_worker_goes_on(self, which: int, steps: int, fault: Fault) -> None:
        self.workers[which % len(self.workers)].go_on(steps, fault)
        self._dismiss()

    @precondition(lambda self: self.workers)
    @rule(which=anyone)
    def a_worker_dies(self, which: int) -> None:
        self.workers[which % len(self.workers)].die()
        self._dismiss()

    @precondition(lambda self: self.bedrock.running)
    @rule(status=st.sampled_from(["COMPLETE", "FAILED", "STOPPED", "bad file", "lost"]))
    def a_job_ends(self, status: str) -> None:
        if status == "lost":
            self.world.lost.add(self.bedrock.lose().job_id)
        elif status == "bad file":
            self.bedrock.end("FAILED", BAD_FILE, failed=1)
        else:
            self.bedrock.end(status)

    @precondition(lambda self: not self.bedrock.running)
    @rule()
    def somebody_starts_a_job_in_the_console(self) -> None:
        self.clock.advance(seconds=1)
        self.bedrock.begin()

    @rule(seconds=st.sampled_from([1, 12, 31, 301]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def what_changed_is_pending_or_covered_by_a_later_job(self) -> None:
        active = self.states.state.active
        for change in self.world.changes:
            in_work = active is not None and self.world.starts[active.job_id] > change.moment
            assert not change.is_noted or self.states.state.pending or in_work or self._is_done(change)

    @invariant()
    def starts_keep_their_distance(self) -> None:
        assert all(later - earlier >= START_INTERVAL for earlier, later in pairwise(self.states.leased_at))
        assert self.bedrock.count("start") <= len(self.states.leased_at)

    @invariant()
    def a_job_is_concluded_once(self) -> None:
        assert len(self.states.concluded) == len(set(self.states.concluded))

    def teardown(self) -> None:
        """See that all is settled soon once nothing goes wrong any more."""
        for worker in self.workers:
            worker.die()
        for change in self.world.changes:
            if not change.is_noted:
                self.sync.documents_changed(EVENT)
        sweeps = 0
        while self.states.state.settled_since is None or sweeps < 2:
            sweeps += 1
            assert sweeps < SWEEPS_TO_SETTLE
            self.clock.advance(minutes=1)
            if self.bedrock.running:
                self.bedrock.end()
            self.sync.sweep()
        self._everything_is_done_and_shown()

    def _everything_is_done_and_shown(self) -> None:
        assert all(map(self._is_done, self.world.changes))
        shown = {job.job_id: job.status for job in self.sync.status().jobs}
        room = 20 - len(shown.keys() & self.world.lost)
        newest = {job.job_id: job.status for job in self.bedrock.newest(room)}
        assert {job_id: shown[job_id] for job_id in shown if job_id not in self.world.lost} == newest

    def _is_done(self, change: Change) -> bool:
        """Tell whether a job that started after the change did all that a job can do."""
        later = (job for job in self.bedrock.ran.values() if self.world.starts[job.job_id] > change.moment)
        return any(job.status == "COMPLETE" or job.failed_on_files for job in later)

    def _take_in(self, change: Change, steps: int, fault: Fault) -> None:
        work = Invocation(self.world, lambda: self.sync.documents_changed(EVENT), change)
        self._employ(work, steps, fault)

    def _employ(self, worker: Worker, steps: int, fault: Fault) -> None:
        self.workers.append(worker)
        worker.go_on(steps, fault)
        self._dismiss()

    def _dismiss(self) -> None:
        self.workers = [worker for worker in self.workers if not worker.is_done]


TestSync = SyncMachine.TestCase
TestSync.settings = settings(max_examples=12 * settings().max_examples, stateful_step_count=40)
