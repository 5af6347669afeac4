"""An answer that is shown while it is written, and what the page does where that is not to be had."""

import re
import threading
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import answers, ask
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor

GROWING = ".growing .prose"
LONG = "\n\n".join(f"Step {n}: open the page that is called {n}." for n in range(40))


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def there(text: str, done: bool = False) -> Reply:
    return Reply({"text": text, "done": done})


def ask_slowly(server: ScriptedServer, gate: threading.Event, page: Page, body: object = None) -> None:
    server.replies.append(Reply(body or answer(), gate=gate))
    ask(page, "How do I reset my password?")


def wait_until(holds: Callable[[], bool], page: Page) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def test_an_answer_grows_and_gets_its_sources_at_the_end(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    page = visit(server.url)
    ask_slowly(server, gate, page)
    wait_until(lambda: bool(server.looks), page)
    server.pending.append(there("Open"))
    expect(page.locator(GROWING)).to_have_text("Open")
    server.pending.append(there("Open **Settings** and [1]"))
    expect(page.locator(GROWING)).to_have_text("Open Settings and")
    expect(page.locator(f"{GROWING} strong")).to_have_text("Settings")
    expect(page.get_by_role("button", name="Stop waiting")).to_be_visible()
    gate.set()
    expect(answers(page).locator(".prose .mark a")).to_have_text("1")
    expect(answers(page)).to_have_css("animation-name", "none")
    expect(page.locator(".typing")).to_have_count(0)
    sent = server.questions()[0]
    assert sent["progressive"] is True
    assert set(server.looks) == {f"/chat/pending/{sent['message_id']}"}


def test_a_screen_reader_hears_the_whole_answer_once(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    server.pending.append(there("Open"))
    page = visit(server.url)
    ask_slowly(server, gate, page)
    expect(page.locator(GROWING)).to_have_text("Open")
    expect(page.locator("#announcer")).to_have_text("The assistant is writing")
    assert page.locator(GROWING).evaluate("part => part.closest('[aria-live]')") is None
    gate.set()
    expect(page.locator("#announcer")).to_contain_text("Assistant: Open Settings and choose")


def test_what_was_shown_gives_way_to_another_answer(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    server.pending.append(there("You should sue"))
    page = visit(server.url)
    ask_slowly(server, gate, page, answer("I can't help with that.", citations=[]))
    expect(page.locator(GROWING)).to_have_text("You should sue")
    server.pending.append(there("I can't help with that.", done=True))
    expect(page.locator(GROWING)).to_have_text("I can't help with that.")
    gate.set()
    expect(answers(page).locator(".prose")).to_have_text("I can't help with that.")
    expect(page.get_by_text("You should sue")).to_have_count(0)


@pytest.mark.parametrize("status", [404, 429, 500])
def test_where_nothing_can_be_read_the_answer_comes_as_before(
    visit: Visitor, server: ScriptedServer, gate: threading.Event, status: int
) -> None:
    server.pending.append(Reply({"error": "No."}, status=status))
    page = visit(server.url)
    ask_slowly(server, gate, page)
    wait_until(lambda: len(server.looks) > (status == 404), page)
    page.wait_for_timeout(900)
    assert (len(server.looks) > 1) == (status == 404)
    gate.set()
    expect(answers(page)).to_have_count(1)


def test_it_looks_no_more_once_the_answer_is_there_or_given_up(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    server.pending.append(there("Open"))
    page = visit(server.url)
    ask_slowly(server, gate, page)
    expect(page.locator(GROWING)).to_have_text("Open")
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.locator(".failure")).to_contain_text("You stopped waiting")
    looks = len(server.looks)
    page.wait_for_timeout(900)
    assert len(server.looks) <= looks + 1
    gate.set()


def test_who_scrolls_away_is_not_moved_by_what_comes(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    server.pending.append(there(LONG[:900]))
    page = visit(server.url, viewport={"width": 600, "height": 500})
    ask_slowly(server, gate, page, answer(LONG))
    expect(page.locator(GROWING)).to_contain_text("Step 5")
    expect(page.locator(".customer .bubble")).to_be_in_viewport()
    page.locator("#conversation").evaluate("part => part.scrollTop = 180")
    server.pending.append(there(LONG))
    expect(page.locator(GROWING)).to_contain_text("Step 39")
    gate.set()
    expect(answers(page)).to_have_count(1)
    assert page.locator("#conversation").evaluate("part => Math.round(part.scrollTop)") == 180


def test_hostile_text_neither_runs_nor_loads_while_it_grows(
    visit: Visitor, server: ScriptedServer, gate: threading.Event
) -> None:
    server.pending.append(there('<img src=x onerror="alert(1)"> ![x](https://evil.example/p.gif) and'))
    page = visit(server.url)
    ask_slowly(server, gate, page)
    expect(page.locator(GROWING)).to_contain_text("<img")
    expect(page.locator(f"{GROWING} img")).to_have_count(0)
    gate.set()
    expect(answers(page).locator(".prose")).to_contain_text(re.compile("Settings"))
