"""The chat page in other languages: all of it, in their direction, with their dates and numbers."""

import re

import pytest
from playwright.sync_api import Page, expect

from chalicelib.branding import LANGUAGES
from chalicelib.web.languages import words_of
from tests.browser.chat import EXCHANGE, answers, install_clock
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor

ENGLISH = re.compile(r"\b(?:the|your|you|please|and|answer|again|with)\b", re.IGNORECASE)
STARTS = """blocks => blocks.map((block) => {
  const words = document.createRange();
  words.selectNodeContents(block);
  const [inner, outer] = [words, block.parentElement].map((each) => each.getBoundingClientRect());
  return inner.left - outer.left < outer.right - inner.right ? 'L' : 'R';
})"""
"""At which side each block begins."""
TICKET = {"ticket": {"ticket_id": "T-1", "status": "open"}, "handled_by": "assistant"}


def ask_in(page: Page, language: str, question: str) -> None:
    words = words_of(language)["page"]
    page.get_by_role("textbox", name=words["yourMessage"], exact=True).fill(question)
    page.get_by_role("button", name=words["send"], exact=True).click()


def side(page: Page, selector: str, corner: str) -> str:
    return str(page.locator(selector).first.evaluate(f"element => getComputedStyle(element)['{corner}']"))


def test_the_page_speaks_the_language_of_the_browser(visit: Visitor, server: ScriptedServer) -> None:
    server.replies.append(Reply({"error": "Not now.", "code": "unavailable"}, status=503))
    page = visit(server.url, locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", name="Hallo! Wie können wir helfen?")).to_be_visible()
    ask_in(page, "de", "Wo ist mein Paket?")
    # What the server says in English is said by the page.
    expect(page.locator(".failure p")).to_have_text("Der Assistent ist im Moment nicht erreichbar.")
    spent = {"error": "Come back tomorrow.", "code": "budget_reached"}
    server.replies.append(Reply(spent, status=429, headers={"Retry-After": "30000"}))
    page.locator(".retry").click()
    expect(page.locator(".failure p")).to_contain_text("Bitte kommen Sie morgen wieder")
    expect(page.locator(".retry")).to_have_text("Erneut senden in 9 h")
    # And what the assistant says without a model is in the page's language.
    assert server.received[-1].headers["Accept-Language"] == "de"


def test_the_address_decides_before_the_browser_does(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(f"{server.url}/?language=fr", locale="de-DE")
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()


def test_arabic_runs_from_right_to_left_with_the_tail_mirrored(
    visit: Visitor, server: ScriptedServer
) -> None:
    server.replies.append(Reply(answer("حسنًا [1].\n\nOpen it.\n\nاكتب:\n\n```\nx --all\n```\n\n- ثم")))
    page = visit(server.url, locale="ar-EG")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    ask_in(page, "ar", "أين طلبي؟")
    expect(page.locator(".assistant .prose")).to_contain_text("حسنًا")
    question, reply = page.locator(".customer .bubble"), page.locator(".assistant:not(.typing) .bubble")
    assert question.bounding_box()["x"] < reply.bounding_box()["x"]  # type: ignore[index]
    assert side(page, ".customer .bubble", "borderBottomLeftRadius") == "6px"
    assert page.locator(".prose :is(p, pre, li)").evaluate_all(STARTS) == [*"RLRLR"]
    assert page.locator(".mark > *").evaluate("mark => mark.getClientRects().length") == 1


def test_arabic_counts_with_its_plurals_and_its_numbers(visit: Visitor, server: ScriptedServer) -> None:
    refused = {"error": "Too many.", "code": "too_many_requests"}
    server.replies.append(Reply(refused, status=429, headers={"Retry-After": "3"}))
    page = visit(server.url, install_clock, locale="ar-EG")
    ask_in(page, "ar", "أين طلبي؟")
    retry = page.locator(".retry")
    expect(retry).to_have_text("إعادة الإرسال بعد \u2068٣\u2069 ثوانٍ")
    page.clock.run_for(1_000)
    expect(retry).to_have_text("إعادة الإرسال بعد ثانيتين")


def test_dates_and_numbers_are_those_of_the_region(visit: Visitor, server: ScriptedServer) -> None:
    server.history = Reply({"messages": EXCHANGE})
    server.replies.append(Reply(answer()))
    page = visit(server.url, locale="de-DE", timezone_id="Europe/Berlin")
    ask_in(page, "de", "Hallo")
    expect(answers(page)).to_have_count(1)
    page.reload()
    expect(page.locator(".assistant time")).to_have_text("19. Nov., 10:00")
    page.get_by_role("textbox").first.fill("x" * 3_700)
    expect(page.locator("#counter")).to_have_text("3.700 / 4.000")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_word_of_a_handed_over_conversation_is_english(
    visit: Visitor, server: ScriptedServer, language: str
) -> None:
    escalation = {"ticket_id": "T-1", "reason": "customer_request"}
    degraded = ["history", "knowledge_base", "customer", "interactions", "storage"]
    guardrail = {"intervened": True, "reasons": []}
    handed_over = {"escalation": escalation, "degraded": degraded, "guardrail": guardrail, "citations": []}
    server.replies.append(Reply(answer("1", **handed_over)))
    page = visit(f"{server.url}/?language={language}", viewport={"width": 360, "height": 780})
    ask_in(page, language, "2")
    expect(page.locator("#contact")).to_be_visible()
    page.locator("#contact [type=submit]").click()
    assert not ENGLISH.findall(page.locator("body").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
