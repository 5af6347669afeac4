"""Ingestion jobs as Bedrock describes them; requests and answers are held to botocore's own model."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from chalicelib.domain.ingestion import FileFailure, IngestionJob, IngestionStatistics
from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy, Unavailable, UnknownIngestionJob
from chalicelib.gateways.ingestion import IngestionGateway, require_active
from tests.aws import stubbed
from tests.fakes import START

TOKEN = "0" * 64
KB = "KB12345678"
WHERE = {"knowledgeBaseId": KB, "dataSourceId": "DS12345678"}
LATER = START + timedelta(seconds=9)


def described(status: str = "IN_PROGRESS", **changes: Any) -> dict[str, Any]:
    job = {
        **WHERE,
        "ingestionJobId": "JOB1234567",
        "status": status,
        "startedAt": START,
        "updatedAt": LATER,
        "description": "customer-support: change",
        **changes,
    }
    return {name: value for name, value in job.items() if value is not None}


def gateway() -> tuple[IngestionGateway, Stubber]:
    client, stub = stubbed("bedrock-agent")
    return IngestionGateway(client, "KB12345678", "DS12345678"), stub


def get(**changes: Any) -> IngestionJob:
    jobs, stub = gateway()
    expected = {**WHERE, "ingestionJobId": "JOB1234567"}
    stub.add_response("get_ingestion_job", {"ingestionJob": described(**changes)}, expected)
    return jobs.get("JOB1234567")


def test_a_job_is_started_with_its_token_and_says_what_for() -> None:
    jobs, stub = gateway()
    expected = {**WHERE, "clientToken": TOKEN, "description": "customer-support: change"}
    stub.add_response("start_ingestion_job", {"ingestionJob": described("STARTING")}, expected)
    assert jobs.start(TOKEN, "change") == IngestionJob("JOB1234567", "STARTING", START, None, "change")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS", "STOPPING", "COMPLETE", "FAILED", "STOPPED"])
def test_a_job_that_ended_did_so_when_it_last_changed(status: str) -> None:
    has_ended = status in ("COMPLETE", "FAILED", "STOPPED")
    assert (get(status=status).ended_at, get(status=status).has_ended) == (
        LATER if has_ended else None,
        has_ended,
    )


def test_what_a_job_did_is_counted() -> None:
    counts = {
        "numberOfDocumentsScanned": 30,
        "numberOfMetadataDocumentsScanned": 28,
        "numberOfNewDocumentsIndexed": 4,
        "numberOfModifiedDocumentsIndexed": 3,
        "numberOfMetadataDocumentsModified": 2,
        "numberOfDocumentsDeleted": 1,
        "numberOfDocumentsFailed": 5,
    }
    assert get(statistics=counts).statistics == IngestionStatistics(30, 4, 5, 1, 5)
    assert get(statistics={}).statistics == get().statistics == IngestionStatistics()


def test_what_failed_is_named() -> None:
    reason = (
        '["Encountered error: Too large. [Files: s3://kb/a b.pdf]. Call to Customer Source did not succeed."]'
    )
    assert get(status="COMPLETE", failureReasons=[reason]).failures == (FileFailure("a b.pdf", "Too large."),)


@pytest.mark.parametrize(
    ("description", "trigger"),
    [
        *((f"customer-support: {trigger}", trigger) for trigger in ("change", "manual", "retry", "daily")),
        *((other, "console") for other in (None, "change", "customer-support: whim", "nightly")),
    ],
)
def test_a_job_of_ours_is_known_by_its_description(description: str | None, trigger: str) -> None:
    assert get(description=description).trigger == trigger


def test_the_newest_jobs_come_newest_first() -> None:
    jobs, stub = gateway()
    newest_first = {"attribute": "STARTED_AT", "order": "DESCENDING"}
    expected = {**WHERE, "maxResults": 20, "sortBy": newest_first}
    summaries = [described(ingestionJobId=f"JOB000000{n}") for n in (3, 2, 1)]
    stub.add_response("list_ingestion_jobs", {"ingestionJobSummaries": summaries}, expected)
    assert [job.job_id[-1] for job in jobs.newest(20)] == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ConflictException", "There is an ongoing ingestion job."),
        ("ValidationException", "There is an ongoing KnowledgeBaseDocuments API request."),
    ],
)
def test_a_knowledge_base_at_work_is_busy(code: str, message: str) -> None:
    jobs, stub = gateway()
    stub.add_client_error("start_ingestion_job", code, message)
    with pytest.raises(KnowledgeBaseBusy) as refusal:
        jobs.start(TOKEN, "change")
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ServiceQuotaExceededException",
        "ValidationException",
        "AccessDeniedException",
        "InternalServerException",
    ],
)
def test_another_refusal_is_an_outage_with_its_code(code: str) -> None:
    jobs, stub = gateway()
    for operation in ("start_ingestion_job", "get_ingestion_job", "list_ingestion_jobs"):
        stub.add_client_error(operation, code, "arn:aws:bedrock:us-east-1:123:x")
    for call in (
        lambda: jobs.start(TOKEN, "change"),
        lambda: jobs.get("JOB1234567"),
        lambda: jobs.newest(20),
    ):
        with pytest.raises(IngestionCallFailed) as refusal:
            call()
        assert (type(refusal.value), refusal.value.code) == (IngestionCallFailed, code)
        assert "arn" not in str(refusal.value)


def test_a_job_that_is_not_there_is_unknown() -> None:
    jobs, stub = gateway()
    stub.add_client_error("get_ingestion_job", "ResourceNotFoundException")
    with pytest.raises(UnknownIngestionJob):
        jobs.get("JOB1234567")


def test_no_answer_is_an_outage_named_by_its_type() -> None:
    class Silent:
        def start_ingestion_job(self, **request: object) -> None:
            raise ReadTimeoutError(endpoint_url="https://bedrock-agent.example.com")

    with pytest.raises(Unavailable) as outage:
        IngestionGateway(Silent(), "KB12345678", "DS12345678").start(TOKEN, "change")  # type: ignore[arg-type]
    assert (outage.value.dependency, outage.value.code) == ("ingestion", "ReadTimeoutError")  # type: ignore[attr-defined]


def knowledge_base(status: str) -> dict[str, Any]:
    kind = {"type": "VECTOR"}
    times = {"createdAt": START, "updatedAt": START}
    made = {"name": "kb", "knowledgeBaseArn": f"arn:aws:bedrock:us-east-1:123456789012:knowledge-base/{KB}"}
    role = "arn:aws:iam::123456789012:role/kb"
    return {
        "knowledgeBaseId": KB,
        "status": status,
        "roleArn": role,
        "knowledgeBaseConfiguration": kind,
        **made,
        **times,
    }


@pytest.mark.parametrize("status", ["CREATING", "ACTIVE", "FAILED"])
def test_a_knowledge_base_is_in_reach_when_it_is_active(status: str) -> None:
    client, stub = stubbed("bedrock-agent")
    stub.add_response("get_knowledge_base", {"knowledgeBase": knowledge_base(status)})
    with nullcontext() if status == "ACTIVE" else pytest.raises(Unavailable):
        require_active(client, KB)


def test_a_knowledge_base_that_bedrock_refuses_is_out_of_reach() -> None:
    client, stub = stubbed("bedrock-agent")
    stub.add_client_error("get_knowledge_base", "ResourceNotFoundException")
    with pytest.raises(Unavailable):
        require_active(client, KB)
