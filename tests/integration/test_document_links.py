"""A document that is published nowhere is cited with a link that a browser can follow."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from devstack.stage import read_local_stage
from tests.integration.api import Api

STAGE = read_local_stage()
KEY = "visits/Müller's café + 100%.html"
TEXT = "<h1>Llama grooming</h1>\n<p>Llama grooming costs 40 euros for each llama and takes two hours.</p>\n"
QUESTION = "How much does llama grooming cost?"


@pytest.fixture
def unpublished(api: Api) -> Iterator[Api]:
    """The product with a document that has no sidecar, and so no address of its own."""
    s3 = api.aws("s3")
    s3.put_object(Bucket=STAGE.documents_bucket, Key=KEY, Body=TEXT.encode(), ContentType="text/html")
    api.ingest()
    yield api
    s3.delete_object(Bucket=STAGE.documents_bucket, Key=KEY)
    api.ingest()


def opened(url: str) -> requests.Response:
    """Follow a link as a browser does that comes from another page without saying which."""
    navigation = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    return requests.get(url, headers=navigation, timeout=5)


def test_a_citations_link_shows_the_document_and_runs_nothing_of_it(unpublished: Api) -> None:
    citation = unpublished.ask(QUESTION)["citations"][0]
    assert citation.keys() == {"index", "title", "url", "snippet", "score"}
    document = opened(citation["url"])
    assert document.status_code == 200
    assert document.text == TEXT
    assert document.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert document.headers["Content-Disposition"] == "inline"


def test_history_signs_its_links_again_and_keeps_none(unpublished: Api) -> None:
    answer = unpublished.ask(QUESTION)
    messages = unpublished.send("GET", f"/chat/{answer['session_id']}").json()["messages"]
    again = messages[1]["citations"][0]["url"]
    assert urlsplit(again).path == urlsplit(answer["citations"][0]["url"]).path
    assert opened(again).text == TEXT
    (stored,) = exchanges(unpublished, answer["session_id"])
    assert json.loads(stored["citations"]["S"])[0]["document"] == KEY
    assert "X-Amz-Signature" not in json.dumps(stored)


def test_what_was_stored_before_documents_were_known_is_still_read(unpublished: Api) -> None:
    answer = unpublished.ask(QUESTION)
    (stored,) = exchanges(unpublished, answer["session_id"])
    citations = json.loads(stored["citations"]["S"])
    for citation in citations:
        del citation["document"]
    unpublished.aws("dynamodb").update_item(
        TableName="customer-support-conversations",
        Key={name: stored[name] for name in ("session_id", "timestamp")},
        UpdateExpression="SET citations = :citations",
        ExpressionAttributeValues={":citations": {"S": json.dumps(citations)}},
    )
    messages = unpublished.send("GET", f"/chat/{answer['session_id']}").json()["messages"]
    assert messages[1]["citations"][0]["url"] is None


def exchanges(api: Api, session_id: str) -> list[dict[str, dict[str, str]]]:
    """Return the items that a conversation is stored as."""
    items = api.items("customer-support-conversations")
    return [item for item in items if item["session_id"]["S"] == session_id]
