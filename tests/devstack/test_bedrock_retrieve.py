"""Retrieve: results, their metadata, filters and refusals."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.devstack.bedrock_server import DATA_SOURCE, KNOWLEDGE_BASE, Documents, Server, running

ARTICLES: dict[str, dict[str, Any]] = {
    "a": {"lang": "en", "year": 2023, "tags": ["billing", "plans"], "draft": False},
    "b": {"lang": "de", "year": 2024, "tags": ["login"], "draft": True},
    "c": {"lang": "en-GB", "year": 2025, "tags": []},
    "d": {},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    documents = Documents()
    for name, attributes in ARTICLES.items():
        documents.put(f"{name}.md", f"# Article {name}\n\nA common sentence about refunds.")
        if attributes:
            documents.put(f"{name}.md.metadata.json", json.dumps({"metadataAttributes": attributes}))
    with running(documents) as server:
        server.ingest()
        yield server


def search(server: Server, text: str = "refunds", **configuration: Any) -> list[Any]:
    answer = server.agent_runtime.retrieve(
        knowledgeBaseId=KNOWLEDGE_BASE,
        retrievalQuery={"text": text},
        retrievalConfiguration={"vectorSearchConfiguration": configuration},  # type: ignore[typeddict-item]
    )
    return list(answer["retrievalResults"])


def names(results: list[Any]) -> str:
    return "".join(sorted(each["location"]["s3Location"]["uri"][-4] for each in results))


def refusal(server: Server, text: str = "refunds", **configuration: Any) -> str:
    with pytest.raises(server.agent_runtime.exceptions.ValidationException) as raised:
        search(server, text, **configuration)
    return raised.value.response["Error"]["Message"]


def test_a_result_says_where_it_is_from(server: Server) -> None:
    (result,) = search(server, filter={"equals": {"key": "lang", "value": "de"}})
    assert result["content"]["type"] == "TEXT"
    assert "common sentence" in result["content"]["text"]
    assert result["location"] == {"type": "S3", "s3Location": {"uri": "s3://documents/b.md"}}
    assert 0 < result["score"] <= 1
    metadata = result["metadata"]
    assert metadata["x-amz-bedrock-kb-source-uri"] == "s3://documents/b.md"
    assert metadata["x-amz-bedrock-kb-data-source-id"] == DATA_SOURCE
    assert metadata["x-amz-bedrock-kb-chunk-id"]
    assert metadata["tags"] == ["login"]


def test_results_come_best_first_and_no_more_than_asked_for(server: Server) -> None:
    results = search(server, "article refunds", numberOfResults=3)
    assert len(results) == 3
    assert [each["score"] for each in results] == sorted((each["score"] for each in results), reverse=True)


@pytest.mark.parametrize(
    ("condition", "matching"),
    [
        ({"equals": {"key": "lang", "value": "en"}}, "a"),
        ({"notEquals": {"key": "lang", "value": "en"}}, "bcd"),  # d lacks the key and matches all the same
        ({"equals": {"key": "draft", "value": True}}, "b"),
        ({"equals": {"key": "draft", "value": 0}}, ""),  # false is not 0
        ({"greaterThan": {"key": "year", "value": 2023}}, "bc"),
        ({"greaterThanOrEquals": {"key": "year", "value": 2023}}, "abc"),
        ({"lessThan": {"key": "year", "value": 2024}}, "a"),
        ({"lessThanOrEquals": {"key": "year", "value": 2024.0}}, "ab"),
        ({"greaterThan": {"key": "lang", "value": 1}}, ""),
        ({"in": {"key": "lang", "value": ["en", "de"]}}, "ab"),
        ({"notIn": {"key": "lang", "value": ["en", "de"]}}, "cd"),
        ({"startsWith": {"key": "lang", "value": "en"}}, "ac"),
        ({"startsWith": {"key": "year", "value": "20"}}, ""),
        ({"listContains": {"key": "tags", "value": "plans"}}, "a"),
        ({"stringContains": {"key": "lang", "value": "-"}}, "c"),
        ({"stringContains": {"key": "tags", "value": "log"}}, "b"),
        (
            {
                "andAll": [
                    {"startsWith": {"key": "lang", "value": "en"}},
                    {"greaterThan": {"key": "year", "value": 2024}},
                ]
            },
            "c",
        ),
        (
            {
                "orAll": [
                    {"equals": {"key": "lang", "value": "de"}},
                    {
                        "andAll": [
                            {"equals": {"key": "lang", "value": "en"}},
                            {"equals": {"key": "draft", "value": False}},
                        ]
                    },
                ]
            },
            "ab",
        ),
    ],
    ids=str,
)
def test_a_filter_keeps_what_it_says(server: Server, condition: dict[str, Any], matching: str) -> None:
    assert names(search(server, filter=condition)) == matching


@pytest.mark.parametrize(
    "condition",
    [
        {"in": {"key": "lang", "value": "en"}},
        {"greaterThan": {"key": "year", "value": "2023"}},
        {"greaterThan": {"key": "year", "value": True}},
        {"startsWith": {"key": "lang", "value": 1}},
        {"equals": {"key": "lang", "value": ["en"]}},
    ],
    ids=str,
)
def test_an_operand_of_the_wrong_type_is_refused(server: Server, condition: dict[str, Any]) -> None:
    assert "does not take this value" in refusal(server, filter=condition)


def test_a_query_of_a_thousand_characters_is_the_longest(server: Server) -> None:
    assert search(server, "refunds " + "x" * 992)
    assert "less than or equal to 1000" in refusal(server, "refunds " + "x" * 993)


def test_a_blank_query_is_refused(server: Server) -> None:
    assert "blank" in refusal(server, "  ")


def test_hybrid_search_is_refused_as_stores_other_than_opensearch_do(server: Server) -> None:
    assert "HYBRID" in refusal(server, overrideSearchType="HYBRID")
    assert search(server, overrideSearchType="SEMANTIC")


def test_what_is_not_played_is_named(server: Server) -> None:
    with pytest.raises(server.agent_runtime.exceptions.ValidationException, match="nextToken"):
        server.agent_runtime.retrieve(
            knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery={"text": "a"}, nextToken="next"
        )


def test_it_is_asked_with_text_only(server: Server) -> None:
    image: Any = {"type": "IMAGE", "image": {"format": "png", "inlineContent": b"x"}}
    with pytest.raises(
        server.agent_runtime.exceptions.ValidationException, match="only be queried with text"
    ):
        server.agent_runtime.retrieve(knowledgeBaseId=KNOWLEDGE_BASE, retrievalQuery=image)


def test_an_unknown_knowledge_base_is_not_found(server: Server) -> None:
    with pytest.raises(server.agent_runtime.exceptions.ResourceNotFoundException, match="UNKNOWN001"):
        server.agent_runtime.retrieve(knowledgeBaseId="UNKNOWN001", retrievalQuery={"text": "refunds"})


@pytest.mark.parametrize("query", ['"', "refunds AND NOT", "*", "🙂", "re:funds OR (", "عربى", "\u202e"])
def test_odd_queries_are_only_text(server: Server, query: str) -> None:
    assert isinstance(search(server, query), list)
