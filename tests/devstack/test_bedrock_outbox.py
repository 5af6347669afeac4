"""SES on this machine: what it takes lies in a folder as a mail program reads it, the rest it refuses."""

import email
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.mail import Mail
from chalicelib.gateways.mail import SesMail
from tests.devstack.bedrock_server import Server, running
from tooling.aws_errors import code_of

SENDER = "support@example.com"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The stand-in with one verified sender."""
    with running(mail_folder=tmp_path / "mail") as server:
        server.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        yield server


def sent(folder: Path) -> list[EmailMessage]:
    """Return the mails, oldest first."""
    paths = sorted((folder / "mail").glob("*.eml"))
    return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]


def send(server: Server, to: str = "jo@example.com", sender: str = SENDER, subject: str = "Hello") -> None:
    content: Any = {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "Hello"}}}
    server.client("sesv2").send_email(
        FromEmailAddress=sender, Destination={"ToAddresses": [to]}, Content={"Simple": content}
    )


def refused(server: Server, **fields: str) -> str:
    with pytest.raises(ClientError) as refusal:
        send(server, **fields)
    return code_of(refusal.value)


def test_what_the_app_sends_can_be_read(server: Server, tmp_path: Path) -> None:
    mail = Mail("jo@example.com", "Ваш заказ 📦", "> 你好\n> Grüße\n", '<p dir="auto">你好</p>')
    SesMail(server.client("sesv2"), f"Jörg <{SENDER}>").send(mail)
    (message,) = sent(tmp_path)
    assert (message["From"], message["To"]) == (f"Jörg <{SENDER}>", "jo@example.com")
    assert (message["Subject"], message["Auto-Submitted"]) == ("Ваш заказ 📦", "auto-generated")
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), text.get_content().splitlines()) == (
        "text/plain",
        mail.text.splitlines(),
    )
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", mail.html)


def test_mails_are_sent_from_verified_senders_alone(server: Server, tmp_path: Path) -> None:
    assert refused(server, sender="other@example.com") == "MessageRejected"
    server.client("sesv2").create_email_identity(EmailIdentity="example.com")
    send(server, sender="Other <Other@example.com>")
    assert len(sent(tmp_path)) == 1


@pytest.mark.parametrize("to", ["jo", "jo@", "jo@example", "j o@example.com", "a@b.de, c@d.de", "jö@b.de"])
def test_what_is_no_address_is_refused(server: Server, tmp_path: Path, to: str) -> None:
    assert refused(server, to=to) == "BadRequestException"
    assert sent(tmp_path) == []


def test_a_line_break_begins_no_header(server: Server, tmp_path: Path) -> None:
    assert refused(server, subject="Hello\r\nBcc: all@example.com") == "BadRequestException"
    assert sent(tmp_path) == []


def test_faults_that_a_developer_asks_for_are_those_of_ses(server: Server) -> None:
    assert server.fault(operation="SendEmail", error="TooManyRequestsException", times=1).status_code == 200
    assert refused(server) == "TooManyRequestsException"
    send(server)


def test_an_identity_is_verified_once(server: Server) -> None:
    with pytest.raises(ClientError) as refusal:
        server.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    assert code_of(refusal.value) == "AlreadyExistsException"
