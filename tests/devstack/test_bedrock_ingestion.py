"""Ingestion jobs: asynchronous, one at a time, incremental, and honest about what failed."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from chalicelib.gateways.failure_reasons import read_failures
from devstack.bedrock.knowledge.sidecar import InvalidSidecar, attributes_from
from tests.devstack.bedrock_server import (
    DATA_SOURCE,
    KNOWLEDGE_BASE,
    NAMES,
    Documents,
    Server,
    running,
    serving,
    wait_for,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def slow() -> Iterator[Server]:
    """A stand-in whose jobs last until they are stopped."""
    with running(Documents({"a.md": "# A\n\nAlpha."}), ingestion_seconds=60.0) as server:
        yield server


def sidecar(**attributes: Any) -> str:
    return json.dumps({"metadataAttributes": attributes})


def found(server: Server, query: str, limit: int = 5) -> list[Any]:
    answer = server.agent_runtime.retrieve(
        knowledgeBaseId=KNOWLEDGE_BASE,
        retrievalQuery={"text": query},
        retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": limit}},
    )
    return list(answer["retrievalResults"])


def counts(job: dict[str, Any]) -> dict[str, int]:
    """Return the statistics that are not zero, by the short end of their names."""
    return {name.removeprefix("numberOf"): value for name, value in job["statistics"].items() if value}


def said(job: dict[str, Any]) -> list[str]:
    """Return the sentences in a job's failure reasons; AWS packs them into strings of JSON."""
    reasons: list[str] = job.get("failureReasons", [])
    assert all(len(reason) <= 2_048 for reason in reasons)
    return [sentence for reason in reasons for sentence in json.loads(reason)]


def said_of(job: dict[str, Any], key: str) -> str:
    """Return the one sentence that names a file."""
    (sentence,) = [each for each in said(job) if f"s3://documents/{key}" in each]
    return sentence


def start(server: Server, **parameters: str) -> Any:
    return server.agent.start_ingestion_job(**{**NAMES, **parameters})["ingestionJob"]


def status(server: Server, job_id: str) -> str:
    return server.agent.get_ingestion_job(**NAMES, ingestionJobId=job_id)["ingestionJob"]["status"]


def wait_for_status(server: Server, job_id: str, wanted: str) -> None:
    wait_for(lambda: {} if status(server, job_id) == wanted else None)


def test_a_document_becomes_answerable_by_a_job(server: Server) -> None:
    server.documents.put("guides/refunds.md", "# Refunds\n\nRefunds take five days.")
    assert found(server, "refunds") == []
    job = server.ingest()
    assert job["status"] == "COMPLETE"
    assert counts(job) == {"DocumentsScanned": 1, "NewDocumentsIndexed": 1}
    (result,) = found(server, "refunds")
    assert result["location"] == {"type": "S3", "s3Location": {"uri": "s3://documents/guides/refunds.md"}}
    assert "failureReasons" not in job


