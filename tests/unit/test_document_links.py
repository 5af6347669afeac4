"""Links to documents: what a signed one says, and when there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.exceptions import NoRegionError

from chalicelib.errors import Unavailable
from chalicelib.gateways.document_links import SIGNING, DocumentLinks
from chalicelib.logs import cause_of

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


def asked_of(link: str) -> dict[str, str]:
    """Return the parameters in a link."""
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_a_link_is_signed_for_its_lifetime(links: DocumentLinks) -> None:
    asked = asked_of(links.link("a.md"))
    assert asked["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert asked["X-Amz-Expires"] == "600"
    assert asked["X-Amz-SignedHeaders"] == "host"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2", "eu-south-2"])
def test_a_link_names_the_buckets_own_region(region: str) -> None:
    link = DocumentLinks(lambda: client(region), BUCKET, 600).link("a.md")
    assert link.startswith(f"https://{BUCKET}.s3.{region}.amazonaws.com/a.md?")


def test_a_link_works_against_an_endpoint_without_names_of_its_own() -> None:
    link = DocumentLinks(lambda: client(endpoint="http://127.0.0.1:4566"), BUCKET, 600).link("a.md")
    assert link.startswith(f"http://127.0.0.1:4566/{BUCKET}/a.md?")


@pytest.mark.parametrize("key", KEYS)
def test_a_link_leads_to_the_very_key(links: DocumentLinks, key: str) -> None:
    parts = urlsplit(links.link(key))
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
    asked = asked_of(links.link(key))
    assert asked["response-content-disposition"] == "inline"
    assert asked["response-content-type"] == content_type


@pytest.mark.parametrize("key", ["a.html", "a.HTM", "a.xhtml", "a.svg", "a.xml"])
def test_no_document_becomes_a_page_that_runs_scripts(links: DocumentLinks, key: str) -> None:
    content_type = asked_of(links.link(key))["response-content-type"]
    assert content_type.startswith(("text/plain", "application/octet-stream"))


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
def test_without_credentials_links_are_unavailable() -> None:
    session = boto3.Session(region_name="eu-west-2")
    links = DocumentLinks(lambda: session.client("s3", config=SIGNING), BUCKET, 600)
    with pytest.raises(Unavailable) as outage:
        links.link("secret-plans.md")
    assert (outage.value.dependency, cause_of(outage.value)) == ("links", "NoCredentialsError")


def test_a_client_that_cannot_be_made_makes_links_unavailable() -> None:
    def make() -> "S3Client":
        raise NoRegionError

    with pytest.raises(Unavailable):
        DocumentLinks(make, BUCKET, 600).link("a.md")
