"""Passages as the knowledge base returns them; requests and answers are held to botocore's own model."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.domain.access import ANY_CUSTOMER, NOBODY_KNOWN, Reader, customer_reader
from chalicelib.domain.conversation import Passage
from chalicelib.errors import Unavailable
from chalicelib.gateways.knowledge_base import KnowledgeBase
from tests.aws import stubbed
from tests.fakes import FakeSearchLog

GROUPS = ("customer", "standard", "premium", "enterprise", "agent")
FOR_EVERYBODY = {"andAll": [{"notEquals": {"key": "access", "value": group}} for group in GROUPS]}
PREMIUM = customer_reader("CUST-1001", "premium")


def expected(access_filter: Any) -> dict[str, Any]:
    return {
        "knowledgeBaseId": "KB12345678",
        "retrievalQuery": {"text": "reset password"},
        "retrievalConfiguration": {
            "vectorSearchConfiguration": {"numberOfResults": 5, "filter": access_filter}
        },
    }


def result(
    text: str = "Choose it.",
    uri: str = "s3://kb/reset-password.md",
    **metadata: Any,
) -> dict[str, Any]:
    return {
        "content": {"text": text, "type": "TEXT"},
        "location": {"type": "S3", "s3Location": {"uri": uri}},
        "metadata": metadata,
        "score": 0.61234,
    }


def knowledge_base() -> tuple[KnowledgeBase, Stubber]:
    client, stub = stubbed("bedrock-agent-runtime")
    return KnowledgeBase(client, "KB12345678", "kb", False, FakeSearchLog()), stub


def retrieve(*results: dict[str, Any]) -> tuple[Passage, ...]:
    source, stub = knowledge_base()
    stub.add_response("retrieve", {"retrievalResults": list(results)}, expected(FOR_EVERYBODY))
    passages = source.retrieve("reset password", 5, NOBODY_KNOWN)
    stub.assert_no_pending_responses()
    return passages


def test_title_and_link_come_from_the_sidecar() -> None:
    (passage,) = retrieve(result(title="Reset your password", source_url="https://help.example.com/reset"))
    assert passage == Passage(
        "Choose it.",
        "Reset your password",
        "https://help.example.com/reset",
        0.6123,
        document="reset-password.md",
    )


def test_documents_of_one_name_are_told_by_their_folders() -> None:
    heading = "# Delivery\n\nText."
    passages = retrieve(
        result(uri="s3://kb/shop/faq.md"),
        result(uri="s3://kb/returns/faq.md"),
        result(heading, "s3://kb/eu/delivery.md"),
        result(heading, "s3://kb/delivery.md"),
        result(uri="s3://kb/x/guide.md", title="Guide"),
        result(uri="s3://kb/shop/faq.md"),
    )
    assert [passage.title for passage in passages] == [
        *("Shop – Faq", "Returns – Faq", "Eu – Delivery", "Delivery", "Guide", "Shop – Faq")
    ]


@pytest.mark.parametrize("texts", [["a", "b", "c"], []])
def test_passages_keep_their_order(texts: list[str]) -> None:
    assert [p.text for p in retrieve(*map(result, texts))] == texts


@pytest.mark.parametrize(
    ("uri", "title"),
    [
        ("s3://kb/reset-password.md", "Reset password"),
        ("s3://kb/guides/billing/change_plan.html", "Change plan"),
        ("s3://kb/FAQ.txt", "FAQ"),
        ("s3://kb/release-1.2.md", "Release 1.2"),
        ("s3://kb/a+b ü.md", "A+b ü"),
        ("s3://kb/setup/README.md", "Setup – README"),
        ("s3://kb/guides/first-steps/index.html", "First steps – Index"),
        ("s3://kb/README.md", "README"),
        ("s3://kb/---.md", "Untitled document"),
        ("", "Untitled document"),
    ],
)
def test_without_a_sidecar_the_file_name_is_the_title(uri: str, title: str) -> None:
    assert retrieve(result(uri=uri))[0].title == title
    assert retrieve(result(uri=uri, title=""))[0].title == title


@pytest.mark.parametrize(
    "key",
    [
        *("reset-password.md", "guides/a b/änderung.md", "a+b%20c.md", "why?.md", "c#.md", "/slash.md"),
        *("s3://kb/x.md", "a\"b'[c].md"),
    ],
)
def test_a_document_of_our_bucket_is_known_by_its_key(key: str) -> None:
    assert retrieve(result(uri=f"s3://kb/{key}"))[0].document == key


@pytest.mark.parametrize(
    "uri", ["", "s3://kb", "s3://kb/", "s3://kb-drafts/a.md", "s3://other/kb/a.md", "https://kb/a.md"]
)
def test_what_is_no_object_of_our_bucket_is_no_document_of_ours(uri: str) -> None:
    assert retrieve(result(uri=uri))[0].document is None


@pytest.mark.parametrize(
    "text",
    ["# Choose a plan\n\nTwo.", "[logo]\n\n# Choose a plan \n\nTwo.", "# Choose a plan\n\n## Small\n\nOne."],
)
def test_without_a_sidecar_the_documents_heading_is_its_title(text: str) -> None:
    assert retrieve(result(text))[0].title == "Choose a plan"
    assert retrieve(result(text, title="Plans"))[0].title == "Plans"


@pytest.mark.parametrize(
    "text", ["## Small\n\nOne.", "```\n# install\n```", "One.\n## Small\n# Large", "#1 is one."]
)
def test_what_is_not_the_documents_heading_is_no_title(text: str) -> None:
    assert retrieve(result(text))[0].title == "Reset password"


def test_passages_of_one_document_have_one_title() -> None:
    assert [p.title for p in retrieve(result("Three."), result("# Plans\n\nTwo."))] == ["Plans", "Plans"]


@pytest.mark.parametrize(
    ("title", "shown"), [(2026, "2026"), (["Plans", "Prices"], "Plans"), ([], "Reset password")]
)
def test_a_title_that_is_no_text_is_written_out(title: object, shown: str) -> None:
    assert retrieve(result(title=title))[0].title == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://help.example.com",
        "https://help.example.com/a?b=c#d",
        "https://help.example.com:8443/@ada",
        "https://hilfe.example.com/zurück",
        "https://[2001:db8::1]/a",
    ],
)
def test_a_web_address_is_kept(address: str) -> None:
    assert retrieve(result(source_url=address))[0].url == address


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "s3://kb/reset.md"),
        *("file:///etc/passwd", "file://files.example.com/reset", "ftp://files.example.com/reset", "/reset"),
        *("//help.example.com/reset", "help.example.com", "https://", "http://[broken", ""),
        *(5, None, ["https://help.example.com"], "http://:80", "https://help.example.com:port/"),
        *("https://help.example.com@evil.example/", "https://ada:secret@help.example.com/"),
        *("https://help.example.com\\@evil.example/", "https:\\\\help.example.com", "java\tscript:alert(1)"),
        *("https://help.example.com/a\nLocation: https://evil.example", "\x00https://help.example.com"),
        *(" https://help.example.com", "https://help.example.com/a b", "https://help\u200b.example.com"),
        "https://help.example.com/\u202emoc.live",
    ],
)
def test_what_a_browser_may_not_follow_is_no_link(address: object) -> None:
    assert retrieve(result(source_url=address))[0].url is None


def test_a_result_without_extras_is_a_passage() -> None:
    assert retrieve({"content": {"text": "Choose it."}}) == (
        Passage("Choose it.", "Untitled document", None, 0.0),
    )


@pytest.mark.parametrize("code", ["ThrottlingException", "ResourceNotFoundException", "ValidationException"])
def test_a_refusal_is_an_outage_that_tells_nothing_of_what_was_asked(code: str) -> None:
    source, stub = knowledge_base()
    stub.add_client_error("retrieve", code, "hunter2 at arn:aws:bedrock:us-east-1:123:x")
    with pytest.raises(Unavailable) as outage:
        source.retrieve("reset password", 5, NOBODY_KNOWN)
    assert outage.value.dependency == "knowledge_base"
    assert str(outage.value) == "This is not available right now. Please try again in a moment."


@pytest.mark.parametrize(
    ("reader", "groups"),
    [(PREMIUM, ["customer", "premium"]), (ANY_CUSTOMER, ["customer", "enterprise", "premium", "standard"])],
    ids=["a tier", "a tier to be known"],
)
def test_a_search_asks_for_what_its_reader_may_read(reader: Reader, groups: list[str]) -> None:
    listed = [{"listContains": {"key": "access", "value": group}} for group in groups]
    source, stub = knowledge_base()
    answer = {"retrievalResults": [result(access=["premium", "agent"])]}
    stub.add_response("retrieve", answer, expected({"orAll": [FOR_EVERYBODY, *listed]}))
    assert source.retrieve("reset password", 5, reader)[0].access == ("premium", "agent")


def test_a_store_that_can_is_asked_by_words_as_well() -> None:
    source, stub = knowledge_base()
    asked = expected(FOR_EVERYBODY)
    asked["retrievalConfiguration"]["vectorSearchConfiguration"]["overrideSearchType"] = "HYBRID"
    stub.add_response("retrieve", {"retrievalResults": [result()]}, asked)
    assert len(replace(source, is_hybrid=True).retrieve("reset password", 5, NOBODY_KNOWN)) == 1


@pytest.mark.parametrize(
    "sidecar",
    [
        {"access": ["premium"]},
        {"access": "Premium"},
        {"access": ["Public"]},
        {"access": []},
        {"access": True},
        {"Access": ["agent"]},
    ],
    ids=str,
)
def test_what_a_store_lets_through_is_dropped_and_leaves_no_trace(sidecar: dict[str, Any]) -> None:
    closed = {**result("# Delivery", "s3://kb/internal/delivery.md"), "metadata": sidecar}
    (passage,) = retrieve(closed, result("# Delivery", "s3://kb/shop/delivery.md"))
    assert (passage.title, passage.document) == ("Delivery", "shop/delivery.md")


def test_a_document_whose_access_is_unclear_is_named_in_the_log() -> None:
    source, stub = knowledge_base()
    unclear = {**result(uri="s3://kb/a.md"), "metadata": {"access": ["premum"]}}
    stub.add_response("retrieve", {"retrievalResults": [unclear]})
    assert source.retrieve("reset password", 5, ANY_CUSTOMER) == ()
    log = source.log
    assert isinstance(log, FakeSearchLog)
    assert log.unclear == ["s3://kb/a.md"]
