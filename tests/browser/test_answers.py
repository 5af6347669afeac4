"""What a customer does with an answer: waits for it or not, reads, copies, rates it."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import answers, ask
from tests.browser.scripted_server import Received, Reply, ScriptedServer, answer
from tests.browser.visitor import Visitor

LONG = "\n\n".join(f"Paragraph {number}." for number in range(60))
WIDE = f"|{'column |' * 12}\n|{'---|' * 12}\n|{'wide value |' * 12}"


@pytest.fixture
def page(visit: Visitor, server: ScriptedServer) -> Page:
    """A conversation with one answer."""
    page = visit(server.url, permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce")
    ask(page, "Hello?")
    expect(answers(page)).to_have_count(1)
    return page


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds an answer back until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


def scroll_top(page: Page) -> float:
    return float(page.locator("main").evaluate("main => main.scrollTop"))


def test_after_thumbs_down_a_comment_says_why(page: Page, server: ScriptedServer) -> None:
    page.get_by_role("button", name="Not helpful").click()
    comment = page.get_by_label("What was wrong or missing?")
    comment.fill("The link is broken.")
    server.replies.extend([Reply({"error": "Later."}, status=503), Reply({"status": "accepted"})])
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator(".feedback-word")).to_have_text("Your rating was not saved. Later.")
    expect(comment).to_have_value("The link is broken.")
    page.get_by_role("button", name="Add comment").click()
    expect(comment).to_be_hidden()
    expect(page.get_by_role("button", name="Not helpful")).to_be_focused()
    sent = {"message_id": "server-message-1", "rating": "down", "comment": "The link is broken."}
    assert server.received[-1] == Received("POST", "/chat/session-1/feedback", sent)
    page.get_by_role("button", name="Not helpful").click()
    expect(comment).to_be_visible()
    expect(comment).to_have_value("The link is broken.")


def test_thumbs_up_asks_for_no_comment(page: Page) -> None:
    comment = page.get_by_label("What was wrong or missing?")
    page.get_by_role("button", name="Not helpful").click()
    expect(comment).to_be_visible()
    up, down = (page.get_by_role("button", name=name, exact=True) for name in ("Helpful", "Not helpful"))
    up.click()
    expect(comment).to_be_hidden()
    # One that is pressed looks otherwise than one that the pointer is on.
    down.hover()
    expect(down).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(up).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_a_rating_that_a_gateway_refused_speaks_of_no_message(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply("<html>Bad gateway</html>", status=502))
    page.get_by_role("button", name="Helpful", exact=True).click()
    sentence = "Your rating was not saved. The assistant cannot be reached just now."
    expect(page.locator(".feedback-word")).to_have_text(sentence)


def test_an_answer_is_copied_as_it_reads(page: Page) -> None:
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".feedback-word")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        "Open Settings and choose Reset password"
    )


def test_who_stops_waiting_can_ask_for_the_answer_again(
    page: Page, server: ScriptedServer, gate: threading.Event
) -> None:
    server.replies.append(Reply(answer(), gate=gate))
    ask(page, "Too slow")
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.locator(".failure").last).to_contain_text("You stopped waiting.")
    expect(page.get_by_label("Your message")).to_be_focused()
    server.replies.append(Reply(answer(), gate=gate))
    ask(page, "Meanwhile")
    expect(page.locator(".failure-actions").nth(1)).to_have_js_property("inert", True)
    gate.set()
    expect(answers(page)).to_have_count(2)
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_have_count(3)
    _, first, _, again = server.questions()
    assert first == again


def test_who_scrolls_away_while_an_answer_comes_is_not_moved(
    page: Page, server: ScriptedServer, gate: threading.Event
) -> None:
    server.replies.append(Reply(answer(LONG)))
    ask(page, "Tell me all")
    expect(answers(page)).to_have_count(2)
    server.replies.append(Reply(answer(LONG), gate=gate))
    ask(page, "And more")
    expect(page.locator(".typing")).to_be_visible()
    page.locator("main").evaluate("main => { main.scrollTop = 300; }")
    gate.set()
    expect(answers(page)).to_have_count(3)
    assert scroll_top(page) == 300
    latest = page.get_by_role("button", name="Jump to latest")
    latest.click()
    expect(latest).to_be_hidden()
    assert scroll_top(page) > 300


def test_a_wide_table_scrolls_by_keyboard_and_shows_that_it_goes_on(
    visit: Visitor, server: ScriptedServer
) -> None:
    server.replies.append(Reply(answer(f"{WIDE}\n\n|a|b|\n|---|---|\n|1|2|")))
    page = visit(server.url, viewport={"width": 360, "height": 640})
    ask(page, "Prices?")
    expect(page.locator(".scroller")).to_have_count(2)
    wide, narrow = page.locator(".scroller").all()
    expect(wide).to_have_attribute("tabindex", "0")
    expect(wide).to_have_class("scroller cut")
    expect(narrow).to_have_class("scroller")
    assert narrow.get_attribute("tabindex") is None
    wide.evaluate("part => { part.scrollLeft = part.scrollWidth; }")
    expect(wide).to_have_class("scroller")


def test_headings_go_down_by_one_level_at_a_time(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer("## Two\n\n#### Four\n\n## Two again\n\n# One")))
    ask(page, "Structure?")
    expect(answers(page)).to_have_count(2)
    headings = page.locator("h1, main .column > h2, .prose :is(h3, h4, h5, h6)")
    levels = headings.evaluate_all("all => all.map(one => one.localName)")
    assert levels == ["h1", "h2", "h3", "h4", "h4", "h3"]


def test_a_long_address_breaks_at_its_signs(visit: Visitor, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer("Write to support@help-centre.tillwren.example.com, please.")))
    page = visit(server.url, viewport={"width": 360, "height": 640})
    ask(page, "Address?")
    link = page.locator(".prose a[href^='mailto:']")
    expect(link).to_have_text("support@help-centre.tillwren.example.com")
    expect(link.locator("wbr")).to_have_count(4)


def test_the_tail_of_a_bubble_is_at_the_speakers_side_in_any_script(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url)
    ask(page, "أين طلبي؟")
    bubble = page.locator(".customer .bubble")
    expect(bubble).to_have_css("direction", "rtl")
    expect(bubble).to_have_css("border-bottom-right-radius", "6px")


@pytest.mark.parametrize(("width", "has_touch"), [(360, False), (768, True)])
def test_fingers_find_targets_of_44_pixels(
    visit: Visitor, server: ScriptedServer, width: int, has_touch: bool
) -> None:
    viewport = {"width": width, "height": 740}
    page = visit(server.url, viewport=viewport, is_mobile=has_touch, has_touch=has_touch)
    ask(page, "Hello?")
    expect(answers(page)).to_have_count(1)
    buttons = [
        each for each in page.get_by_role("button").all() if each.locator("xpath=..//sup").count() == 0
    ]
    boxes = [button.bounding_box() for button in buttons]
    assert all(box and box["height"] >= 44 for box in boxes)
