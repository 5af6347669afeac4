"""Links to sources: whose address wins, and what a signed one says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.exceptions import NoRegionError

from chalicelib.domain.conversation import Citation, Passage
from chalicelib.gateways.document_links import SIGNING, DocumentLinks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "kb-documents"
KEYS = [
    "guides/returns.md",
    "with space.md",
    "a+b.md",
    "100%.md",
    "50%25.md",
    "über/退货.md",
    "\"quoted\" 'twice'.md",
    "[brackets] (and) {braces}.md",
    "why?.md",
    "c#.md",
    "a&b=c;d.md",
    "//slashes//.md",
    "é" * 510 + ".txt",
]


def client(region: str = "eu-west-2", endpoint: str | None = None) -> "S3Client":
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="x",
        config=SIGNING,
    )


@pytest.fixture(scope="module")
def links() -> DocumentLinks:
    return DocumentLinks(client, BUCKET, 600)


def passage(document: str | None, url: str | None = None) -> Passage:
    return Passage("Text.", "Title", url, 0.5, document)


def link_to(links: DocumentLinks, key: str) -> str:
    link = links.link(passage(key))
    assert link
    return link


def asked_of(link: str) -> dict[str, str]:
    """Return the parameters in a link."""
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_where_the_team_publishes_a_document_comes_first(links: DocumentLinks) -> None:
    assert links.link(passage("a.md", "https://help.example.com/a")) == "https://help.example.com/a"


@pytest.mark.parametrize("document", [None, ""])
def test_a_source_that_is_nowhere_has_no_link(links: DocumentLinks, document: str | None) -> None:
    assert links.link(passage(document)) is None


def test_a_citation_is_linked_as_its_passage_is(links: DocumentLinks) -> None:
    citation = Citation(1, "Title", None, "Text.", 0.5, document="guides/a.md")
    assert "/guides/a.md?" in (links.link(citation) or "")


def test_a_link_is_signed_for_its_lifetime(links: DocumentLinks) -> None:
    asked = asked_of(link_to(links, "a.md"))
    assert asked["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert asked["X-Amz-Expires"] == "600"
    assert asked["X-Amz-SignedHeaders"] == "host"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2", "eu-south-2"])
def test_a_link_names_the_buckets_own_region(region: str) -> None:
    link = link_to(DocumentLinks(lambda: client(region), BUCKET, 600), "a.md")
    assert link.startswith(f"https://{BUCKET}.s3.{region}.amazonaws.com/a.md?")


def test_a_link_works_against_an_endpoint_without_names_of_its_own() -> None:
    link = link_to(DocumentLinks(lambda: client(endpoint="http://127.0.0.1:4566"), BUCKET, 600), "a.md")
    assert link.startswith(f"http://127.0.0.1:4566/{BUCKET}/a.md?")


@pytest.mark.parametrize("key", KEYS)
def test_a_link_leads_to_the_very_key(links: DocumentLinks, key: str) -> None:
    parts = urlsplit(link_to(links, key))
    assert unquote(parts.path) == f"/{key}"
    assert parts.fragment == ""


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("a.md", "text/plain; charset=utf-8"),
        ("A.TXT", "text/plain; charset=utf-8"),
        ("a.csv", "text/plain; charset=utf-8"),
        ("a.pdf", "application/pdf"),
        ("a.docx", "application/octet-stream"),
        ("a.svg", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_a_browser_shows_what_it_can(links: DocumentLinks, key: str, content_type: str) -> None:
    asked = asked_of(link_to(links, key))
    assert asked["response-content-disposition"] == "inline"
    assert asked["response-content-type"] == content_type


@pytest.mark.parametrize("key", ["a.html", "a.HTM", "a.xhtml", "a.svg", "a.xml"])
def test_no_document_becomes_a_page_that_runs_scripts(links: DocumentLinks, key: str) -> None:
    content_type = asked_of(link_to(links, key))["response-content-type"]
    assert content_type.startswith(("text/plain", "application/octet-stream"))


def test_the_client_is_made_once_and_not_before_it_is_needed() -> None:
    made: list[S3Client] = []

    def make() -> "S3Client":
        made.append(client())
        return made[-1]

    links = DocumentLinks(make, BUCKET, 600)
    links.link(passage("a.md", "https://help.example.com/a"))
    assert made == []
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: links.link(passage("a.md")), range(8)))
    assert len(made) == 1


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nobody is signed in: no credentials wherever they are looked for."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield


@pytest.mark.usefixtures("nobody")
def test_without_credentials_there_is_no_link_and_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = boto3.Session(region_name="eu-west-2")
    links = DocumentLinks(lambda: session.client("s3", config=SIGNING), BUCKET, 600)
    assert links.link(passage("secret-plans.md")) is None
    assert links.link(passage("a.md", "https://help.example.com/a")) == "https://help.example.com/a"
    (line,) = caplog.records
    assert (line.getMessage(), vars(line)["cause"]) == ("document_not_linked", "NoCredentialsError")
    assert "secret-plans" not in str(vars(line))


def test_a_client_that_cannot_be_made_is_tried_again() -> None:
    failures = [NoRegionError()]

    def make() -> "S3Client":
        if failures:
            raise failures.pop()
        return client()

    links = DocumentLinks(make, BUCKET, 600)
    assert links.link(passage("a.md")) is None
    assert links.link(passage("a.md"))
