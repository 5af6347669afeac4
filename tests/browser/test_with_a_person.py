"""A conversation that goes to a person, as its customer sees it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat import EXCHANGE, answers, ask, install_clock, questions
from tests.browser.scripted_server import Received, Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor

HAND_OVER = Reply(answer("I'm handing over.", escalation={"ticket_id": "T-1042"}, citations=[]))
PASSED_ON = Reply(answer("I have passed it on.", handled_by="agent", model=None))
REPLY = {
    "message_id": "r-1",
    "role": "agent",
    "author": "Jo",
    "content": "It is **in the van**.",
    "timestamp": "2026-11-19T09:05:00+00:00",
}
# The clock that a test sets stops timers, not messages.
NEXT_TASK = """() => new Promise(done => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage('');
})"""
ADA = {"email": "ada@example.com", "phone": None, "name": None}


def news(*messages: object, status: str = "open", **fields: Any) -> Reply:
    ticket = {"ticket_id": "T-1042", "status": status}
    body = {"session_id": "session-1", "messages": messages, "next": None, "newest": "42", "ticket": ticket}
    return Reply({**body, **fields})


@pytest.fixture
def page(visit: Visitor, server: ScriptedServer) -> Page:
    """A conversation that waits for a person, with a clock that the test sets."""
    page = visit(server.url, before=install_clock)
    server.replies.append(HAND_OVER)
    ask(page, "I want to talk to a human")
    expect(answers(page)).to_have_count(1)
    server.history = news()
    return page


def ticket_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Your ticket", exact=True)


def read_news(page: Page, server: ScriptedServer, reply: Reply, after_ms: int = 4_000) -> None:
    """Let the page read what is new, and take it in."""
    server.history = reply
    with page.expect_response(re.compile("/chat/session-1")) as response:
        page.clock.fast_forward(after_ms)
    response.value.finished()
    page.evaluate(NEXT_TASK)


def test_what_an_agent_writes_appears_by_itself_until_the_ticket_is_closed(
    page: Page, server: ScriptedServer
) -> None:
    read_news(page, server, news(*EXCHANGE, REPLY))
    expect(page.locator(".author").last).to_have_text("Jo")
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last.locator("strong")).to_have_text("in the van")
    expect(answers(page).last.locator(".feedback")).to_be_hidden()
    for status in ("open", "closed"):
        # The same again changes nothing.
        read_news(page, server, news(REPLY, status=status))
        assert server.received[-1].path == "/chat/session-1?after=42"
    expect(ticket_of(page)).to_contain_text("Closed")
    expect(answers(page)).to_have_count(2)
    read = len(server.received)
    page.clock.fast_forward(60_000)
    assert len(server.received) == read


def test_the_ticket_says_where_it_stands(page: Page, server: ScriptedServer) -> None:
    ticket = ticket_of(page)
    expect(ticket).to_contain_text("Waiting for our support team")
    expect(ticket).to_contain_text("Ticket T-1042")
    read_news(page, server, news(REPLY, handled_by="agent"))
    expect(ticket).to_contain_text("With Jo")
    read_news(page, server, news(status="closed"))
    expect(ticket).to_contain_text("Closed")
    server.replies.append(Reply(answer("A new one.", escalation={"ticket_id": "T-1043"})))
    ask(page, "I want to talk to a human")
    expect(ticket).to_contain_text("Waiting for our support team")
    expect(ticket).to_contain_text("Ticket T-1043")
    page.get_by_role("button", name="New conversation").click()
    expect(ticket).to_be_hidden()


def test_who_joins_is_said_once_and_again_after_a_reload(page: Page, server: ScriptedServer) -> None:
    others = [
        {**REPLY, "message_id": f"r-{number}", "author": name} for number, name in ((2, "Jo"), (3, "Mia"))
    ]
    read_news(page, server, news(REPLY, handled_by="agent"))
    read_news(page, server, news(*others, handled_by="agent"))
    joined = page.locator(".joined")
    expect(joined).to_have_text(["Jo has joined", "Mia has joined"])
    again = {**EXCHANGE[1], "message_id": "m-9", "escalation": {"ticket_id": "T-1042"}}
    next_reply = {**REPLY, "message_id": "r-4", "author": "Mia"}
    server.history = news(*EXCHANGE, REPLY, *others, again, next_reply, handled_by="agent")
    page.reload()
    expect(joined).to_have_text(["Jo has joined", "Mia has joined", "Mia has joined"])
    expect(page.locator(".author").last).to_have_text("Mia")
    expect(answers(page).last.locator(".feedback")).to_be_hidden()


def test_news_are_read_less_often_when_nobody_has_written_for_long(
    page: Page, server: ScriptedServer
) -> None:
    read_news(page, server, news(), after_ms=11 * 60_000)
    read = len(server.received)
    page.clock.fast_forward(19_000)
    page.evaluate(NEXT_TASK)
    assert len(server.received) == read
    read_news(page, server, news(), after_ms=1_000)


def test_news_are_read_only_while_the_page_is_looked_at(page: Page, server: ScriptedServer) -> None:
    set_hidden = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(set_hidden, True)
    page.clock.fast_forward(60_000)
    page.evaluate(NEXT_TASK)
    assert [request.method for request in server.received] == ["POST"]
    with page.expect_response("**/chat/session-1"):
        page.evaluate(set_hidden, False)


def test_a_message_to_a_person_waits_for_no_answer(page: Page, server: ScriptedServer) -> None:
    read_news(page, server, news(REPLY, handled_by="agent"))
    expect(page.locator(".joined")).to_have_count(1)
    server.replies.append(PASSED_ON)
    with page.expect_response("**/chat"):
        ask(page, "And now?")
        expect(page.locator(".typing")).to_have_count(0)
    expect(page.locator(".delivery").last).to_have_text("Passed on to our support team")
    expect(answers(page)).to_have_count(2)


def test_the_form_says_what_is_wrong_at_the_field_and_what_was_kept(
    page: Page, server: ScriptedServer
) -> None:
    email, save = page.get_by_label("E-mail", exact=True), page.get_by_role("button", name="Save")
    save.click()
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("name@example.com"))

    email.fill("ada@example")
    page.get_by_label("Name").fill("Ada")
    refusal = {"error": "…", "fields": [{"field": "email", "problem": "…"}]}
    kept = {**ADA, "name": "Ada"}
    server.replies.extend([Reply(refusal, status=400), Reply({"error": "Later."}, status=503), Reply(kept)])
    save.click()
    expect(email).to_have_accessible_description(re.compile("name@example.com"))
    save.click()
    expect(page.get_by_role("alert")).to_have_text("Later.")
    expect(email).to_have_attribute("aria-invalid", "false")
    email.fill("ada@example.com")
    email.press("Enter")
    expect(page.locator(".event")).to_have_text("Saved. Our support team can reach you at ada@example.com.")
    expect(ticket_of(page)).to_contain_text("ada@example.com")
    expect(email).to_be_hidden()
    sent = {"email": "ada@example.com", "name": "Ada"}
    assert server.received[-1] == Received("PUT", "/chat/session-1/contact", sent)

    page.get_by_role("button", name="Change how we reach you").click()
    expect(email).to_have_value("ada@example.com")
    expect(email).to_be_focused()
    page.get_by_role("button", name="Not now").click()
    expect(email).to_be_hidden()
    expect(page.get_by_role("button", name="Change how we reach you")).to_be_focused()


def test_an_address_from_the_chat_stands_in_the_form_to_be_confirmed(
    page: Page, server: ScriptedServer
) -> None:
    email = page.get_by_label("E-mail", exact=True)
    page.get_by_role("button", name="Not now").click()
    server.replies.append(Reply(answer("Should our support team reach you at …?", offered_contact=ADA)))
    ask(page, "my email is ada@example.com")
    expect(email).to_have_value("ada@example.com")
    server.replies.append(Reply(ADA))
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".event")).to_contain_text("ada@example.com")
    assert server.received[-1].body == {"email": "ada@example.com"}


def test_an_address_confirmed_in_the_chat_is_shown_and_not_asked_for(
    page: Page, server: ScriptedServer
) -> None:
    page.get_by_role("button", name="Not now").click()
    ask(page, "How do refunds work?")
    expect(answers(page)).to_have_count(2)
    expect(page.get_by_label("E-mail", exact=True)).to_be_hidden()
    read_news(page, server, news(contact=ADA))
    expect(ticket_of(page)).to_contain_text("ada@example.com")
    server.replies.append(HAND_OVER)
    ask(page, "A person, please")
    expect(answers(page)).to_have_count(3)
    expect(page.get_by_label("E-mail", exact=True)).to_be_hidden()


def test_once_closed_the_customer_says_whether_it_was_solved(page: Page, server: ScriptedServer) -> None:
    read_news(page, server, news(REPLY, handled_by="agent"))
    read_news(page, server, news(status="closed"))
    solved = page.get_by_role("region", name="Your ticket is closed. Was this solved?")
    expect(page.get_by_role("status")).to_have_text("Your ticket is closed. Was this solved?")
    server.replies.extend([Reply({"error": "Later."}, status=503), Reply({"status": "accepted"})])
    solved.get_by_role("button", name="No").click()
    expect(solved).to_contain_text("Your answer was not saved. Later.")
    solved.get_by_role("button", name="No").click()
    again = solved.get_by_role("button", name="Talk to a person")
    expect(again).to_be_focused()
    rating = {"message_id": "r-1", "rating": "down"}
    assert server.received[-1] == Received("POST", "/chat/session-1/feedback", rating)
    server.replies.append(Reply(answer("A new one.", escalation={"ticket_id": "T-1043"})))
    again.click()
    expect(ticket_of(page)).to_contain_text("T-1043")
    expect(solved).to_be_hidden()


RATED = {**REPLY, "feedback": {"rating": "up", "comment": None}}


@pytest.mark.parametrize(
    ("messages", "is_asked"),
    [((*EXCHANGE, REPLY), True), ((*EXCHANGE, RATED), False), ((REPLY, *EXCHANGE), False), (EXCHANGE, False)],
    ids=["an agent had the last word", "it was said before", "the assistant is back", "no agent replied"],
)
def test_who_comes_back_is_asked_once_whether_it_was_solved(
    page: Page, server: ScriptedServer, messages: tuple[object, ...], is_asked: bool
) -> None:
    server.history = news(*messages, status="closed")
    page.reload()
    expect(questions(page)).to_have_count(sum(message in EXCHANGE[:1] for message in messages))
    expect(ticket_of(page)).to_contain_text("Closed")
    expect(page.locator("#solved")).to_be_visible(visible=is_asked)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_ticket_and_the_form_fit(visit: Visitor, server: ScriptedServer, width: int) -> None:
    server.replies.append(HAND_OVER)
    page = visit(server.url, viewport={"width": width, "height": 640}, reduced_motion="reduce")
    ask(page, "I want to talk to a human")
    address = f"{'a' * 60}@{'example.' * 8}com"
    server.replies.append(Reply({**ADA, "email": address}))
    email = page.get_by_label("E-mail", exact=True)
    email.fill(address)
    email.press("Enter")
    expect(ticket_of(page)).to_contain_text(address)
    overflowing = page.evaluate(
        "['html', 'body', 'main', 'header', 'footer'].filter("
        "name => { const e = document.querySelector(name); return e.scrollWidth > e.clientWidth; })"
    )
    assert overflowing == []
