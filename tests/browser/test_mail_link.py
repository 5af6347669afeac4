"""A mail's link leads back to its conversation, and leaves nothing behind that opens it."""

import re

from playwright.sync_api import expect

from tests.browser.chat import EXCHANGE, answers, ask, questions
from tests.browser.scripted_server import Received, Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor

TOKEN = "T-1042.1795780800.5f0c8a1d2b3e4f60718293a4b5c6d7e8"
LINK = f"/#conversation={TOKEN}"
OPENED = Reply({"session_id": "session-7"})
HISTORY = Reply({"session_id": "session-7", "messages": EXCHANGE, "next": None})
REFUSED = Reply({"error": "This link is too old.", "code": "link_not_valid"}, status=403)


def test_a_link_opens_its_conversation_and_is_gone_from_the_address(
    visit: Visitor, server: ScriptedServer
) -> None:
    server.replies.append(OPENED)
    server.history = HISTORY
    page = visit(server.url + LINK)
    expect(questions(page)).to_have_text("Where is my order?")
    assert server.received[:2] == [
        Received("POST", "/chat/open", {"token": TOKEN}),
        Received("GET", "/chat/session-7", None),
    ]
    assert page.url == f"{server.url}/"
    assert page.evaluate("history.length") <= 2
    page.reload()
    expect(questions(page)).to_have_text("Where is my order?")
    ask(page, "And now?")
    expect(answers(page)).to_have_count(2)
    assert server.questions()[-1]["session_id"] == "session-7"


def test_a_link_opened_in_a_tab_that_shows_the_chat_counts_too(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    server.replies.append(OPENED)
    server.history = HISTORY
    page.goto(server.url + LINK)
    expect(questions(page)).to_have_text("Where is my order?")
    assert TOKEN not in page.url


def test_a_link_that_opens_nothing_says_so_and_takes_nothing_away(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    server.replies.append(REFUSED)
    server.history = Reply({"session_id": "session-1", "messages": EXCHANGE, "next": None})
    page.goto(server.url + LINK)
    expect(page.locator("#link-notice")).to_contain_text("older than a week")
    expect(page.locator("#link-notice").get_by_role("button")).to_be_hidden()
    expect(questions(page)).to_have_text("Where is my order?")
    assert server.received[-1].path == "/chat/session-1"


def test_a_link_that_cannot_be_opened_now_can_be_tried_again(visit: Visitor, server: ScriptedServer) -> None:
    server.replies.append(Reply({"error": "Please try again in a moment."}, status=503))
    page = visit(server.url + LINK)
    expect(page.locator("#link-notice")).to_contain_text("try again in a moment")
    server.replies.append(OPENED)
    server.history = HISTORY
    page.locator("#link-notice").get_by_role("button", name="Try again").click()
    expect(questions(page)).to_have_text("Where is my order?")
    expect(page.locator("#link-notice")).to_be_hidden()


def test_what_is_no_token_is_left_alone(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url + "/#conversation=<script>")
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    server.replies.append(Reply(answer()))
    ask(page, "Hello")
    assert re.search("chat/open", str(server.received)) is None
