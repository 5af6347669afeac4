"""What mails say, and what they never carry on: mark-up, headers, or words of whoever typed an address."""

from html.parser import HTMLParser
from typing import Any

import pytest

from chalicelib.chat.voice import Voice
from chalicelib.domain.mail import Mail
from chalicelib.events.mail_texts import reply_mail, ticket_mail

LINK = "https://help.example.com/chat/#conversation=T-1.1795780800.5f0c8a1d"
REPLY = {"ticket_id": "T-1", "author": "Jo", "message": "It is on its way.\n\nBye"}
TICKET = {
    "ticket_id": "T-1",
    "channel": "chat",
    "priority": "high",
    "reason": None,
    "customer_external_id": "CUST-1001",
    "subject": "Parcel is late",
    "description": "Where is it?",
}
INJECTIONS = ["\r\nBcc: all@example.com", "\nX: y\n\nbody", "\x00\x0b\x85\u2028Bcc: x", "a\rb"]


class Page(HTMLParser):
    """What a mail program makes of a mail: its words, and which elements it has."""

    def __init__(self, mail: Mail) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", set[str](), list[str | None]()
        self.feed(mail.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def reply(link: str | None = LINK, language: str = "en", **told: Any) -> Mail:
    return reply_mail("jo@example.com", {**REPLY, **told}, link, Voice(language))


def test_a_reply_is_quoted_and_leads_to_its_conversation() -> None:
    mail = reply()
    assert (mail.to, mail.subject) == ("jo@example.com", "Our support team has answered you (ticket T-1)")
    assert "Jo of our support team has answered you:\n\n> It is on its way.\n>\n> Bye\n" in mail.text
    assert f"\n{LINK}\n" in mail.text
    page = Page(mail)
    assert page.links == [LINK]
    assert "It is on its way." in page.text


def test_a_reply_without_a_link_says_where_to_answer() -> None:
    mail = reply(None)
    assert "go back to the page where you asked" in mail.text
    assert Page(mail).links == []


@pytest.mark.parametrize(
    "message",
    [
        '<script>alert(1)</script><img src=x onerror="alert(1)">',
        "</blockquote></body><a href='https://evil.example.com'>here</a>",
        "[here](javascript:alert(1)) & <b>bold</b> **bold**",
    ],
)
def test_mark_up_in_a_reply_is_shown_and_not_obeyed(message: str) -> None:
    page = Page(reply(message=message))
    assert message in page.text
    assert page.tags <= {"html", "head", "meta", "body", "p", "blockquote", "br", "a"}
    assert page.links == [LINK]


@pytest.mark.parametrize("injected", INJECTIONS)
def test_no_word_begins_a_header_of_its_own(injected: str) -> None:
    for mail in (
        reply(author=f"Jo{injected}", ticket_id=f"T-1{injected}"),
        ticket_mail("team@example.com", {**TICKET, "subject": f"Late{injected}"}),
    ):
        assert len(mail.subject.splitlines()) == 1
        assert mail.subject.isprintable()


@pytest.mark.parametrize("text", ["Ваш заказ уже в пути", "您的订单", "طلبك في الطريق", "ご注文 📦"])
def test_every_script_is_kept(text: str) -> None:
    assert f"> {text}\n" in reply(message=text).text
    assert text in Page(reply(message=text)).text
    assert text in ticket_mail("team@example.com", {**TICKET, "subject": text}).subject


def test_the_longest_reply_comes_whole() -> None:
    message = "word " * 4000
    assert message.strip() in Page(reply(message=message)).text
    assert message.strip() in reply(message=message).text


def test_each_line_of_a_reply_is_quoted_whatever_breaks_it() -> None:
    text = reply(message="one\u2028two\x0bthree\r\nfour").text
    assert "> one\n> two\n> three\n> four\n" in text


def test_the_team_reads_what_a_new_ticket_is_about() -> None:
    mail = ticket_mail("team@example.com", TICKET)
    assert mail.subject == "New ticket T-1: Parcel is late"
    assert "channel: chat\npriority: high\ncustomer external id: CUST-1001\n" in mail.text
    assert "> Where is it?\n" in mail.text
    assert "reason" not in mail.text


def test_a_long_subject_is_cut() -> None:
    subject = ticket_mail("team@example.com", {**TICKET, "subject": "x" * 500}).subject
    assert len(subject) == 150
    assert subject.endswith("…")
