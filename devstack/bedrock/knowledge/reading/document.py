"""What reading a file gives: its text and title, or the reason why it cannot be read."""

from dataclasses import dataclass


class UnsupportedDocument(Exception):
    """A kind of file that is not read here; says which kinds are."""


class UnreadableDocument(Exception):
    """A file of a known kind that cannot be read; says what to do about it."""


@dataclass(frozen=True)
class Document:
    """The text of a file as Markdown, and its title when it names one."""

    title: str | None
    text: str
