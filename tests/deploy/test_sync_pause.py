"""What `infra` writes into the sync's state is what keeps the app from starting jobs."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from moto import mock_aws

from chalicelib.domain.ingestion import SyncLease, SyncState
from chalicelib.stores.sync_state import SyncItem, SyncStates
from deployment.made.sync_pause import LONGEST_PAUSE_SECONDS, pause_sync, resume_sync
from tests.deploy.fakes import FakeClient, Scene, scene
from tooling.template import Template

OUTPUTS = {"KnowledgeBaseId": "KB12345678", "DataSourceId": "DS12345678"}
LONGEST_PAUSE = timedelta(seconds=LONGEST_PAUSE_SECONDS)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A stage with the table of its state."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (table,) = (each for each in Template().tables() if each.name == "support-state")
    monkeypatch.setattr(SyncItem.Meta, "table_name", f"{table.name}-dev")
    monkeypatch.setattr(SyncItem, "_connection", None)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(TableName=f"{table.name}-dev", **table.properties)
        no_jobs = FakeClient(list_ingestion_jobs={"ingestionJobSummaries": []})
        yield scene({"dynamodb": client, "bedrock-agent": no_jobs})


def test_no_job_may_start_until_the_pause_is_lifted_or_over(stage: Scene) -> None:
    states, now = SyncStates("DS12345678"), datetime.now(timezone.utc)
    states.request("change", now)
    pause_sync(stage.work, OUTPUTS)
    assert states.read().is_paused(now)
    lease = SyncLease("first", now + timedelta(seconds=30))
    assert states.lease(lease, now) is None
    assert states.lease(lease, now + LONGEST_PAUSE + timedelta(minutes=1))
    resume_sync(stage.work, "DS12345678")
    assert not states.read().is_paused(now)
    assert states.lease(SyncLease("second", now), now + timedelta(seconds=31))


def test_a_start_that_is_under_way_is_waited_for(stage: Scene) -> None:
    states, now = SyncStates("DS12345678"), datetime.now(timezone.utc)
    states.request("change", now)
    states.lease(SyncLease("first", now + timedelta(seconds=30)), now)
    pause_sync(stage.work, OUTPUTS)
    assert stage.pauses == [pytest.approx(30, abs=5)]


def test_what_was_never_synced_can_be_paused_and_is_as_before(stage: Scene) -> None:
    pause_sync(stage.work, OUTPUTS)
    resume_sync(stage.work, "DS12345678")
    assert SyncStates("DS12345678").read() == SyncState()


def test_without_the_table_or_a_data_source_there_is_nothing_to_pause(stage: Scene) -> None:
    stage.work.account.client("dynamodb").delete_table(TableName="support-state-dev")
    pause_sync(stage.work, OUTPUTS)
    pause_sync(stage.work, {})
    assert stage.work.account.client("bedrock-agent").called("list_ingestion_jobs")
