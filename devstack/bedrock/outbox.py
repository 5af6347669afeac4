"""Mails that are sent go into a folder as `.eml` files, which any mail program opens; no mail leaves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from devstack.bedrock.wire.protocol import ServiceError
from devstack.private_files import write_private

MAX_RECIPIENTS = 50
ADDRESS = re.compile(r"[!-?A-~]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")


class Outbox:
    """Sends as Amazon SES does out of its sandbox: from verified addresses and domains, to any address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._verified: set[str] = set()

    def create_email_identity(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Verify an address or a domain, without the mail or the DNS record that AWS asks for."""
        identity = parameters["EmailIdentity"].lower()
        if identity in self._verified:
            raise ServiceError("AlreadyExistsException", f"Email identity {identity} already exist.")
        self._verified.add(identity)
        kind = "EMAIL_ADDRESS" if "@" in identity else "DOMAIN"
        return {"IdentityType": kind, "VerifiedForSendingStatus": True}

    def send_email(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Write a mail of the simple kind, as its sender composed it."""
        simple = parameters["Content"].get("Simple")
        if simple is None:
            raise ServiceError("BadRequestException", "The local stand-in sends simple mails only.")
        recipients = parameters.get("Destination", {}).get("ToAddresses", [])
        self._require_verified(parameters.get("FromEmailAddress", ""))
        _require_addresses(recipients)
        message = EmailMessage(SMTP)
        message_id = str(uuid.uuid4())
        sent_at = datetime.now(timezone.utc)
        try:
            message["From"] = parameters["FromEmailAddress"]
            message["To"] = [Address(addr_spec=each) for each in recipients]
            message["Subject"] = simple["Subject"]["Data"]
            message["Date"] = sent_at
            message["Message-ID"] = f"<{message_id}@email.amazonses.com>"
            _add_headers(message, simple.get("Headers", []))
        except (ValueError, MessageError) as error:
            # A line break in a header, for instance.
            raise ServiceError("BadRequestException", "A header is not valid.") from error
        _add_body(message, simple["Body"])
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{sent_at:%Y%m%dT%H%M%S.%f}-{message_id[:8]}.eml"
        write_private(path, message.as_bytes())
        return {"MessageId": message_id}

    def _require_verified(self, sender: str) -> None:
        address = parseaddr(sender)[1].lower()
        if not {address, address.rpartition("@")[2]} & self._verified:
            raise ServiceError(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region "
                f"US-EAST-1: {address}",
            )


def _require_addresses(recipients: list[str]) -> None:
    if not recipients:
        raise ServiceError("BadRequestException", "Missing required header 'To'.")
    if len(recipients) > MAX_RECIPIENTS:
        raise ServiceError("BadRequestException", f"Recipient count exceeds {MAX_RECIPIENTS}.")
    for each in recipients:
        if not ADDRESS.fullmatch(parseaddr(each)[1]) or parseaddr(each)[1] != each:
            raise ServiceError("BadRequestException", "Illegal address")


def _add_headers(message: EmailMessage, headers: list[dict[str, str]]) -> None:
    for each in headers:
        if not HEADER_NAME.fullmatch(each["Name"]):
            raise ValueError(each["Name"])
        message[each["Name"]] = each["Value"]


def _add_body(message: EmailMessage, body: Mapping[str, Any]) -> None:
    text, html = (body.get(kind, {}).get("Data") for kind in ("Text", "Html"))
    if text is not None:
        message.set_content(text, cte="quoted-printable")
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    elif html is not None:
        message.set_content(html, subtype="html", cte="quoted-printable")