def test_only_what_changed_is_indexed_again(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.documents.put("b.md", "# B\n\nBeta.")
    server.ingest()
    server.documents.put("a.md", "# A\n\nGamma.")
    assert counts(server.ingest()) == {"DocumentsScanned": 2, "ModifiedDocumentsIndexed": 1}
    assert counts(server.ingest()) == {"DocumentsScanned": 2}
    assert found(server, "alpha") == []
    assert len(found(server, "gamma")) == 1


def test_a_removed_document_disappears(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.ingest()
    server.documents.delete("a.md")
    assert counts(server.ingest()) == {"DocumentsDeleted": 1}
    assert found(server, "alpha") == []


def test_a_sidecar_adds_attributes_and_counts_on_its_own(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.documents.put("a.md.metadata.json", sidecar(title="The A", year=2024))
    assert counts(server.ingest()) == {
        "DocumentsScanned": 1,
        "MetadataDocumentsScanned": 1,
        "NewDocumentsIndexed": 1,
    }
    server.documents.put("a.md.metadata.json", sidecar(title="The A", year=2025))
    assert counts(server.ingest()) == {
        "DocumentsScanned": 1,
        "MetadataDocumentsScanned": 1,
        "MetadataDocumentsModified": 1,
    }
    (result,) = found(server, "alpha")
    assert result["metadata"]["year"] == 2025
    assert result["metadata"]["title"] == "The A"
    server.documents.delete("a.md.metadata.json")
    assert counts(server.ingest()) == {"DocumentsScanned": 1, "MetadataDocumentsModified": 1}
    assert "year" not in found(server, "alpha")[0]["metadata"]


def test_the_title_is_the_sidecars_or_the_documents_or_the_file_name(server: Server) -> None:
    server.documents.put("plain/zebra.txt", "Nothing to see.")
    server.documents.put("headed.md", "# Walrus\n\nNothing to see.")
    server.documents.put("named.md", "# Penguin\n\nNothing to see.")
    server.documents.put("named.md.metadata.json", sidecar(title="Ostrich"))
    server.ingest()
    assert found(server, "zebra")[0]["location"]["s3Location"]["uri"].endswith("zebra.txt")
    assert found(server, "walrus")[0]["location"]["s3Location"]["uri"].endswith("headed.md")
    assert found(server, "ostrich")[0]["location"]["s3Location"]["uri"].endswith("named.md")


def test_files_that_share_a_reason_are_named_in_one_sentence_as_aws_does(server: Server) -> None:
    for key in ("film.mp4", "sound of music.mp3", "broken.pdf"):
        server.documents.put(key, "x")
    job = server.ingest()
    assert job["status"] == "COMPLETE"
    assert len(job["failureReasons"]) == 1
    assert said(job) == [
        "Encountered error: Ignored 1 files. The PDF is damaged. Open it, and save or print it as PDF again. "
        "[Files: s3://documents/broken.pdf]. Call to Customer Source did not succeed.",
        "Encountered error: Ignored 2 files as their file format was not supported. "
        "Use one of .csv, .docx, .htm, .html, .md, .pdf, .txt. "
        "[Files: s3://documents/film.mp4, s3://documents/sound of music.mp3]. "
        "Call to Customer Source did not succeed.",
    ]


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("film.mp4", b"x", "file format was not supported"),
        ("no-ending", b"x", "file format was not supported"),
        ("empty.md", b"", "The file is empty"),
        ("huge.txt", b"a" * (50 * 1024 * 1024 + 1), "larger than 50 MB"),
        ("latin.txt", "Größe".encode("latin-1"), "not UTF-8 text"),
        ("broken.pdf", b"not a pdf", "The PDF is damaged"),
        ("broken.docx", b"PK", "The Word file is damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_document_that_cannot_be_read_is_named_and_stops_no_other(
    server: Server, key: str, body: bytes, reason: str
) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.documents.put("z.md", "# Z\n\nOmega.")
    server.documents.put(key, body)
    job = server.ingest()
    assert job["status"] == "COMPLETE"
    assert counts(job) == {"DocumentsScanned": 3, "NewDocumentsIndexed": 2, "DocumentsFailed": 1}
    assert reason in said_of(job, key)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (sidecar(text="a" * 10_240), "larger than 10 KB"),
        ("{", "not JSON"),
        ("", "not JSON"),
        (b"\xff\xfe{", "not JSON"),
        ('{"metadataAttributes": {"year": NaN}}', "not JSON"),
        (r'{"metadataAttributes": {"title": "\ud800"}}', "not JSON"),
        ("[]", "no object metadataAttributes"),
        ('{"title": "A"}', "no object metadataAttributes"),
        (sidecar(nested={"a": 1}), "'nested'"),
        (sidecar(numbers=[1, 2]), "'numbers'"),
        (sidecar(**{"k" * 5_000: None}), "'kkk"),
    ],
    ids=[
        "too-large",
        "no-json",
        "empty",
        "bytes",
        "not-a-number",
        "half-a-character",
        "list",
        "no-attributes",
        "nested",
        "list-of-numbers",
        "long-name",
    ],
)
def test_a_bad_sidecar_fails_its_document_and_stops_no_other(
    server: Server, body: str | bytes, reason: str
) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.documents.put("a.md.metadata.json", body)
    server.documents.put("z.md", "# Z\n\nOmega.")
    job = server.ingest()
    assert counts(job)["DocumentsFailed"] == 1
    assert "due to invalid metadata attributes" in said_of(job, "a.md")
    assert reason in said_of(job, "a.md")
    assert found(server, "alpha") == []
    assert len(found(server, "omega")) == 1


KEYS = [
    "with space",
    "a+b",
    "100%",
    "50%25",
    "über/退货",
    "\"quoted\" 'twice'",
    "[brackets], (and) {braces}].",
    "why?",
    "c#",
    "a&b=c;d",
    "//slashes",
    "back\\slash",
    "../up",
    "e\u0301" * 340,
]
"""The last one is 1,020 bytes long, so with an ending of three letters it is as long as a key can be."""


def test_any_key_is_indexed_under_its_very_name(server: Server) -> None:
    for key in KEYS:
        server.documents.put(f"{key}.txt", "Alpha.")
    assert counts(server.ingest()) == {"DocumentsScanned": len(KEYS), "NewDocumentsIndexed": len(KEYS)}
    uris = {result["location"]["s3Location"]["uri"] for result in found(server, "alpha", len(KEYS))}
    assert uris == {f"s3://documents/{key}.txt" for key in KEYS}


def test_any_key_is_named_when_its_file_fails(server: Server) -> None:
    for key in KEYS:
        server.documents.put(f"{key}.mp4", "x")
    job = server.ingest()
    assert counts(job) == {"DocumentsScanned": len(KEYS), "DocumentsFailed": len(KEYS)}
    named = {failure.file for failure in read_failures(job["failureReasons"])}
    assert named == {f"{key}.mp4" for key in KEYS}


def test_a_name_that_is_too_long_for_a_reason_is_not_cut(server: Server) -> None:
    key = '"' * 1_020 + ".mp4"
    server.documents.put(key, "x")
    (reason,) = server.ingest()["failureReasons"]
    assert f"[Files: s3://documents/{key}]." in json.loads(reason)[0]


def test_every_one_of_many_files_is_named(server: Server) -> None:
    keys = {f"folder/{'long ' * 20}{number}.mp4" for number in range(200)}
    for key in keys:
        server.documents.put(key, "x")
    job = server.ingest()
    assert {failure.file for failure in read_failures(job["failureReasons"])} == keys
    assert len(said(job)) > 1
    assert sum(int(each.split("Ignored ")[1].split(" ")[0]) for each in said(job)) == len(keys)


def test_a_failed_document_is_tried_again_and_its_last_good_version_stays(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.ingest()
    server.documents.put("a.md.metadata.json", "{")
    assert counts(server.ingest())["DocumentsFailed"] == 1
    assert counts(server.ingest())["DocumentsFailed"] == 1
    assert len(found(server, "alpha")) == 1


def test_folders_and_sidecars_are_no_documents(server: Server) -> None:
    server.documents.put("guides/", "")
    server.documents.put("orphan.md.metadata.json", sidecar(title="Nobody"))
    assert counts(server.ingest()) == {"MetadataDocumentsScanned": 1}


def test_an_unreachable_bucket_fails_the_job(server: Server) -> None:
    server.documents.failure = OSError("the bucket is away")
    job = server.ingest()
    assert job["status"] == "FAILED"
    assert "the bucket is away" in job["failureReasons"][0]
    server.documents.failure = None
    assert server.ingest()["status"] == "COMPLETE"


class Vanishing(Documents):
    """A bucket that lists an object which is gone by the time it is read."""

    def read(self, key: str) -> bytes:
        if key == "gone.md":
            raise KeyError(key)
        return super().read(key)


def test_an_object_that_is_gone_since_it_was_listed_stops_no_other() -> None:
    with running(Vanishing({"a.md": "# A\n\nAlpha.", "gone.md": "# Gone"})) as server:
        job = server.ingest()
    assert counts(job) == {"DocumentsScanned": 2, "NewDocumentsIndexed": 1, "DocumentsFailed": 1}
    assert "The bucket did not hand it over" in said_of(job, "gone.md")


def test_a_job_fails_when_asked_to_and_the_next_one_makes_up_for_it(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    message = "The vector store did not answer."
    server.fault(operation="IngestionJob", error="InternalServerException", message=message, times=1)
    job = server.ingest()
    assert job["status"] == "FAILED"
    assert job["failureReasons"] == [f"InternalServerException: {message}"]
    assert counts(job) == {}
    assert found(server, "alpha") == []
    assert counts(server.ingest()) == {"DocumentsScanned": 1, "NewDocumentsIndexed": 1}


def test_a_job_takes_longer_when_asked_to_and_sees_nothing_of_what_came_meanwhile(server: Server) -> None:
    server.documents.put("a.md", "# A\n\nAlpha.")
    server.fault(operation="IngestionJob", delay_seconds=60, times=1)
    job_id = start(server)["ingestionJobId"]
    wait_for(lambda: {} if found(server, "alpha") else None)
    server.documents.put("b.md", "# B\n\nBeta.")
    assert status(server, job_id) == "IN_PROGRESS"
    with pytest.raises(server.agent.exceptions.ConflictException):
        start(server)
    server.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)
    wait_for_status(server, job_id, "STOPPED")
    assert found(server, "beta") == []
    assert counts(server.ingest()) == {"DocumentsScanned": 2, "NewDocumentsIndexed": 1}


@pytest.mark.parametrize(
    "fault", [{"error": "ThrottlingException"}, {"malformed": True}, {"rate_per_second": 1}]
)
def test_a_job_has_only_faults_that_a_job_can_have(server: Server, fault: dict[str, Any]) -> None:
    assert server.fault(operation="IngestionJob", **fault).status_code == 400


def test_embeddings_are_asked_for_when_there_is_a_model() -> None:
    asked: list[str] = []

    def embeddings(environ: Any, start_response: Any) -> Any:
        texts = json.loads(Request(environ).get_data())["input"]
        asked.extend(texts)
        data = [{"index": place, "embedding": [1.0, float(len(text))]} for place, text in enumerate(texts)]
        return Response(json.dumps({"data": data}))(environ, start_response)

    with serving(embeddings) as url:
        documents = Documents({"a.md": "# A\n\nAlpha."})
        with running(documents, embed_url=url, embed_model="tiny") as server:
            assert server.ingest()["status"] == "COMPLETE"
            found(server, "alpha")
    assert len(asked) == 2


def test_an_unreachable_embedding_model_fails_the_job() -> None:
    documents = Documents({"a.md": "# A\n\nAlpha."})
    with running(documents, embed_url="http://127.0.0.1:9", embed_model="tiny") as server:
        job = server.ingest()
    assert job["status"] == "FAILED"
    assert "127.0.0.1:9" in job["failureReasons"][0]


def test_a_job_starts_then_is_in_progress() -> None:
    with running(Documents(), ingestion_seconds=1.0) as server:
        job = start(server)
        assert job["status"] == "STARTING"
        wait_for_status(server, job["ingestionJobId"], "IN_PROGRESS")
        assert server.finished(job["ingestionJobId"])["status"] == "COMPLETE"


def test_a_second_job_conflicts_while_one_runs(slow: Server) -> None:
    start(slow)
    with pytest.raises(slow.agent.exceptions.ConflictException, match="ongoing ingestion job"):
        start(slow)


def test_the_same_client_token_is_the_same_job(slow: Server) -> None:
    token = "token-" + "x" * 40
    first = start(slow, clientToken=token)
    assert start(slow, clientToken=token)["ingestionJobId"] == first["ingestionJobId"]


def test_a_running_job_can_be_stopped_once(slow: Server) -> None:
    job_id = start(slow)["ingestionJobId"]
    assert (
        slow.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)["ingestionJob"]["status"] == "STOPPING"
    )
    wait_for_status(slow, job_id, "STOPPED")
    with pytest.raises(slow.agent.exceptions.ConflictException, match="STOPPED"):
        slow.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)
    assert start(slow)["ingestionJobId"] != job_id


