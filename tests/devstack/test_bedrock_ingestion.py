"""Ingestion jobs: asynchronous, one at a time, incremental, and honest about what failed."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gateways.failure_reasons import read_failures
from devstack.bedrock.knowledge.ingestion import IgnoredFile, Ingestion, Progress, named_in_sentences
from devstack.bedrock.knowledge.sidecar import InvalidSidecar, attributes_from, title_of
from devstack.bedrock.search.embeddings import OpenAiEmbedder
from devstack.bedrock.search.index import Hit, Index
from tests.devstack.bedrock_server import (
    DATA_SOURCE,
    KNOWLEDGE_BASE,
    NAMES,
    Documents,
    Server,
    running,
    wait_for,
)


class Bucket(Documents):
    """A bucket with an index that it is ingested into, without a job around it."""

    def __init__(self) -> None:
        super().__init__()
        self.index = Index(None)

    def ingest(self) -> Progress:
        progress = Progress()
        Ingestion(self, self.index, "documents", "DS").run(progress, lambda: False)
        return progress

    def found(self, query: str) -> list[Hit]:
        return self.index.search(query, 20)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    yield bucket
    bucket.index.close()


def sidecar(**attributes: Any) -> str:
    return json.dumps({"metadataAttributes": attributes})


def counts(statistics: dict[str, int]) -> dict[str, int]:
    """Return the statistics that are not zero, by the short end of their names."""
    return {name.removeprefix("numberOf"): value for name, value in statistics.items() if value}


def ingested(bucket: Bucket) -> dict[str, int]:
    return counts(bucket.ingest().statistics())


def test_only_what_changed_is_indexed_again(bucket: Bucket) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    bucket.put("b.md", "# B\n\nBeta.")
    assert ingested(bucket) == {"DocumentsScanned": 2, "NewDocumentsIndexed": 2}
    bucket.put("a.md", "# A\n\nGamma.")
    assert ingested(bucket) == {"DocumentsScanned": 2, "ModifiedDocumentsIndexed": 1}
    assert ingested(bucket) == {"DocumentsScanned": 2}
    assert bucket.found("alpha") == []
    assert len(bucket.found("gamma")) == 1


def test_a_removed_document_disappears(bucket: Bucket) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    bucket.ingest()
    bucket.delete("a.md")
    assert ingested(bucket) == {"DocumentsDeleted": 1}
    assert bucket.found("alpha") == []


def test_a_sidecar_adds_attributes_and_counts_on_its_own(bucket: Bucket) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    bucket.put("a.md.metadata.json", sidecar(year=2024))
    scanned = {"DocumentsScanned": 1, "MetadataDocumentsScanned": 1}
    assert ingested(bucket) == {**scanned, "NewDocumentsIndexed": 1}
    bucket.put("a.md.metadata.json", sidecar(year=2025))
    assert ingested(bucket) == {**scanned, "MetadataDocumentsModified": 1}
    assert bucket.found("alpha")[0].metadata == {
        "year": 2025,
        "x-amz-bedrock-kb-source-uri": "s3://documents/a.md",
        "x-amz-bedrock-kb-data-source-id": "DS",
    }
    bucket.delete("a.md.metadata.json")
    assert ingested(bucket) == {"DocumentsScanned": 1, "MetadataDocumentsModified": 1}
    assert "year" not in bucket.found("alpha")[0].metadata


def test_the_title_is_the_sidecars_or_the_documents_or_the_file_name(bucket: Bucket) -> None:
    bucket.put("plain/zebra.txt", "Nothing to see.")
    bucket.put("headed.md", "# Walrus\n\nNothing to see.")
    bucket.put("named.md", "# Penguin\n\nNothing to see.")
    bucket.put("named.md.metadata.json", sidecar(title="Ostrich"))
    bucket.ingest()
    uris = [bucket.found(title)[0].uri for title in ("zebra", "walrus", "ostrich")]
    assert uris == [f"s3://documents/{key}" for key in ("plain/zebra.txt", "headed.md", "named.md")]


@pytest.mark.parametrize(
    ("key", "body", "kind", "detail"),
    [
        ("film.mp4", "x", " as their file format was not supported", "Use one of .csv"),
        ("no-ending", "x", " as their file format was not supported", "Use one of .csv"),
        ("empty.md", "", "", "The file is empty"),
        ("b.md", "# B\n\nBeta.", " due to invalid metadata attributes", "The metadata file is not JSON"),
        ("gone.md", "# Gone", "", "The bucket did not hand it over (KeyError)"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_and_stops_no_other(
    bucket: Bucket, key: str, body: str, kind: str, detail: str
) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    bucket.put("z.md", "# Z\n\nOmega.")
    bucket.put(key, body)
    bucket.unreadable = "gone.md"
    if key == "b.md":
        bucket.put("b.md.metadata.json", "{")
    progress = bucket.ingest()
    (ignored,) = progress.ignored
    assert (progress.documents_scanned, progress.new_documents_indexed, progress.documents_failed) == (
        3,
        2,
        1,
    )
    assert (ignored.uri, ignored.kind) == (f"s3://documents/{key}", kind)
    assert ignored.detail.startswith(detail)


def test_a_failed_document_is_tried_again_and_its_last_good_version_stays(bucket: Bucket) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    bucket.ingest()
    bucket.put("a.md.metadata.json", "{")
    assert [bucket.ingest().documents_failed for _ in range(2)] == [1, 1]
    assert len(bucket.found("alpha")) == 1


def test_folders_and_sidecars_are_no_documents(bucket: Bucket) -> None:
    bucket.put("guides/", "")
    bucket.put("orphan.md.metadata.json", sidecar(title="Nobody"))
    assert ingested(bucket) == {"MetadataDocumentsScanned": 1}


def test_a_stopped_job_reads_no_further_document(bucket: Bucket) -> None:
    bucket.put("a.md", "# A\n\nAlpha.")
    Ingestion(bucket, bucket.index, "documents", "DS").run(Progress(), lambda: True)
    assert bucket.found("alpha") == []


KEYS = [
    "über/退货 100%25+b",
    "\"quoted\" 'twice'",
    "[brackets], (and) {braces}].",
    "why?a&b=c;d#e",
    "//slashes/../back\\slash",
    "e\u0301" * 340,
]
"""The last one is 1,020 bytes long, so with an ending of three letters it is as long as a key can be."""


def test_any_key_is_indexed_and_named_as_it_is(bucket: Bucket) -> None:
    for key in KEYS:
        bucket.put(f"{key}.txt", "Alpha.")
        bucket.put(f"{key}.mp4", "x")
    reasons = named_in_sentences(bucket.ingest().ignored)
    assert {hit.uri for hit in bucket.found("alpha")} == {f"s3://documents/{key}.txt" for key in KEYS}
    assert {failure.file for failure in read_failures(reasons)} == {f"{key}.mp4" for key in KEYS}


def test_files_that_share_a_reason_are_named_in_one_sentence_as_aws_does() -> None:
    unsupported = " as their file format was not supported"
    reasons = named_in_sentences(
        [
            IgnoredFile("s3://documents/film.mp4", unsupported, "Use another."),
            IgnoredFile("s3://documents/broken.pdf", "", "The PDF is damaged."),
            IgnoredFile("s3://documents/sound of music.mp3", unsupported, "Use another."),
        ]
    )
    assert [json.loads(reason) for reason in reasons] == [
        [
            "Encountered error: Ignored 2 files as their file format was not supported. Use another. "
            "[Files: s3://documents/film.mp4, s3://documents/sound of music.mp3]. "
            "Call to Customer Source did not succeed.",
            "Encountered error: Ignored 1 files. The PDF is damaged. "
            "[Files: s3://documents/broken.pdf]. Call to Customer Source did not succeed.",
        ]
    ]


@pytest.mark.parametrize(
    "keys",
    [['"' * 1_020 + ".mp4"], [f"folder/{'long ' * 20}{number}.mp4" for number in range(200)]],
    ids=["one-long-name", "many-files"],
)
def test_every_file_is_named_whole_in_reasons_that_keep_to_the_limit(keys: list[str]) -> None:
    reasons = named_in_sentences([IgnoredFile(f"s3://documents/{key}", "", "No. " * 400) for key in keys])
    sentences = [sentence for reason in reasons for sentence in json.loads(reason)]
    assert all(len(reason) <= 2_048 for reason in reasons if len(json.loads(reason)) > 1)
    assert {failure.file for failure in read_failures(reasons)} == set(keys)
    assert sum(int(each.split("Ignored ")[1].split(" ")[0]) for each in sentences) == len(keys)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (sidecar(text="a" * 1_536), "larger than 1.5 KB"),
        ("", "not JSON"),
        (b"\xff\xfe{", "not UTF-8"),
        ('{"metadataAttributes": {"title": "Café"}}'.encode("latin-1"), "not UTF-8"),
        (sidecar(title=None), "'title'"),
        ('{"metadataAttributes": {"year": NaN}}', "not JSON"),
        (r'{"metadataAttributes": {"title": "\ud800"}}', "not JSON"),
        ("[]", "no object metadataAttributes"),
        ('{"title": "A"}', "no object metadataAttributes"),
        (sidecar(nested={"a": 1}), "'nested'"),
        (sidecar(numbers=[1, 2]), "'numbers'"),
    ],
)
def test_a_sidecar_that_is_no_metadata_says_why(body: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidSidecar, match=reason):
        attributes_from(body.encode() if isinstance(body, str) else body)


def test_typed_attributes_are_read_as_plain_ones() -> None:
    body = sidecar(
        year={"value": {"type": "NUMBER", "numberValue": 2024}, "includeForEmbedding": True},
        tags={"value": {"type": "STRING_LIST", "stringListValue": ["a", "b"]}},
        draft=False,
    )
    assert attributes_from(body.encode()) == {"year": 2024, "tags": ["a", "b"], "draft": False}


def test_a_byte_order_mark_is_no_part_of_a_sidecar() -> None:
    assert attributes_from(b"\xef\xbb\xbf" + sidecar(title="Plans").encode()) == {"title": "Plans"}


@pytest.mark.parametrize(
    ("title", "first"),
    [
        ("Plans ", "Plans"),
        (["Plans", "Prices"], "Plans"),
        (2024, "2024"),
        ([], None),
        (" ", None),
        (True, None),
    ],
)
def test_the_title_of_a_sidecar_is_its_first(title: object, first: str | None) -> None:
    assert title_of({"title": title}) == first
    assert title_of({}) is None


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: sidecar(a=text).encode()))
def test_a_sidecar_is_attributes_or_refused(body: bytes) -> None:
    try:
        attributes = attributes_from(body)
    except InvalidSidecar as error:
        assert str(error)
    else:
        assert all(isinstance(value, str | int | float | list) for value in attributes.values())


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Documents({"a.md": "# A\n\nAlpha."})) as server:
        yield server


@pytest.fixture
def slow() -> Iterator[Server]:
    """A stand-in whose jobs last until they are stopped."""
    with running(Documents({"a.md": "# A\n\nAlpha."}), ingestion_seconds=60.0) as server:
        yield server


def found(server: Server, query: str) -> list[Any]:
    answer = server.agent_runtime.retrieve(knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": query})
    return list(answer["retrievalResults"])


def start(server: Server, **parameters: str) -> Any:
    return server.agent.start_ingestion_job(**{**NAMES, **parameters})["ingestionJob"]


def wait_for_status(server: Server, job_id: str, wanted: str) -> None:
    def job() -> Any:
        return server.agent.get_ingestion_job(**NAMES, ingestionJobId=job_id)["ingestionJob"]

    wait_for(lambda: {} if job()["status"] == wanted else None)


def test_a_document_becomes_answerable_by_a_job(server: Server) -> None:
    server.documents.put("film.mp4", "x")
    assert found(server, "alpha") == []
    job = server.ingest()
    assert job["status"] == "COMPLETE"
    assert counts(job["statistics"]) == {
        "DocumentsScanned": 2,
        "NewDocumentsIndexed": 1,
        "DocumentsFailed": 1,
    }
    assert "film.mp4" in job["failureReasons"][0]
    assert len(found(server, "alpha")) == 1


def test_an_unreachable_bucket_fails_the_job(server: Server) -> None:
    server.documents.failure = OSError("the bucket is away")
    job = server.ingest()
    assert job["status"] == "FAILED"
    assert "the bucket is away" in job["failureReasons"][0]
    server.documents.failure = None
    job = server.ingest()
    assert job["status"] == "COMPLETE"
    assert "failureReasons" not in job


def test_a_job_fails_when_asked_to_and_the_next_one_makes_up_for_it(server: Server) -> None:
    message = "The vector store did not answer."
    server.fault(operation="IngestionJob", error="InternalServerException", message=message, times=1)
    job = server.ingest()
    assert job["status"] == "FAILED"
    assert job["failureReasons"] == [f"InternalServerException: {message}"]
    assert counts(job["statistics"]) == {}
    assert found(server, "alpha") == []
    assert counts(server.ingest()["statistics"]) == {"DocumentsScanned": 1, "NewDocumentsIndexed": 1}


def test_a_job_sees_nothing_of_what_comes_after_its_start(server: Server) -> None:
    server.fault(operation="IngestionJob", delay_seconds=60, times=1)
    job_id = start(server)["ingestionJobId"]
    wait_for(lambda: {} if found(server, "alpha") else None)
    server.documents.put("b.md", "# B\n\nBeta.")
    wait_for_status(server, job_id, "IN_PROGRESS")
    server.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)
    wait_for_status(server, job_id, "STOPPED")
    assert found(server, "beta") == []
    assert counts(server.ingest()["statistics"]) == {"DocumentsScanned": 2, "NewDocumentsIndexed": 1}


def test_an_unreachable_embedding_model_fails_the_job() -> None:
    documents = Documents({"a.md": "# A\n\nAlpha."})
    with running(documents, embedder=OpenAiEmbedder("http://127.0.0.1:9", "tiny")) as server:
        job = server.ingest()
    assert job["status"] == "FAILED"
    assert "127.0.0.1:9" in job["failureReasons"][0]


def test_a_second_job_conflicts_unless_its_token_says_that_it_is_the_same(slow: Server) -> None:
    token = "token-" + "x" * 40
    job = start(slow, description="nightly", clientToken=token)
    assert (job["status"], job["description"]) == ("STARTING", "nightly")
    assert start(slow, clientToken=token)["ingestionJobId"] == job["ingestionJobId"]
    with pytest.raises(slow.agent.exceptions.ConflictException, match="ongoing ingestion job"):
        start(slow)


def test_a_running_job_can_be_stopped_once(slow: Server) -> None:
    job_id = start(slow)["ingestionJobId"]
    stopping = slow.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)["ingestionJob"]
    assert stopping["status"] == "STOPPING"
    wait_for_status(slow, job_id, "STOPPED")
    with pytest.raises(slow.agent.exceptions.ConflictException, match="STOPPED"):
        slow.agent.stop_ingestion_job(**NAMES, ingestionJobId=job_id)
    assert start(slow)["ingestionJobId"] != job_id


def test_closing_stops_the_running_job_at_once(slow: Server) -> None:
    start(slow)
    began = time.monotonic()
    slow.stand_in.close()
    assert time.monotonic() - began < 2


def test_the_index_survives_a_restart(tmp_path: Any) -> None:
    documents = Documents({"a.md": "# A\n\nAlpha."})
    with running(documents, index_path=tmp_path / "index.sqlite") as server:
        server.ingest()
    with running(documents, index_path=tmp_path / "index.sqlite") as server:
        assert len(found(server, "alpha")) == 1
        assert counts(server.ingest()["statistics"]) == {"DocumentsScanned": 1}


def test_jobs_are_listed_newest_first_page_by_page(server: Server) -> None:
    ids = [server.ingest()["ingestionJobId"] for _ in range(3)][::-1]
    first = server.agent.list_ingestion_jobs(**NAMES, maxResults=2)
    second = server.agent.list_ingestion_jobs(**NAMES, maxResults=2, nextToken=first["nextToken"])
    pages = [[job["ingestionJobId"] for job in each["ingestionJobSummaries"]] for each in (first, second)]
    assert pages == [ids[:2], ids[2:]]
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


def test_the_knowledge_base_describes_itself(server: Server) -> None:
    (listed,) = server.agent.list_knowledge_bases()["knowledgeBaseSummaries"]
    described = server.agent.get_knowledge_base(knowledgeBaseId=KNOWLEDGE_BASE)["knowledgeBase"]
    assert listed["knowledgeBaseId"] == described["knowledgeBaseId"] == KNOWLEDGE_BASE
    (source,) = server.agent.list_data_sources(knowledgeBaseId=KNOWLEDGE_BASE)["dataSourceSummaries"]
    assert source["dataSourceId"] == DATA_SOURCE
    data_source = server.agent.get_data_source(**NAMES)["dataSource"]
    bucket = data_source["dataSourceConfiguration"]["s3Configuration"]["bucketArn"]
    assert bucket == "arn:aws:s3:::documents"


@pytest.mark.parametrize(
    ("operation", "names"),
    [
        ("get_knowledge_base", {"knowledgeBaseId": "UNKNOWN001"}),
        ("list_data_sources", {"knowledgeBaseId": "UNKNOWN001"}),
        ("get_data_source", {**NAMES, "dataSourceId": "UNKNOWN001"}),
        ("start_ingestion_job", {**NAMES, "dataSourceId": "UNKNOWN001"}),
        ("list_ingestion_jobs", {**NAMES, "knowledgeBaseId": "UNKNOWN001"}),
        ("get_ingestion_job", {**NAMES, "ingestionJobId": "UNKNOWN001"}),
    ],
)
def test_an_unknown_id_is_not_found(server: Server, operation: str, names: Any) -> None:
    with pytest.raises(server.agent.exceptions.ResourceNotFoundException, match="UNKNOWN001"):
        getattr(server.agent, operation)(**names)
