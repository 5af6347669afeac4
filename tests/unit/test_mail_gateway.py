"""Mails to SES; requests and answers are held to botocore's own model."""

from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from chalicelib.domain.mail import Mail
from chalicelib.errors import SendingFailed, SendingRefused
from chalicelib.gateways.mail import SesMail
from tests.aws import stubbed

MAIL = Mail("jo@example.com", "Über", "text", "<p>html</p>")


def gateway(sender: str = "support@example.com") -> tuple[SesMail, Stubber]:
    client, stub = stubbed("sesv2")
    return SesMail(client, sender), stub


class Failing:
    """A client whose calls meet an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **_: Any) -> None:
        raise self.error


def failure(ses: SesMail) -> SendingFailed:
    with pytest.raises(SendingFailed) as failed:
        ses.send(MAIL)
    return failed.value


@pytest.mark.parametrize(
    ("sender", "sent"),
    [
        ("support@example.com", "support@example.com"),
        ("Support <support@example.com>", "Support <support@example.com>"),
        ("Größe <support@example.com>", "=?utf-8?b?R3LDtsOfZQ==?= <support@example.com>"),
    ],
)
def test_a_mail_is_handed_over_in_both_of_its_forms(sender: str, sent: str) -> None:
    ses, stub = gateway(sender)
    simple = {
        "Subject": {"Data": "Über", "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": "text", "Charset": "UTF-8"},
            "Html": {"Data": "<p>html</p>", "Charset": "UTF-8"},
        },
        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
    }
    expected = {
        "FromEmailAddress": sent,
        "Destination": {"ToAddresses": ["jo@example.com"]},
        "Content": {"Simple": simple},
    }
    stub.add_response("send_email", {"MessageId": "1"}, expected)
    ses.send(MAIL)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    "code", ["MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"]
)
def test_what_ses_will_not_take_later_either_is_refused_for_good(code: str) -> None:
    ses, stub = gateway()
    stub.add_client_error("send_email", code, "Email address is not verified: jo@example.com")
    refusal = failure(ses)
    assert isinstance(refusal, SendingRefused)
    assert str(refusal) == f"SES answered {code}", "and no address"


@pytest.mark.parametrize(
    "code",
    [
        *("TooManyRequestsException", "ThrottlingException", "LimitExceededException"),
        *("SendingPausedException", "AccountSuspendedException", "AccessDeniedException", "503"),
    ],
)
def test_what_may_pass_is_tried_again(code: str) -> None:
    ses, stub = gateway()
    stub.add_client_error("send_email", code)
    assert not isinstance(failure(ses), SendingRefused)


@pytest.mark.parametrize("kind", [EndpointConnectionError, ConnectTimeoutError])
def test_a_mail_that_was_never_handed_over_is_tried_again(kind: type[Exception]) -> None:
    error = kind(endpoint_url="https://email.us-east-1.amazonaws.com")  # type: ignore[call-arg]
    assert not isinstance(failure(SesMail(Failing(error), "a@b.de")), SendingRefused)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://email.us-east-1.amazonaws.com"),
        ConnectionClosedError(endpoint_url="https://email.us-east-1.amazonaws.com"),
        ResponseParserError("cut"),
        ValueError("cut"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mail_that_may_be_on_its_way_is_not_sent_twice(error: Exception) -> None:
    assert isinstance(failure(SesMail(Failing(error), "a@b.de")), SendingRefused)  # type: ignore[arg-type]
