"""The knowledge base's routes and events, over a sync that only remembers what it was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from chalice.app import S3EventConfig, ScheduledEventConfig

from app import app
from chalicelib.domain.ingestion import (
    FileFailure,
    IngestionJob,
    IngestionStatistics,
    SyncRequest,
    SyncStatus,
)
from chalicelib.errors import Unavailable
from tests.fakes import START, Outage
from tests.web import AGENT, Web, serving

RUNNING = IngestionJob("JOB2", "IN_PROGRESS", START + timedelta(minutes=1), None, "change")
FAILED = IngestionJob(
    "JOB1",
    "COMPLETE",
    START,
    START + timedelta(seconds=40),
    "manual",
    IngestionStatistics(scanned=5, new=1, modified=2, deleted=1, failed=1),
    (FileFailure("a b.md", "is empty"), FileFailure(None, "Bedrock is ill")),
)


class FakeSync(Outage):
    """Answers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.request = SyncRequest("JOB3")
        self.events: list[object] = []
        self.sweeps = 0
        self.state = SyncStatus(True, START, "ConflictException", (RUNNING, FAILED))

    def request_now(self) -> SyncRequest:
        self.check()
        return self.request

    def status(self) -> SyncStatus:
        self.check()
        return self.state

    def documents_changed(self, event: object) -> None:
        self.check()
        self.events.append(event)

    def sweep(self) -> None:
        self.check()
        self.sweeps += 1


class FakeDue(Outage):
    """Counts how often what is due was woken, judged or renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.sweeps = 0

    def wake_due(self) -> None:
        self.sweeps += 1
        self.check()

    judge_due = renew_due = wake_due


@dataclass(frozen=True)
class Office(Web):
    """The agents' side over a fake sync."""

    sync: FakeSync = field(default_factory=FakeSync)
    due: dict[str, FakeDue] = field(default_factory=dict)

    def answer(self, method: str, status: int) -> dict[str, Any]:
        """Return what /kb/sync answers."""
        response = self.send(method, "/kb/sync")
        body: dict[str, Any] = response.json_body
        assert response.status_code == status, body
        assert body.pop("correlation_id") == response.headers["X-Correlation-Id"]
        return body


@pytest.fixture
def web() -> Iterator[Office]:
    sync = FakeSync()
    due = {name: FakeDue() for name in ("deliveries", "counting", "gaps")}
    with serving(AGENT, sync=sync, **due) as web:
        yield Office(web.client, web.headers, sync, due)


def test_a_sync_starts_at_once_with_a_job_or_is_queued(web: Office) -> None:
    assert web.answer("POST", 202) == {"status": "started", "job_id": "JOB3"}
    web.sync.request = SyncRequest(None)
    assert web.answer("POST", 202) == {"status": "queued"}


def test_a_sync_that_is_asked_for_in_a_pause_is_queued_and_says_why(web: Office) -> None:
    web.sync.request = SyncRequest(None, START)
    answer = web.answer("POST", 202)
    assert answer["status"] == "queued"
    assert answer["message"].startswith("The vector store is being changed.")
    assert answer["message"].endswith("at the latest at 2026-11-20T12:00:00.000+00:00.")
    web.sync.state = SyncStatus(False, None, None, (), START)
    assert web.answer("GET", 200)["paused_until"] == "2026-11-20T12:00:00.000+00:00"


def test_the_status_names_jobs_with_their_numbers_and_failed_files(web: Office) -> None:
    assert web.answer("GET", 200) == {
        "pending": True,
        "last_change_at": "2026-11-20T12:00:00.000+00:00",
        "last_error": "ConflictException",
        "paused_until": None,
        "jobs": [
            {
                "job_id": "JOB2",
                "status": "IN_PROGRESS",
                "started_at": "2026-11-20T12:01:00.000+00:00",
                "ended_at": None,
                "trigger": "change",
                "statistics": {"scanned": 0, "new": 0, "modified": 0, "deleted": 0, "failed": 0},
                "failures": [],
            },
            {
                "job_id": "JOB1",
                "status": "COMPLETE",
                "started_at": "2026-11-20T12:00:00.000+00:00",
                "ended_at": "2026-11-20T12:00:40.000+00:00",
                "trigger": "manual",
                "statistics": {"scanned": 5, "new": 1, "modified": 2, "deleted": 1, "failed": 1},
                "failures": [
                    {"file": "a b.md", "reason": "is empty"},
                    {"file": None, "reason": "Bedrock is ill"},
                ],
            },
        ],
    }


def test_before_the_first_sync_there_is_nothing_to_tell(web: Office) -> None:
    web.sync.state = SyncStatus(False, None, None, ())
    status = web.answer("GET", 200)
    nothing = {"last_change_at": None, "last_error": None, "paused_until": None}
    assert status == {"pending": False, **nothing, "jobs": []}


@pytest.mark.parametrize("event", [{"Event": "s3:TestEvent"}, {"Records": []}, [], "text"], ids=str)
def test_an_event_of_any_shape_gets_to_the_sync(web: Office, event: object) -> None:
    web.client.lambda_.invoke("documents_changed", event)
    assert web.sync.events == [event]


def test_a_change_that_could_not_be_noted_fails_so_that_it_comes_again(web: Office) -> None:
    web.sync.down = Unavailable("state")
    with pytest.raises(Unavailable):
        web.client.lambda_.invoke("documents_changed", {})


def test_the_bucket_tells_of_all_that_is_created_and_removed() -> None:
    (source,) = [s for s in app.event_sources if isinstance(s, S3EventConfig)]
    assert source.name == "documents_changed"
    assert source.events == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


def test_every_minute_the_sync_is_swept(web: Office) -> None:
    (source,) = [s for s in app.event_sources if isinstance(s, ScheduledEventConfig)]
    assert source.name == "sweep"
    assert source.schedule_expression == "rate(1 minute)"
    names = ("version", "account", "region", "detail-type", "source", "time", "id")
    event: dict[str, Any] = {**dict.fromkeys(names, "x"), "detail": {}, "resources": []}
    web.client.lambda_.invoke("sweep", event)
    assert web.sync.sweeps == 1
    web.sync.down = web.due["counting"].down = Unavailable("storage")
    with pytest.raises(Unavailable):
        web.client.lambda_.invoke("sweep", event)
    assert [each.sweeps for each in web.due.values()] == [2, 2, 2]