def test_closing_stops_the_running_job_at_once() -> None:
    with running(Documents(), ingestion_seconds=60.0) as server:
        start(server)
        began = time.monotonic()
        server.stand_in.close()
        assert time.monotonic() - began < 2


def test_the_index_survives_a_restart(tmp_path: Any) -> None:
    documents = Documents({"a.md": "# A\n\nAlpha."})
    with running(documents, index_path=tmp_path / "index.sqlite") as server:
        server.ingest()
    with running(documents, index_path=tmp_path / "index.sqlite") as server:
        assert len(found(server, "alpha")) == 1
        assert counts(server.ingest()) == {"DocumentsScanned": 1}


def test_jobs_are_listed_newest_first_page_by_page(server: Server) -> None:
    ids = [server.ingest()["ingestionJobId"] for _ in range(3)][::-1]
    first = server.agent.list_ingestion_jobs(**NAMES, maxResults=2)
    assert [job["ingestionJobId"] for job in first["ingestionJobSummaries"]] == ids[:2]
    second = server.agent.list_ingestion_jobs(**NAMES, maxResults=2, nextToken=first["nextToken"])
    assert [job["ingestionJobId"] for job in second["ingestionJobSummaries"]] == ids[2:]
    assert "nextToken" not in second
    with pytest.raises(server.agent.exceptions.ValidationException, match="nextToken"):
        server.agent.list_ingestion_jobs(**NAMES, nextToken="made-up")


