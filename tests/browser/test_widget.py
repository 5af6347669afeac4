"""The chat on another site, in a real browser: each page from an origin of its own."""

import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from tests.browser.chat import EXCHANGE, answers, install_clock
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tests.browser.site import Site, call, chat, launcher, panel
from tests.browser.visitor import Visitor
from tests.integration.api import Api
from tests.product import Product

ADA = {"customer_id": "ADA-1", "customer_hash": "a" * 64}
BOB = {"customer_id": "BOB-2", "customer_hash": "b" * 64, "customer_hash_expires": 1_999_999_999}
STILL: dict[str, Any] = {"reduced_motion": "reduce"}
PHONE = {**STILL, "viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
HAND_OVER = {"ticket_id": "T-1", "reason": "customer_request"}
HOSTILE = """<style nonce="x">
body { transform: translateX(300px) !important; filter: blur(1px); }
body * { all: unset !important; display: none !important; transform: scale(0) !important; }
div, dialog, iframe, button { visibility: hidden !important; opacity: 0 !important; margin: 9px !important; }
html { font-size: 2px; }
</style>
<script nonce="x">
Array.prototype.last = function () { return this[this.length - 1]; };
Array.prototype.toJSON = String.prototype.toJSON = function () { return 'broken'; };
Object.prototype.type = 'close';
Object.prototype.customer_id = 'EVE-1';
Element.prototype.hide = Element.prototype.toggle = function () { throw new Error('not for you'); };
window.$ = window.jQuery = () => { throw new Error('no jQuery for you'); };
window.open = window.close = window.name = undefined;
</script>"""
BEFORE = [
    {"message_id": "m-2", "role": "user", "content": "A person, please", "timestamp": "2026-11-20T10:00:00Z"},
    {
        "message_id": "m-2",
        "role": "assistant",
        "content": "Someone will answer.",
        "timestamp": "2026-11-20T10:00:00Z",
        "escalation": HAND_OVER,
    },
]
FROM_A_PERSON = {
    "message_id": "m-3",
    "role": "agent",
    "author": "Sam",
    "content": "Hello, I am Sam.",
    "timestamp": "2026-11-20T10:05:00Z",
}


@pytest.fixture
def server(site: Site) -> Iterator[ScriptedServer]:
    """Serve the chat as behind API Gateway, below the name of a stage, and let the site frame it."""
    server = ScriptedServer("/api", framed_by=(site.url,))
    site.widget = f"{server.url}/widget.js"
    yield server
    server.close()


def ask(page: Page, question: str) -> None:
    box = chat(page).get_by_label("Your message")
    box.fill(question)
    box.press("Enter")


def test_it_is_used_by_keyboard_alone(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    page = visit(site.url, also=server.url)
    page.get_by_role("button", name="Buy").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Open chat")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close chat")).to_have_attribute("aria-expanded", "true")
    expect(chat(page).get_by_label("Your message")).to_be_focused()

    page.keyboard.type("How do I reset my password?")
    page.keyboard.press("Enter")
    expect(answers(chat(page))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Open chat")).to_be_focused()

    page.keyboard.press("Space")
    expect(chat(page).get_by_label("Your message")).to_be_focused()
    expect(answers(chat(page))).to_have_count(1)


def test_escape_closes_it_also_before_it_is_loaded(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    page = visit(site.url, also=server.url)
    page.route("**/api/", lambda route: None)
    launcher(page).press("Enter")
    expect(panel(page)).to_contain_text("Loading")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(launcher(page)).to_be_focused()


def test_before_it_is_opened_nothing_but_the_script_is_loaded(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    asked: list[str] = []
    page = visit(
        site.url, before=lambda page: page.on("request", lambda r: asked.append(r.url)), also=server.url
    )
    expect(launcher(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if url.startswith(server.url)] == [f"{server.url}/widget.js"]


def test_its_button_counts_what_came_while_it_was_closed(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    gate = threading.Event()
    server.replies.append(Reply(answer(), gate=gate))
    page = visit(site.url, also=server.url)
    launcher(page).click()
    ask(page, "How do I reset my password?")
    expect(chat(page).locator(".typing")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    gate.set()

    expect(page.get_by_role("button", name="Open chat (unread: 1)")).to_be_visible()
    expect(page.locator(".badge")).to_have_text("1")
    launcher(page).click()
    expect(page.locator(".badge")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()


def test_what_a_person_wrote_is_counted_on_the_next_page_too(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    server.replies.append(Reply(answer("Someone will answer.", escalation=HAND_OVER)))
    page = visit(site.url, also=server.url)
    launcher(page).click()
    ask(page, "A person, please")
    expect(answers(chat(page))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    server.history = Reply(
        {
            "messages": [*BEFORE, FROM_A_PERSON],
            "newest": "2",
            "handled_by": "agent",
            "ticket": {"ticket_id": "T-1", "status": "open"},
        }
    )
    page.goto(f"{site.url}/plates")
    expect(page.get_by_role("button", name="Open chat (unread: 1)")).to_be_visible()
    launcher(page).click()
    expect(answers(chat(page)).last).to_contain_text("Hello, I am Sam.")
    expect(page.locator(".badge")).to_be_hidden()


def test_it_remembers_whether_it_was_open(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    page = visit(site.url, also=server.url)
    launcher(page).click()
    ask(page, "How do I reset my password?")
    expect(answers(chat(page))).to_have_count(1)
    server.history = Reply({"messages": EXCHANGE, "newest": "1"})
    page.reload()
    expect(panel(page)).to_be_visible()
    expect(answers(chat(page))).to_have_count(1)
    assert page.evaluate("document.activeElement === document.body")

    launcher(page).click()
    page.reload()
    expect(launcher(page)).to_be_visible()
    expect(panel(page)).to_be_hidden()


def test_it_opens_by_itself_until_it_was_closed(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    site.attributes = {"open": ""}
    page = visit(site.url, also=server.url)
    expect(chat(page).get_by_label("Your message")).to_be_visible()
    launcher(page).click()
    page.reload()
    expect(launcher(page)).to_be_visible()
    expect(panel(page)).to_be_hidden()


def test_on_a_phone_it_fills_the_screen_and_can_be_left(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    site.attributes = {"open": "true"}
    page = visit(site.url, also=server.url, **PHONE)
    expect(panel(page)).to_be_hidden()
    launcher(page).tap()
    expect(chat(page).get_by_label("Your message")).to_be_visible()
    assert panel(page).bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    for covered in (300, 0):
        page.evaluate(
            "covered => { Object.defineProperty(visualViewport, 'height',"
            "  { value: innerHeight - covered, configurable: true });"
            "  visualViewport.dispatchEvent(new Event('resize')); }",
            covered,
        )
        assert panel(page).bounding_box()["height"] == 640 - covered  # type: ignore[index]
    chat(page).get_by_role("button", name="Close chat").tap()
    expect(panel(page)).to_be_hidden()
    expect(launcher(page)).to_be_focused()


def test_a_wide_window_that_gets_narrow_keeps_the_conversation(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    page = visit(site.url, also=server.url, **STILL)
    launcher(page).click()
    chat(page).get_by_label("Your message").fill("half a thought")
    page.set_viewport_size({"width": 360, "height": 640})
    assert panel(page).bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    expect(chat(page).get_by_label("Your message")).to_have_value("half a thought")


def test_an_attribute_that_makes_no_sense_is_left_out_and_named(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    site.attributes = {"color": "#12; x", "position": "top", "language": "xx", "open": "False"}
    page = visit(site.url, also=server.url, locale="pt-BR")
    page.get_by_role("button", name="Abrir o chat").click()
    expect(chat(page).get_by_label("Sua mensagem")).to_be_focused()
    expect(launcher(page)).to_have_css("background-color", "rgb(14, 107, 98)")
    named = [re.findall(r"data-(\w+)=", warning) for warning in visit.misdeeds]
    assert sorted(named) == [["color"], ["language"], ["position"]]
    visit.misdeeds.clear()


def test_a_title_or_greeting_without_end_pushes_nothing_away(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    site.attributes = {"title": "Cups " * 99, "greeting": "x" * 999}
    page = visit(site.url, also=server.url, **PHONE)
    launcher(page).tap()
    expect(chat(page).get_by_role("button", name="Close chat")).to_be_in_viewport()
    expect(chat(page).get_by_role("heading", name="xxx")).to_be_in_viewport()
    assert chat(page).locator("#conversation").evaluate("part => part.scrollWidth <= part.clientWidth")
    expect(chat(page).locator("#latest")).to_be_hidden()


def test_it_looks_as_its_attributes_say(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    site.attributes = {"title": "Cups", "greeting": "Which cup?", "color": "gold", "position": "Left"}
    page = visit(site.url, also=server.url)
    expect(launcher(page)).to_have_css("background-color", "rgb(255, 215, 0)")
    expect(launcher(page)).to_have_css("color", "rgb(0, 0, 0)")
    assert launcher(page).bounding_box()["x"] == 20  # type: ignore[index]
    launcher(page).click()
    expect(chat(page).get_by_role("heading", name="Cups")).to_be_visible()
    expect(chat(page).get_by_role("heading", name="Which cup?")).to_be_visible()
    expect(page.locator("iframe")).to_have_attribute("title", "Chat: Cups")
    expect(chat(page).locator(".masthead")).to_have_css("background-color", "rgb(255, 215, 0)")


@pytest.mark.parametrize(
    ("attributes", "locale", "names"),
    [
        ({"language": "de_AT"}, "fr-FR", ("Chat öffnen", "Ihre Nachricht", "Chat schließen")),
        ({}, "ar-EG", ("فتح الدردشة", "رسالتك", "إغلاق الدردشة")),
        ({}, "da-DK", ("Open chat", "Your message", "Close chat")),
    ],
    ids=["de", "ar", "en"],
)
def test_it_speaks_the_language_of_the_site_or_else_of_the_browser(
    visit: Visitor,
    site: Site,
    server: ScriptedServer,
    attributes: dict[str, str],
    locale: str,
    names: tuple[str, str, str],
) -> None:
    site.attributes = attributes
    page = visit(site.url, also=server.url, locale=locale)
    page.get_by_role("button", name=names[0]).click()
    expect(chat(page).get_by_label(names[1])).to_be_focused()
    chat(page).get_by_role("button", name=names[2]).click()
    expect(page.get_by_role("button", name=names[0])).to_be_focused()


def test_the_proof_goes_with_each_request_and_into_no_address(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    site.attributes = {name.replace("_", "-"): str(value) for name, value in BOB.items()}
    server.replies.append(Reply(answer("Someone will answer.", escalation=HAND_OVER)))
    page = visit(site.url, also=server.url)
    launcher(page).click()
    ask(page, "A person, please")
    expect(answers(chat(page))).to_have_count(1)
    expect(chat(page).get_by_role("heading", name="How can our support team reach you?")).to_be_hidden()
    page.reload()
    expect(chat(page).locator("#history-notice, #welcome").filter(visible=True)).to_have_count(1)

    assert {name: server.questions()[0][name] for name in BOB} == BOB
    read = next(each for each in server.received if each.method == "GET")
    assert (read.headers["X-Customer-Id"], read.headers["X-Customer-Hash"]) == ("BOB-2", "b" * 64)
    assert read.headers["X-Customer-Hash-Expires"] == "1999999999"
    assert not [frame.url for frame in page.frames if "BOB" in frame.url or "b" * 64 in frame.url]


def test_another_customer_sees_nothing_of_the_one_before(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    page = visit(site.url, also=server.url)
    call(page, f"ask('Where is my secret order?'); SupportAssistant.identify({json.dumps(ADA)})")
    expect(answers(chat(page))).to_have_count(1)
    chat(page).get_by_label("Your message").fill("a draft of Ada's")

    for other in (BOB, None):
        call(page, f"identify({json.dumps(other)})")
        expect(chat(page).get_by_role("heading", name="Hello! How can we help?")).to_be_visible()
        expect(chat(page).get_by_label("Your message")).to_have_value("")
        expect(chat(page).locator("body")).not_to_contain_text("secret order")
    ask(page, "Do you have cups?")
    expect(answers(chat(page))).to_have_count(1)
    assert "session_id" not in server.questions()[-1]
    assert "customer_id" not in server.questions()[-1]

    server.history = Reply({"messages": EXCHANGE, "newest": "1"})
    call(page, f"identify({json.dumps(ADA)})")
    expect(answers(chat(page))).to_contain_text("on its way")
    expect(chat(page).get_by_label("Your message")).to_have_value("a draft of Ada's")

    # A site that changes pages by script runs the element of the next one, where nobody is signed in.
    page.add_script_tag(url=site.widget)
    expect(chat(page).get_by_label("Your message")).to_have_value("")
    expect(launcher(page)).to_have_count(1)


def test_a_refused_proof_can_be_renewed_and_loses_no_conversation(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    page = visit(site.url, also=server.url)
    call(page, f"on('refused', () => SupportAssistant.identify({json.dumps(ADA)}))")
    call(page, f"identify({json.dumps({**ADA, 'customer_hash': 'c' * 64})}); SupportAssistant.open()")
    ask(page, "first")
    expect(answers(chat(page))).to_have_count(1)
    expired = {"error": "The customer_hash has expired.", "code": "wrong_customer_hash"}
    server.replies.append(Reply(expired, status=403))
    ask(page, "second")
    expect(chat(page).locator(".unsent .failure")).to_contain_text("We could not confirm who you are.")
    chat(page).get_by_role("button", name="Retry").click()
    expect(answers(chat(page))).to_have_count(2)
    assert [question["customer_hash"][0] for question in server.questions()] == ["c", "c", "a"]
    assert [question.get("session_id") for question in server.questions()] == [None, "session-1", "session-1"]


def test_scripts_of_the_site_ask_and_hear_what_happens(
    visit: Visitor, site: Site, server: ScriptedServer
) -> None:
    page = visit(site.url, also=server.url)
    call(
        page,
        "on; window.heard = [];"
        "for (const name of ['ready', 'open', 'close', 'message', 'unread'])"
        "  SupportAssistant.on(name, (detail) => heard.push([name, detail?.role ?? detail ?? null]));"
        "SupportAssistant.on('open', () => heard.push(['never']))()",
    )
    call(page, "ask('How do refunds work?')")
    expect(chat(page).locator(".customer .bubble")).to_have_text("How do refunds work?")
    expect(answers(chat(page))).to_have_count(1)
    call(page, "close()")
    expect(panel(page)).to_be_hidden()
    heard = page.evaluate("heard")
    assert heard == [["open", None], ["ready", None], ["message", "assistant"], ["close", None]]

    with pytest.raises(PlaywrightError, match="on takes the name of an event and a function"):
        call(page, "on('open')")
    call(page, f"ask('{'x' * 4001}')")
    expect(chat(page).locator("#counter")).to_have_text("4,001 / 4,000")
    assert len(server.questions()) == 1


def test_a_hostile_site_breaks_nothing(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(server.url))
    site.head = f'{HOSTILE}<script src="{site.widget}"></script>'
    site.policy = (
        f"default-src 'none'; script-src 'nonce-x' {origin}; frame-src {origin}; img-src data:; "
        "style-src 'nonce-x'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page = visit(site.url, also=server.url, **STILL)
    expect(launcher(page)).to_be_visible()
    assert launcher(page).bounding_box() == {"x": 1204, "y": 724, "width": 56, "height": 56}
    launcher(page).click()
    expect(page.locator("iframe")).to_be_visible()
    ask(page, "How do I reset my password?")
    expect(answers(chat(page))).to_have_count(1)
    assert server.questions()[0]["query"] == "How do I reset my password?"
    assert "customer_id" not in server.questions()[0]
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()


def test_a_strict_policy_of_the_site_allows_it(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(server.url))
    site.policy = f"default-src 'none'; img-src data:; script-src {origin}; frame-src {origin}"
    page = visit(site.url, also=server.url)
    launcher(page).click()
    expect(chat(page).get_by_label("Your message")).to_be_focused()


def test_the_site_looks_as_it_did_without_it(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    styles = """[...document.querySelectorAll('html, body, main, main *')].map((element) => {
        const computed = getComputedStyle(element);
        return [...computed].map((name) => `${name}: ${computed.getPropertyValue(name)}`).join(';');
    })"""
    page = visit(site.url, also=server.url)
    launcher(page).click()
    expect(chat(page).get_by_label("Your message")).to_be_visible()
    page.mouse.move(0, 0)
    with_it = page.evaluate(styles)
    assert page.evaluate("Object.keys(window).filter((name) => /support|widget|panel/i.test(name))") == [
        "SupportAssistant"
    ]
    call(page, "close()")
    assert page.evaluate(f"document.getElementById('support-assistant').remove(); {styles}") == with_it


def test_a_site_that_is_not_named_cannot_frame_it(visit: Visitor, site: Site) -> None:
    server = ScriptedServer(framed_by=("http://another.example",))
    site.widget = f"{server.url}/widget.js"
    page = visit(site.url, before=install_clock, also=server.url)
    launcher(page).click()
    page.clock.run_for(15_000)
    expect(panel(page)).to_contain_text("The chat could not be loaded.")
    expect(chat(page).get_by_label("Your message")).to_have_count(0)
    panel(page).get_by_role("button", name="Close").click()
    expect(launcher(page)).to_be_focused()
    server.close()
    (misdeed,) = set(visit.misdeeds)
    assert re.search("frame-ancestors", misdeed)
    visit.misdeeds.clear()


@pytest.mark.parametrize(
    "change",
    ["document.body.replaceWith(document.createElement('body'))", "document.body.innerHTML = ''"],
    ids=["body", "contents"],
)
def test_it_stays_where_a_site_changes_pages_by_script(
    visit: Visitor, site: Site, server: ScriptedServer, change: str
) -> None:
    page = visit(site.url, also=server.url)
    launcher(page).click()
    ask(page, "How do I reset my password?")
    expect(answers(chat(page))).to_have_count(1)
    server.history = Reply({"messages": EXCHANGE, "newest": "1"})
    page.evaluate(f"() => {{ {change}; SupportAssistant.close(); SupportAssistant.open(); }}")
    expect(answers(chat(page))).to_contain_text("on its way")
    launcher(page).click()
    expect(panel(page)).to_be_hidden()


def test_what_others_say_is_not_listened_to(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    page = visit(site.url, also=server.url)
    launcher(page).click()
    expect(chat(page).get_by_label("Your message")).to_be_focused()
    page.evaluate("window.postMessage({ type: 'close' }, '*')")
    page.evaluate(
        """() => {
        const other = document.createElement('iframe');
        document.body.append(other);
        const script = other.contentDocument.createElement('script');
        script.textContent = `
          const chat = parent.document.getElementById('support-assistant').shadowRoot.querySelector('iframe');
          chat.contentWindow.postMessage({ type: 'ask', text: 'forged' }, '*');
          parent.postMessage({ type: 'close' }, '*');`;
        other.contentDocument.body.append(script);
    }"""
    )
    ask(page, "mine")
    expect(answers(chat(page))).to_have_count(1)
    expect(panel(page)).to_be_visible()
    assert [question["query"] for question in server.questions()] == ["mine"]


def test_it_works_where_storage_is_blocked(visit: Visitor, site: Site, server: ScriptedServer) -> None:
    blocked = """for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {
        get() { throw new DOMException('blocked', 'SecurityError'); } });"""

    def block(page: Page) -> None:
        page.add_init_script(blocked)

    page = visit(site.url, before=block, also=server.url)
    launcher(page).click()
    ask(page, "How do I reset my password?")
    expect(answers(chat(page))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(launcher(page)).to_be_focused()


@pytest.mark.parametrize("size", [(360, 640), (768, 1024), (1280, 800)], ids=lambda size: str(size[0]))
def test_the_sample_shop_has_it_and_knows_its_customer(
    visit: Visitor, product: Product, size: tuple[int, int]
) -> None:
    width, height = size
    page = visit(
        f"{product.host_page_url}/?customer=CUST-1004",
        also=product.url,
        viewport={"width": width, "height": height},
    )
    page.context.set_default_timeout(20_000)
    page.get_by_role("button", name="How long does delivery take?").click()
    expect(answers(chat(page)).locator(".prose")).to_contain_text("business day", timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_agents_reply_shows_at_the_button_of_a_closed_chat(visit: Visitor, product: Product) -> None:
    api = Api(product)
    page = visit(f"{product.host_page_url}/?customer=CUST-1004", also=product.url)
    page.context.set_default_timeout(20_000)
    launcher(page).click()
    ask(page, "I want to talk to a human, please")
    ticket = chat(page).locator("#ticket-number")
    expect(ticket).to_contain_text("T-", timeout=20_000)
    ticket_id = (ticket.text_content() or "").split()[-1]
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    api.send_as_agent("POST", f"/tickets/{ticket_id}/replies", json={"message": "Hello Bram, I am here."})
    expect(page.get_by_role("button", name="Open chat (unread: 1)")).to_be_visible(timeout=20_000)
    launcher(page).click()
    expect(answers(chat(page)).last).to_contain_text("Hello Bram, I am here.")

    # Nothing of it is for who is not signed in, in the same browser.
    page.goto(product.host_page_url)
    expect(chat(page).get_by_role("heading", name=re.compile("Hello"))).to_be_visible()
    expect(answers(chat(page))).to_have_count(0)
