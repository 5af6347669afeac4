"""From a change of a document to a job that covers it, and what is shown of the jobs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.ingestion import FileFailure, SyncRequest, SyncState
from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy, Unavailable
from chalicelib.sync.knowledge_base import KnowledgeBaseSync
from chalicelib.sync.starts import LEASE, START_INTERVAL
from chalicelib.times import EPOCH
from tests.fakes import START, FakeClock
from tests.sync_fakes import FakeIngestion, FakeSyncLog, FakeSyncStates, SyncParts, notification

THROTTLED = IngestionCallFailed("ThrottlingException")
BUSY = KnowledgeBaseBusy("ConflictException")
BAD_FILE = FileFailure("broken.pdf", "It cannot be read.")
DAY = timedelta(hours=24)


class Scene:
    """A sync with all that surrounds it."""

    def __init__(self, at_least_every: timedelta = timedelta(0)) -> None:
        self.clock = FakeClock()
        self.states = FakeSyncStates()
        self.bedrock = FakeIngestion(self.clock)
        self.log = FakeSyncLog()
        parts = SyncParts(self.states, self.bedrock, self.clock, self.log)
        self.sync, self.events = parts.build(at_least_every), parts.events

    @property
    def state(self) -> SyncState:
        return self.states.state

    def change(self, *keys: str) -> None:
        """Let S3 tell of documents."""
        self.sync.documents_changed(notification(*(keys or ("a.md",))))

    def sweep_after(self, seconds: float = 60) -> None:
        """Let the schedule fire later."""
        self.clock.advance(seconds=seconds)
        self.sync.sweep()

    def run_a_job(self) -> None:
        """Sync once, from the change to the recorded outcome."""
        self.change()
        self.sweep_after()
        self.bedrock.end()
        self.sweep_after()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_change_starts_a_job_at_once(scene: Scene) -> None:
    scene.change()
    assert scene.bedrock.running
    assert scene.bedrock.running.trigger == "change"
    assert not scene.state.pending
    assert scene.sync.status().last_change_at == START
    assert scene.log.jobs == [scene.bedrock.running.job_id]


def test_a_thousand_changes_at_once_make_two_jobs(scene: Scene) -> None:
    for n in range(1000):
        scene.change(f"{n}.md", f"{n}.png")
    assert (scene.state.requested, scene.log.changes) == (1000, 2000)
    scene.sweep_after()
    assert scene.state.pending, "a job runs"
    scene.bedrock.end()
    scene.sweep_after()
    scene.bedrock.end()
    scene.sweep_after()
    assert not scene.state.pending
    assert scene.bedrock.count("start") == 2
    assert len(scene.state.recorded) == 2


def test_a_notice_of_nothing_that_matters_starts_nothing(scene: Scene) -> None:
    scene.sync.documents_changed({"Event": "s3:TestEvent"})
    scene.sync.documents_changed(notification("guides/", "b/"))
    assert scene.states.state == SyncState()
    assert scene.log.reasons == {"test": 1, "folder": 2}
    assert scene.bedrock.calls == []


def test_a_change_that_is_noted_is_not_sent_again_for_what_fails_later(scene: Scene) -> None:
    def go_down_once_it_is_noted() -> None:
        if scene.state.pending:
            scene.states.down = Unavailable("sync_state")

    scene.states.before = go_down_once_it_is_noted
    scene.change()
    assert scene.state.pending
    assert scene.bedrock.calls == []
    assert scene.log.without == ["sync"]


@pytest.mark.parametrize("error", [THROTTLED, BUSY, IngestionCallFailed("AccessDeniedException")])
def test_a_refused_start_stays_pending_until_the_sweep(scene: Scene, error: IngestionCallFailed) -> None:
    scene.bedrock.refuse("start", error)
    scene.change()
    assert (scene.state.pending, scene.sync.status().last_error) == (True, error.code)
    assert scene.log.refused == [(error.code, 1)]
    scene.sweep_after()
    assert scene.bedrock.running
    assert (scene.state.pending, scene.state.last_error) == (False, None)


def test_events_do_not_try_again_before_the_time(scene: Scene) -> None:
    scene.bedrock.refuse("start", THROTTLED)
    for _ in range(100):
        scene.change()
    assert scene.bedrock.count("start") == 1
    scene.clock.advance(seconds=12)
    scene.change()
    assert scene.bedrock.count("start") == 2


@pytest.mark.parametrize(
    ("error", "waits"),
    [(THROTTLED, [12, 24, 48, 96, 192, 300, 300]), (BUSY, [12, 24, 48, 60, 60, 60, 60])],
)
def test_the_wait_doubles_up_to_a_limit(scene: Scene, error: IngestionCallFailed, waits: list[int]) -> None:
    scene.bedrock.refuse("start", *[error] * len(waits))
    scene.change()
    for wait in waits:
        assert scene.state.next_start_at == scene.clock() + timedelta(seconds=wait)
        scene.sweep_after(wait)
    assert scene.bedrock.running


def test_a_very_long_outage_is_waited_out(scene: Scene) -> None:
    scene.bedrock.refuse("start", *[THROTTLED] * 2000)
    scene.change()
    for _ in range(2000):
        scene.sweep_after(300)
    assert scene.bedrock.running


def test_a_start_whose_answer_got_lost_finds_its_job(scene: Scene) -> None:
    started = scene.bedrock.start
    token: list[str] = []

    def lose_the_answer(sent: str, trigger: str) -> None:
        token.append(sent)
        started(sent, "change")
        raise IngestionCallFailed("ReadTimeoutError")

    scene.bedrock.start = lose_the_answer  # type: ignore[method-assign,assignment]
    scene.change()
    scene.bedrock.start = started  # type: ignore[method-assign]
    scene.sweep_after()
    assert len(scene.bedrock.ran) == 1
    assert scene.state.active
    assert not scene.state.pending
    assert len(token[0]) == 64
    assert token[0].isalnum()


def test_a_holder_that_died_is_followed_when_its_lease_is_over(scene: Scene) -> None:
    scene.bedrock.refusals["start"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        scene.change()
    scene.sweep_after(LEASE.total_seconds() - 1)
    assert not scene.bedrock.running
    scene.sweep_after(1)
    assert scene.bedrock.running


def test_starts_keep_their_distance(scene: Scene) -> None:
    scene.change()
    scene.bedrock.end()
    scene.change()
    scene.sync.sweep()
    assert scene.bedrock.count("start") == 1
    scene.sweep_after(START_INTERVAL.total_seconds())
    assert scene.bedrock.count("start") == 2


def test_the_sweep_records_how_a_job_ended_though_nobody_asks(scene: Scene) -> None:
    scene.change()
    scene.clock.advance(seconds=20)
    job = scene.bedrock.end("COMPLETE", BAD_FILE, failed=1)
    scene.sweep_after()
    assert scene.states.kept == {job.job_id: job}
    assert scene.state.settled_at == scene.clock()
    assert scene.log.outcomes == [("COMPLETE", False)]


def test_an_idle_sweep_asks_bedrock_nothing(scene: Scene) -> None:
    scene.run_a_job()
    before = len(scene.bedrock.calls)
    scene.sweep_after()
    assert len(scene.bedrock.calls) == before


@pytest.mark.parametrize(("status", "code"), [("FAILED", "JobFailed"), ("STOPPED", "JobStopped")])
def test_a_job_that_bedrock_did_not_finish_is_tried_again(scene: Scene, status: str, code: str) -> None:
    scene.change()
    scene.bedrock.end(status, FileFailure(None, "Internal error."))
    scene.sweep_after()
    assert (scene.state.pending, scene.state.last_error) == (True, code)
    assert scene.log.outcomes == [(status, True)]
    assert scene.state.settled_at == scene.clock()
    scene.sweep_after()
    assert scene.bedrock.running
    assert scene.bedrock.running.trigger == "retry"


def test_jobs_that_fail_for_ever_are_tried_less_and_less_often(scene: Scene) -> None:
    scene.change()
    for _ in range(60):
        if scene.bedrock.running:
            scene.bedrock.end("FAILED")
        scene.sweep_after()
    assert 7 <= scene.bedrock.count("start") <= 12
    assert scene.state.pending


def test_a_job_that_failed_on_files_is_not_repeated(scene: Scene) -> None:
    scene.change()
    scene.bedrock.end("FAILED", BAD_FILE, failed=1)
    scene.sweep_after()
    assert not scene.state.pending
    assert scene.log.outcomes == [("FAILED", False)]
    (event,) = scene.events.kept
    assert (event.type, event.subject) == ("kb.sync_failed", "knowledge-base")
    assert event.data == {
        "job_id": scene.bedrock.newest(1)[0].job_id,
        "failed": 1,
        "failures": [{"file": BAD_FILE.file, "reason": BAD_FILE.reason}],
    }


def test_a_failure_that_cannot_be_told_now_is_told_later_and_once(scene: Scene) -> None:
    scene.change()
    scene.bedrock.end("FAILED", BAD_FILE, failed=1)
    scene.events.down = Unavailable("events")
    with pytest.raises(Unavailable):
        scene.sweep_after()
    scene.events.down = None
    scene.sweep_after()
    scene.sweep_after()
    assert len(scene.events.kept) == 1


@pytest.mark.parametrize(
    ("failures", "failed"),
    [((), 1), ((BAD_FILE,), 0), ((BAD_FILE, FileFailure(None, "Internal error.")), 1)],
)
def test_a_failure_that_files_do_not_explain_is_bedrocks(
    scene: Scene, failures: tuple[FileFailure, ...], failed: int
) -> None:
    scene.change()
    scene.bedrock.end("FAILED", *failures, failed=failed)
    scene.sweep_after()
    assert scene.state.pending
    assert not scene.events.kept


def test_a_job_that_bedrock_forgot_is_requested_again(scene: Scene) -> None:
    scene.change()
    scene.bedrock.lose()
    scene.sweep_after(60)
    assert scene.state.active, "it may only not be known everywhere yet"
    scene.sweep_after(60)
    assert scene.state.pending
    (job,) = scene.sync.status().jobs
    assert job.failures == (FileFailure(None, "Bedrock does not know this job any more."),)
    assert job.ended_at == scene.clock()


def test_a_sweep_without_bedrock_changes_nothing(scene: Scene) -> None:
    scene.change()
    before = scene.state
    scene.bedrock.refuse("get", THROTTLED)
    scene.sweep_after()
    assert scene.state == before
    assert scene.log.without == ["ingestion"]


def test_a_job_of_the_console_delays_ours_and_is_shown_too(scene: Scene) -> None:
    scene.bedrock.begin()
    scene.change()
    assert scene.state.pending
    scene.clock.advance(seconds=5)
    scene.bedrock.end("COMPLETE", BAD_FILE, failed=1)
    scene.sweep_after()
    ours, theirs = scene.sync.status().jobs
    assert (ours.trigger, theirs.trigger) == ("change", "console")
    assert theirs.failures == (BAD_FILE,)
    assert scene.log.outcomes == [("COMPLETE", False)]
    assert ours.status == "IN_PROGRESS"


def test_a_job_of_the_console_covers_nothing(scene: Scene) -> None:
    scene.bedrock.refuse("start", THROTTLED)
    scene.change()
    scene.bedrock.begin()
    scene.bedrock.end()
    scene.bedrock.refuse("start", THROTTLED)
    scene.sweep_after()
    assert len(scene.state.recorded) == 1
    assert scene.state.pending


def test_an_agent_starts_a_job_or_waits_for_the_one_that_runs(scene: Scene) -> None:
    assert scene.sync.request_now() == SyncRequest("JOB0000001")
    assert scene.bedrock.running
    assert scene.bedrock.running.trigger == "manual"
    assert scene.sync.status().last_change_at is None
    assert scene.sync.request_now() == SyncRequest(None)
    assert scene.state.pending


def test_in_a_pause_nothing_starts_and_afterwards_all_of_it_does(scene: Scene) -> None:
    until = scene.clock() + timedelta(hours=1)
    scene.states.state = SyncState(paused_until=until)
    scene.change()
    assert scene.sync.request_now() == SyncRequest(None, until)
    assert scene.sync.status().paused_until == until
    scene.sweep_after()
    assert scene.bedrock.count("start") == 0
    scene.sweep_after(3600)
    assert scene.bedrock.count("start") == 1
    assert not scene.state.pending
    assert scene.sync.status().paused_until is None


def test_a_job_that_is_stopped_in_a_pause_is_looked_after_once_it_is_over(scene: Scene) -> None:
    scene.change()
    scene.states.state = replace(scene.state, paused_until=scene.clock() + timedelta(minutes=2))
    scene.bedrock.end("STOPPED")
    scene.sweep_after()
    assert scene.bedrock.count("get") == 0
    for _ in range(3):
        scene.sweep_after(3600)
    assert scene.bedrock.count("start") == 2


def test_the_status_at_first_is_empty(scene: Scene) -> None:
    status = scene.sync.status()
    assert (status.pending, status.last_change_at, status.last_error, status.jobs) == (False, None, None, ())


def test_asking_for_the_status_records_what_ended_and_starts_nothing(scene: Scene) -> None:
    scene.change()
    scene.change()
    (running,) = scene.sync.status().jobs
    assert (running.status, running.ended_at) == ("IN_PROGRESS", None)
    scene.clock.advance(minutes=5)
    scene.bedrock.end()
    status = scene.sync.status()
    assert [job.status for job in status.jobs] == ["COMPLETE"]
    assert status.pending
    assert scene.bedrock.count("start") == 1


@pytest.mark.parametrize("operation", ["get", "newest"])
def test_without_bedrock_the_status_shows_what_is_stored(scene: Scene, operation: str) -> None:
    scene.run_a_job()
    scene.change()
    scene.bedrock.refuse(operation, THROTTLED)
    assert [job.status for job in scene.sync.status().jobs] == ["STARTING", "COMPLETE"]
    assert scene.log.without == ["ingestion"]


def test_the_status_shows_the_last_twenty_jobs_newest_first(scene: Scene) -> None:
    for _ in range(25):
        scene.run_a_job()
    jobs = scene.sync.status().jobs
    assert [job.job_id for job in jobs] == [f"JOB{n:07}" for n in range(25, 5, -1)]
    assert len(scene.state.recorded) == 20


def test_a_knowledge_base_is_settled_when_all_is_recorded(scene: Scene) -> None:
    assert scene.state.settled_since == EPOCH
    scene.bedrock.refuse("start", THROTTLED)
    scene.change()
    assert scene.state.settled_since is None, "pending"
    scene.sweep_after()
    assert scene.state.settled_since is None, "a job runs"
    scene.bedrock.end()
    scene.sweep_after()
    assert scene.state.settled_since == scene.clock()


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.documents_changed(notification("a.md")),
        lambda s: s.request_now(),
        lambda s: s.sweep(),
        lambda s: s.status(),
    ],
)
def test_without_the_state_nothing_is_claimed(
    scene: Scene, call: Callable[[KnowledgeBaseSync], object]
) -> None:
    scene.states.down = Unavailable("sync_state")
    with pytest.raises(Unavailable):
        call(scene.sync)


def test_the_documents_that_were_there_before_are_synced_at_first() -> None:
    scene = Scene(DAY)
    scene.sync.sweep()
    assert scene.bedrock.running
    assert scene.bedrock.running.trigger == "daily"


def test_without_changes_there_is_a_job_a_day() -> None:
    scene = Scene(DAY)
    for _ in range(3 * 24 * 60):
        if scene.bedrock.running:
            scene.bedrock.end()
        scene.sweep_after()
    assert scene.bedrock.count("start") == 3


def test_switched_off_there_is_no_job_without_a_change(scene: Scene) -> None:
    scene.run_a_job()
    scene.sweep_after(DAY.total_seconds() * 30)
    assert scene.bedrock.count("start") == 1