def test_jobs_can_be_sorted_and_filtered(server: Server) -> None:
    first = server.ingest()["ingestionJobId"]
    server.documents.failure = OSError("away")
    failed = server.ingest()["ingestionJobId"]

    def listed(**parameters: Any) -> list[str]:
        jobs = server.agent.list_ingestion_jobs(**NAMES, **parameters)["ingestionJobSummaries"]
        return [job["ingestionJobId"] for job in jobs]

    assert listed(sortBy={"attribute": "STARTED_AT", "order": "ASCENDING"}) == [first, failed]
    assert listed(sortBy={"attribute": "STATUS", "order": "DESCENDING"}) == [failed, first]
    assert listed(filters=[{"attribute": "STATUS", "operator": "EQ", "values": ["FAILED"]}]) == [failed]


def test_a_job_keeps_its_description(server: Server) -> None:
    assert start(server, description="nightly")["description"] == "nightly"


def test_the_knowledge_base_describes_itself(server: Server) -> None:
    (listed,) = server.agent.list_knowledge_bases()["knowledgeBaseSummaries"]
    described = server.agent.get_knowledge_base(knowledgeBaseId=KNOWLEDGE_BASE)["knowledgeBase"]
    assert listed["knowledgeBaseId"] == described["knowledgeBaseId"] == KNOWLEDGE_BASE
    assert described["status"] == "ACTIVE"
    (source,) = server.agent.list_data_sources(knowledgeBaseId=KNOWLEDGE_BASE)["dataSourceSummaries"]
    assert source["dataSourceId"] == DATA_SOURCE
    data_source = server.agent.get_data_source(**NAMES)["dataSource"]
    bucket = data_source["dataSourceConfiguration"]["s3Configuration"]["bucketArn"]
    assert bucket == "arn:aws:s3:::documents"


