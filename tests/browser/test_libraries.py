"""When the page loads what makes markup of answers, and what a customer reads without it."""

import re
import threading

from playwright.sync_api import Page, expect

from chalicelib.web.libraries import libraries_script
from tests.browser.chat import EXCHANGE, answers, ask, install_clock
from tests.browser.scripted_server import Reply, ScriptedServer
from tests.browser.visitor import Visitor

AS_TEXT = "Open **Settings** and choose *Reset password*1."
AS_MARKUP = "Open Settings and choose Reset password1."
LONGER_THAN_IT_WAITS_MS = 2_500


def requests_of(visit: Visitor, server: ScriptedServer) -> tuple[Page, list[str]]:
    asked: list[str] = []
    page = visit(server.url, before=lambda page: page.on("request", lambda each: asked.append(each.url)))
    page.wait_for_load_state("networkidle")
    return page, asked


def test_a_view_is_one_request_until_somebody_writes(visit: Visitor, server: ScriptedServer) -> None:
    page, asked = requests_of(visit, server)
    assert asked == [f"{server.url}/"]
    page.get_by_label("Your message").press_sequentially("Hel")
    page.wait_for_load_state("networkidle")
    assert [url.partition("?")[0] for url in asked[1:]] == [f"{server.url}/libraries.js"]


def test_an_answer_is_shown_as_text_until_the_libraries_come(visit: Visitor, server: ScriptedServer) -> None:
    gate = threading.Event()
    server.libraries.extend([Reply("", status=503), Reply(libraries_script(), gate=gate)])
    page = visit(server.url, before=install_clock)
    ask(page, "How do I reset my password?")
    page.clock.run_for(LONGER_THAN_IT_WAITS_MS)
    expect(answers(page).locator(".prose")).to_have_text(AS_TEXT)
    expect(answers(page).locator(".prose")).to_have_css("white-space", "pre-wrap")
    gate.set()
    expect(answers(page).locator(".prose strong")).to_have_text("Settings")
    expect(answers(page).locator(".prose")).to_have_text(re.compile(re.escape(AS_MARKUP)))
    expect(answers(page).locator(".prose .mark a")).to_have_count(1)


def test_a_conversation_is_restored_without_the_libraries(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url, before=install_clock)
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    server.history = Reply({"session_id": "session-1", "messages": EXCHANGE, "next": None})
    page.route("**/libraries.js*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("Loading your conversation")).to_be_visible()
    page.clock.run_for(LONGER_THAN_IT_WAITS_MS)
    expect(answers(page).locator(".prose")).to_have_text("It is **on its way**1.")
    page.unroute_all()
    page.clock.run_for(LONGER_THAN_IT_WAITS_MS)
    expect(answers(page).locator(".prose strong")).to_have_text("on its way")


def test_no_script_but_the_pages_own_libraries_runs(visit: Visitor, server: ScriptedServer) -> None:
    server.libraries.append(Reply("document.title = 'Taken over';"))
    page = visit(server.url)
    ask(page, "How do I reset my password?")
    expect(answers(page).locator(".prose")).to_have_text(AS_TEXT)
    expect(page).not_to_have_title("Taken over")
    refused = [visit.misdeeds.pop()]
    assert "script-src" in refused[0]
