"""Retrieve: results, their metadata, filters and refusals."""

from collections.abc import Iterator
from typing import Any

import pytest

from devstack.bedrock.search.index import Index
from devstack.bedrock.search.retrieve import predicate, retrieve
from devstack.bedrock.wire.protocol import ServiceError
from tests.devstack.bedrock_server import DATA_SOURCE, KNOWLEDGE_BASE, Documents, Server, running

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "a": {"lang": "en", "year": 2023, "tags": ["billing", "plans"], "draft": False},
    "b": {"lang": "de", "year": 2024, "tags": ["login"], "draft": True},
    "c": {"lang": "en-GB", "year": 2025, "tags": []},
    "d": {},
}


@pytest.mark.parametrize(
    ("operator", "key", "value", "matching"),
    [
        ("equals", "lang", "en", "a"),
        ("equals", "draft", True, "b"),
        ("equals", "tags", "plans", "a"),  # a list equals each of its members
        ("notEquals", "tags", "plans", "bcd"),
        ("equals", "draft", 0, ""),  # false is not 0
        ("notEquals", "lang", "en", "bcd"),  # d lacks the key and matches all the same
        ("greaterThan", "year", 2023, "bc"),
        ("greaterThan", "lang", 1, ""),
        ("greaterThanOrEquals", "year", 2023, "abc"),
        ("lessThan", "year", 2024, "a"),
        ("lessThanOrEquals", "year", 2024.0, "ab"),
        ("in", "lang", ["en", "de"], "ab"),
        ("notIn", "lang", ["en", "de"], "cd"),
        ("startsWith", "lang", "en", "ac"),
        ("startsWith", "year", "20", ""),
        ("listContains", "tags", "plans", "a"),
        ("stringContains", "lang", "-", "c"),
        ("stringContains", "tags", "log", "b"),
    ],
)
def test_a_filter_keeps_what_it_says(operator: str, key: str, value: Any, matching: str) -> None:
    is_kept = predicate({operator: {"key": key, "value": value}})
    assert [name for name, attributes in ATTRIBUTES.items() if is_kept(attributes)] == list(matching)


def test_filters_combine() -> None:
    english = {"startsWith": {"key": "lang", "value": "en"}}
    new = {"greaterThan": {"key": "year", "value": 2024}}
    german = {"equals": {"key": "lang", "value": "de"}}
    is_kept = predicate({"orAll": [german, {"andAll": [english, new]}]})
    assert [name for name, attributes in ATTRIBUTES.items() if is_kept(attributes)] == ["b", "c"]


ENGLISH: dict[str, Any] = {"equals": {"key": "lang", "value": "en"}}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"andAll": [ENGLISH] * 6}, "andAll takes 5 filters at most"),
        ({"orAll": [ENGLISH, {"andAll": [ENGLISH, {"orAll": [ENGLISH, ENGLISH]}]}]}, "no deeper ones"),
    ],
    ids=["too many", "too deep"],
)
def test_filter_groups_have_limits(condition: dict[str, Any], says: str) -> None:
    with pytest.raises(ServiceError, match=f"ValidationException.*{says}"):
        predicate(condition)


@pytest.mark.parametrize(
    ("operator", "value"),
    [("in", "en"), ("greaterThan", "2023"), ("greaterThan", True), ("startsWith", 1), ("equals", ["en"])],
)
def test_an_operand_of_the_wrong_type_is_refused(operator: str, value: Any) -> None:
    with pytest.raises(ServiceError, match="'lang' does not take this value"):
        predicate({operator: {"key": "lang", "value": value}})


@pytest.fixture(scope="module")
def index() -> Index:
    index = Index(None)
    for name, attributes in ATTRIBUTES.items():
        index.put(f"s3://documents/{name}.md", "1", f"Article {name}", "About refunds.", attributes)
    return index


def search(index: Index, text: str = "refunds", **configuration: Any) -> list[Any]:
    parameters = {
        "retrievalQuery": {"text": text},
        "retrievalConfiguration": {"vectorSearchConfiguration": configuration},
    }
    return list(retrieve(parameters, index)["retrievalResults"])


def test_results_come_best_first_filtered_and_no_more_than_asked_for(index: Index) -> None:
    results = search(
        index, "article refunds", numberOfResults=2, filter={"notEquals": {"key": "lang", "value": "en"}}
    )
    assert len(results) == 2
    assert [each["score"] for each in results] == sorted((each["score"] for each in results), reverse=True)
    assert "s3://documents/a.md" not in {each["location"]["s3Location"]["uri"] for each in results}


def test_a_query_of_a_thousand_characters_is_the_longest(index: Index) -> None:
    assert search(index, "refunds " + "x" * 992)
    with pytest.raises(ServiceError, match="less than or equal to 1000"):
        search(index, "refunds " + "x" * 993)


TEXT = {"retrievalQuery": {"text": "a"}}


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"retrievalQuery": {"text": "  "}}, "blank"),
        ({"retrievalQuery": {"type": "IMAGE", "image": {}}}, "only be queried with text"),
        ({**TEXT, "nextToken": "next"}, "nextToken"),
        (
            {**TEXT, "retrievalConfiguration": {"managedSearchConfiguration": {}}},
            "managedSearchConfiguration",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_its_name(index: Index, parameters: Any, says: str) -> None:
    with pytest.raises(ServiceError, match=f"ValidationException.*{says}"):
        retrieve(parameters, index)


@pytest.mark.parametrize(
    ("search_parameter", "value"), [("overrideSearchType", "HYBRID"), ("rerankingConfiguration", {})]
)
def test_what_the_vector_store_cannot_do_is_refused(index: Index, search_parameter: str, value: Any) -> None:
    with pytest.raises(ServiceError, match=f"ValidationException.*({search_parameter}|{value} search type)"):
        search(index, **{search_parameter: value})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(Documents({"b.md": "# Article b\n\nA common sentence about refunds."})) as server:
        server.ingest()
        yield server


def test_a_result_says_where_it_is_from(server: Server) -> None:
    (result,) = server.agent_runtime.retrieve(
        knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": "refunds"}
    )["retrievalResults"]
    assert result["content"]["type"] == "TEXT"
    assert "common sentence" in result["content"]["text"]
    assert result["location"] == {"type": "S3", "s3Location": {"uri": "s3://documents/b.md"}}
    assert 0 < result["score"] <= 1
    metadata: Any = result["metadata"]
    assert metadata.pop("x-amz-bedrock-kb-chunk-id")
    assert metadata == {
        "x-amz-bedrock-kb-source-uri": "s3://documents/b.md",
        "x-amz-bedrock-kb-data-source-id": DATA_SOURCE,
    }


def test_an_unknown_knowledge_base_is_not_found(server: Server) -> None:
    with pytest.raises(server.agent_runtime.exceptions.ResourceNotFoundException, match="UNKNOWN001"):
        server.agent_runtime.retrieve(knowledgeBaseId="UNKNOWN001", retrievalQuery={"text": "refunds"})
