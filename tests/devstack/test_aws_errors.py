"""What AWS answers when something is wrong, as the sentence that a person reads."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
)

from tooling.aws_errors import explained

NO_CONNECTION = EndpointConnectionError(endpoint_url="https://s3.amazonaws.com/")
NOT_AUTHORISED = "User: x is not authorized to perform: rds:CreateDBInstance on resource: y"


def refusal(code: str, message: str = "", operation: str = "PutObject") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "No usable AWS credentials were found. Sign in"),
        (ProfileNotFound(profile="nobody"), "The config profile (nobody) could not be found. Sign in"),
        (NoRegionError(), "The AWS Region is not known. Name one with --region"),
        (InvalidRegionError(region_name="x!"), "x! is no AWS Region. Name one with --region"),
        (NO_CONNECTION, "AWS does not answer: Could not connect"),
        (ReadTimeoutError(endpoint_url="https://x/"), "AWS does not answer: Read timeout"),
        (refusal("ExpiredToken"), "AWS does not accept these credentials (ExpiredToken). Sign in"),
        (refusal("InvalidClientTokenId"), "AWS does not accept these credentials"),
        (refusal("AccessDenied", NOT_AUTHORISED), "may not do rds:CreateDBInstance. Use others, or ask"),
        (refusal("403", operation="HeadObject"), "may not do HeadObject. Use others, or ask"),
        (refusal("NoSuchBucket"), "PutObject found nothing (NoSuchBucket): deploy the stage first"),
        (refusal("SlowDown", "too\n fast"), "AWS refused PutObject (SlowDown): too fast"),
        (refusal("400", "<p>\n" * 200), f"AWS refused PutObject (400): {'<p> ' * 74}…"),
    ],
)
def test_each_error_is_a_sentence_with_the_next_step(error: Any, sentence: str) -> None:
    assert sentence in str(explained(error))


def test_a_command_may_say_itself_what_to_do_without_a_connection() -> None:
    assert str(explained(NO_CONNECTION, "Start it.")) == "Start it."
    assert "may not do" in str(explained(refusal("AccessDenied"), "Start it."))


@pytest.mark.parametrize(
    ("code", "is_said"), [("UnrecognizedClientException", True), ("ExpiredToken", False)]
)
def test_a_region_that_is_not_enabled_is_named_as_a_possible_reason(code: str, is_said: bool) -> None:
    assert ("this one has to be enabled" in str(explained(refusal(code)))) is is_said
