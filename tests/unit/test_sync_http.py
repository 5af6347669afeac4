"""The knowledge base's routes and events, over a sync that only remembers what it was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import S3EventConfig, ScheduledEventConfig
from chalice.test import Client, HTTPResponse

import app as app_module
from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.domain.ingestion import FileFailure, IngestionJob, IngestionStatistics, SyncStatus
from chalicelib.errors import Unavailable
from tests.fakes import START, Outage
from tests.unit.test_http import error_of

AGENT = {"Authorization": "Bearer token-of-an-agent"}
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
        self.job_id: str | None = "JOB3"
        self.events: list[object] = []
        self.sweeps = 0
        self.state = SyncStatus(True, START, "ConflictException", (RUNNING, FAILED))

    def request_now(self) -> str | None:
        self.check()
        return self.job_id

    def status(self) -> SyncStatus:
        self.check()
        return self.state

    def documents_changed(self, event: object) -> None:
        self.check()
        self.events.append(event)

    def sweep(self) -> None:
        self.check()
        self.sweeps += 1


@dataclass
class Web:
    """The app over a fake sync."""

    client: Client
    sync: FakeSync = field(default_factory=FakeSync)

    def send(self, method: str, headers: dict[str, str] | None = None) -> HTTPResponse:
        """Send a request to /kb/sync as an agent."""
        return self.client.http.request(method, "/kb/sync", headers=AGENT if headers is None else headers)

    def invoke(self, function: str, event: object) -> None:
        """Invoke a function as AWS does."""
        self.client.lambda_.invoke(function, event)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with Client(app_module.app) as client:
        web = Web(client)
        tokens = AgentTokens(lambda: {"agent": "token-of-an-agent"})
        services = SimpleNamespace(sync=web.sync, agent_tokens=tokens)
        monkeypatch.setattr(app_module, "services", lambda: services)
        yield web


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_sync_is_for_agents(web: Web, method: str) -> None:
    assert web.send(method, {}).status_code == 401
    assert web.send(method, {"Authorization": "Bearer wrong"}).status_code == 403


def test_a_sync_that_starts_at_once_names_its_job(web: Web) -> None:
    answer = web.send("POST")
    body = {"status": "started", "job_id": "JOB3", "correlation_id": answer.headers["X-Correlation-Id"]}
    assert (answer.status_code, answer.json_body) == (202, body)


def test_a_sync_that_has_to_wait_is_queued(web: Web) -> None:
    web.sync.job_id = None
    answer = web.send("POST")
    body = {"status": "queued", "correlation_id": answer.headers["X-Correlation-Id"]}
    assert (answer.status_code, answer.json_body) == (202, body)


def test_the_status_names_jobs_with_their_numbers_and_failed_files(web: Web) -> None:
    body = web.send("GET").json_body
    body.pop("correlation_id")
    assert body == {
        "pending": True,
        "last_change_at": "2026-11-20T12:00:00.000+00:00",
        "last_error": "ConflictException",
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


def test_before_the_first_sync_there_is_nothing_to_tell(web: Web) -> None:
    web.sync.state = SyncStatus(False, None, None, ())
    body = web.send("GET").json_body
    body.pop("correlation_id")
    assert body == {"pending": False, "last_change_at": None, "last_error": None, "jobs": []}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_state_out_of_reach_is_503(web: Web, method: str) -> None:
    web.sync.down = Unavailable("state")
    error_of(web.send(method), 503, "unavailable")


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {}}}]},
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
        {"Records": []},
        {},
        [],
        "text",
    ],
    ids=str,
)
def test_an_event_of_any_shape_gets_to_the_sync(web: Web, event: object) -> None:
    web.invoke("documents_changed", event)
    assert web.sync.events == [event]


def test_a_change_that_could_not_be_noted_fails_so_that_lambda_tries_again(web: Web) -> None:
    web.sync.down = Unavailable("state")
    with pytest.raises(Unavailable):
        web.invoke("documents_changed", {})


def test_the_bucket_tells_of_all_that_is_created_and_removed() -> None:
    (source,) = [s for s in app_module.app.event_sources if isinstance(s, S3EventConfig)]
    assert source.name == "documents_changed"
    assert source.events == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


def test_every_minute_the_sync_is_swept(web: Web) -> None:
    (source,) = [s for s in app_module.app.event_sources if isinstance(s, ScheduledEventConfig)]
    assert source.name == "sweep"
    assert source.schedule_expression == "rate(1 minute)"
    web.invoke("sweep", scheduled_event())
    assert web.sync.sweeps == 1


def scheduled_event() -> dict[str, Any]:
    """Return what EventBridge sends."""
    names = ("version", "account", "region", "detail-type", "source", "time", "id")
    return dict.fromkeys(names, "x") | {"detail": {}, "resources": []}
