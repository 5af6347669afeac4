"""What mails say. The words of people are quoted, and are text: nothing in them is a link or a mark-up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from chalicelib.branding import LANGUAGES
from chalicelib.chat.voice import Voice
from chalicelib.domain.mail import LINK_DAYS, Mail

SUBJECT_CHARS = 150
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PAGE = '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8"></head><body>\n{}\n</body></html>\n'
QUOTE = (
    '<blockquote dir="auto" style="margin:1em 0;padding-left:1em;border-left:3px solid #ccc">{}</blockquote>'
)


@dataclass(frozen=True)
class Part:
    """A part of a mail, in both of its forms."""

    text: str
    html: str


def reply_mail(to: str, told: Mapping[str, Any], link: str | None, voice: Voice) -> Mail:
    """Return what tells a customer of a reply, in their language.

    Nothing of it is by the customer: whoever typed the address may not be the one who reads it.
    """
    author = one_line(told["author"])
    parts = [_paragraph(voice.say("mail_reply", author=author)), _quote(told["message"])]
    if link:
        parts += [
            _link(voice.say("mail_link"), link),
            _paragraph(voice.say("mail_link_hint", days=str(LINK_DAYS))),
        ]
    else:
        parts.append(_paragraph(voice.say("mail_page_hint")))
    return _mail(to, voice.say("mail_subject", ticket_id=told["ticket_id"]), parts, voice.language)


def ticket_mail(to: str, told: Mapping[str, Any]) -> Mail:
    """Return what tells the team of a new ticket."""
    named = ("channel", "priority", "reason", "customer_external_id")
    facts = [f"{name.replace('_', ' ')}: {told[name]}" for name in named if told[name]]
    parts = [
        _paragraph(f"There is a new ticket, {told['ticket_id']}."),
        _paragraph("\n".join(facts)),
        _paragraph(one_line(told["subject"])),
        _quote(told["description"]),
    ]
    return _mail(to, f"New ticket {told['ticket_id']}: {told['subject']}", parts)


def one_line(text: str) -> str:
    """Return a text as it can stand in a mail's header, where a line break would begin the next header."""
    return " ".join(CONTROL.sub(" ", text).split())


def _mail(to: str, subject: str, parts: list[Part], language: str = LANGUAGES[0]) -> Mail:
    line = one_line(subject)
    clipped = line if len(line) <= SUBJECT_CHARS else f"{line[: SUBJECT_CHARS - 1].rstrip()}…"
    text, html = "\n\n".join(part.text for part in parts), "\n".join(part.html for part in parts)
    return Mail(to, clipped, f"{text}\n", PAGE.format(language, html))


def _paragraph(text: str) -> Part:
    return Part(text, f'<p dir="auto">{_lines(text)}</p>')


def _quote(text: str) -> Part:
    return Part("\n".join(f"> {line}".rstrip() for line in text.splitlines()), QUOTE.format(_lines(text)))


def _link(words: str, url: str) -> Part:
    return Part(f"{words}:\n{url}", f'<p><a href="{escape(url)}">{escape(words)}</a></p>')


def _lines(text: str) -> str:
    return "<br>\n".join(escape(line) for line in text.splitlines())
