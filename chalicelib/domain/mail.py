"""Mails: what tells a person who is not looking at a page."""

from dataclasses import dataclass

LINK_DAYS = 7
"""How long the link in a mail opens a conversation."""


@dataclass(frozen=True)
class Mail:
    """A mail to one address, in plain text and in HTML; the subject is one line."""

    to: str
    subject: str
    text: str
    html: str
