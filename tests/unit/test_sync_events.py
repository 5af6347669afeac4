"""What of S3's notifications counts as a change of a document."""

import pytest

from chalicelib.sync.s3_notices import Notices, read_notices
from tests.sync_fakes import BUCKET, notification


@pytest.mark.parametrize(
    "key", ["reset-password.md", "a.md.metadata.json", "guides/a+b%20%C3%BC%2F%22.md", "%ff%zz+", ".hidden"]
)
def test_any_document_and_sidecar_counts(key: str) -> None:
    assert read_notices(notification(key), BUCKET) == Notices(1, {})


@pytest.mark.parametrize(
    "name",
    ["ObjectCreated:Copy", "ObjectRemoved:Delete", "LifecycleExpiration:Delete", "s3:ObjectCreated:Put"],
)
def test_whatever_changes_a_document_counts(name: str) -> None:
    assert read_notices(notification("a.md", name=name), BUCKET) == Notices(1, {})


@pytest.mark.parametrize("name", ["ObjectTagging:Put", "ReducedRedundancyLostObject", "", "ObjectAcl:Put"])
def test_what_leaves_the_document_as_it_is_does_not(name: str) -> None:
    assert read_notices(notification("a.md", name=name), BUCKET) == Notices(0, {"other event": 1})


@pytest.mark.parametrize("key", ["guides/", "guides%2F", "a+b/", "%C3%BC/"])
def test_a_folder_is_no_document(key: str) -> None:
    assert read_notices(notification(key), BUCKET) == Notices(0, {"folder": 1})


def test_another_bucket_is_not_ours() -> None:
    assert read_notices(notification("a.md", bucket="kb-drafts"), BUCKET) == Notices(0, {"other bucket": 1})


def test_the_test_that_s3_sends_is_known() -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}
    assert read_notices(event, BUCKET) == Notices(0, {"test": 1})


@pytest.mark.parametrize(
    "event", [None, [], "x", 5, {}, {"Records": None}, {"Records": {}}, {"Records": "ab"}]
)
def test_what_is_no_notification_is_malformed(event: object) -> None:
    assert read_notices(event, BUCKET) == Notices(0, {"malformed": 1})


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "x",
        {},
        {"eventName": "ObjectCreated:Put"},
        {"eventName": "ObjectCreated:Put", "s3": None},
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": BUCKET, "object": {"key": "a"}}},
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": ""}}},
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": 5}}},
        {"eventName": 5, "s3": {"bucket": {"name": BUCKET}, "object": {"key": "a"}}},
    ],
)
def test_a_malformed_record_does_not_hide_the_others(record: object) -> None:
    records = [record, *notification("a.md", "b.md")["Records"]]  # type: ignore[misc]
    assert read_notices({"Records": records}, BUCKET) == Notices(2, {"malformed": 1})