@pytest.mark.parametrize(
    "names",
    [
        {"knowledgeBaseId": "UNKNOWN001", "dataSourceId": DATA_SOURCE},
        {"knowledgeBaseId": KNOWLEDGE_BASE, "dataSourceId": "UNKNOWN001"},
    ],
    ids=["knowledge-base", "data-source"],
)
def test_an_unknown_id_is_not_found(server: Server, names: Any) -> None:
    for call in (
        server.agent.get_data_source,
        server.agent.list_ingestion_jobs,
        server.agent.start_ingestion_job,
    ):
        with pytest.raises(server.agent.exceptions.ResourceNotFoundException, match="UNKNOWN001"):
            call(**names)


def test_an_unknown_job_is_not_found(server: Server) -> None:
    with pytest.raises(server.agent.exceptions.ResourceNotFoundException, match="NOSUCHJOB1"):
        server.agent.get_ingestion_job(**NAMES, ingestionJobId="NOSUCHJOB1")


def test_retrieving_while_ingesting_is_safe() -> None:
    documents = Documents(
        {f"{number}.md": f"# Doc {number}\n\nAlpha number {number}." for number in range(30)}
    )
    with running(documents) as server:
        server.ingest()
        is_done = threading.Event()
        client = server.agent_runtime

        def ask() -> int:
            answers = 0
            while not is_done.is_set():
                client.retrieve(knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": "alpha"})
                answers += 1
            return answers

        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(ask) for _ in range(8)]
            try:
                for generation in range(3):
                    for number in range(30):
                        documents.put(f"{number}.md", f"# Doc {number}\n\nAlpha {generation} of {number}.")
                    assert counts(server.ingest())["ModifiedDocumentsIndexed"] == 30
            finally:
                is_done.set()
            assert all(each.result() > 0 for each in asking)


def test_typed_attributes_are_read_as_plain_ones() -> None:
    body = sidecar(
        year={"value": {"type": "NUMBER", "numberValue": 2024}, "includeForEmbedding": True},
        tags={"value": {"type": "STRING_LIST", "stringListValue": ["a", "b"]}},
        draft=False,
    )
    assert attributes_from(body.encode()) == {"year": 2024, "tags": ["a", "b"], "draft": False}


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: sidecar(a=text).encode()))
def test_a_sidecar_is_attributes_or_refused(body: bytes) -> None:
    try:
        attributes = attributes_from(body)
    except InvalidSidecar as error:
        assert str(error)
    else:
        assert all(isinstance(value, str | int | float | list) for value in attributes.values())
