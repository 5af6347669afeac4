"""The pages in each of their states and looks, as axe sees them, by keyboard alone, and without motion."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import Event
from typing import Literal

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, ViewportSize, expect

from tests.browser.chat import EXCHANGE
from tests.browser.console import open_desk, rows
from tests.browser.desk_server import JOB, Desk, DeskServer, event, ticket
from tests.browser.sample_insights import GAPS
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tests.browser.site import Site, launcher
from tests.browser.visitor import Visitor
from tooling.project import ROOT


@dataclass(frozen=True)
class Look:
    """A screen, and what its reader prefers."""

    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"


PICTURES = ROOT / ".local" / "pictures"
"""Where a run leaves what each state looks like."""
LOOKS = {
    "desktop": Look(1280, 800),
    "tablet, dark": Look(768, 1024, scheme="dark"),
    "phone": Look(360, 640),
    "forced colours": Look(1280, 800, forced="active"),
    # Zoomed, a page of 1,280 by 800 has the room of one half as wide and half as high.
    "200 % zoom": Look(640, 400),
}
LONG = """# Sizes

| size | width | depth | height | weight | colours |
|---|---|---|---|---|---|
| small | 120 centimetres | 60 centimetres | 72 centimetres | 25 kilograms | oak, ash, white, black |

```
curl -X POST https://api.example.com/v1/orders/0123456789/returns -H 'Content-Type: application/json'
```

1. Open **Settings** [1].
"""


# Observers of sizes are heard between two frames.
SETTLED = """new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  .then(() => Promise.all(document.getAnimations().map((each) => each.finished)))"""


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def violations(part: Page | Frame) -> list[str]:
    """Return what axe finds outside of further frames, with its places, once nothing moves any more."""
    part.evaluate(SETTLED)
    if not part.evaluate("'axe' in window"):
        part.evaluate(_axe())
    found = part.evaluate("axe.run(document, { iframes: false, resultTypes: ['violations'] })")["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def require_accessible(page: Page, state: str, part: Page | Frame | None = None) -> None:
    """Take a picture of a page in each look, and assert that axe finds nothing in it, or in a part of it."""
    found: dict[str, list[str]] = {}
    for look in _each_look(page):
        if problems := violations(part or page):
            found[look] = problems
        page.screenshot(path=PICTURES / f"{state}, {look}.png")
    assert found == {}, state


def _each_look(page: Page) -> Iterator[str]:
    for name, look in LOOKS.items():
        page.set_viewport_size(ViewportSize(width=look.width, height=look.height))
        page.emulate_media(color_scheme=look.scheme, forced_colors=look.forced)
        yield name


def test_what_is_not_accessible_is_found(browser: Browser) -> None:
    with closing(browser.new_page()) as page:
        page.set_content("<html lang='en'><title>A page</title><main><h1>Hello</h1><button></button></main>")
        assert violations(page) == ["button-name: <button></button>"]


def _say(page: Page, text: str = "Hello") -> None:
    page.locator("#question").fill(text)
    page.locator("#question").press("Enter")


def welcomed(page: Page, _server: ScriptedServer) -> None:
    expect(page.locator("#welcome")).to_be_visible()


def waiting(page: Page, server: ScriptedServer) -> None:
    server.pending.append(Reply({"text": LONG[:400], "done": False}))
    server.replies.append(Reply(answer(), gate=Event()))
    _say(page)
    expect(page.locator(".growing table")).to_be_visible()


def failed(page: Page, _server: ScriptedServer) -> None:
    page.locator(".stop").click()
    expect(page.locator(".failure")).to_be_visible()


def conversing(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer(LONG)))
    _say(page)
    page.locator(".excerpt-toggle").click()
    expect(page.locator(".source blockquote")).to_be_visible()


def rating_down(page: Page, _server: ScriptedServer) -> None:
    page.locator("[data-rating=down]").first.click()
    expect(page.locator(".comment")).to_be_visible()


def about_to_delete(page: Page, _server: ScriptedServer) -> None:
    page.locator("#ask-erase").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def back_at_the_welcome(page: Page, _server: ScriptedServer) -> None:
    page.locator("#keep").click()
    page.locator("#new-conversation").click()
    expect(page.locator("#past-conversations")).to_be_visible()


def handed_over(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer("I pass it on.", escalation={"ticket_id": "T-1"}, citations=[])))
    _say(page)
    expect(page.locator("#contact")).to_be_visible()


def with_a_person(page: Page, server: ScriptedServer) -> None:
    reply = {**EXCHANGE[1], "role": "agent", "message_id": "a-1", "author": "Mira"}
    kept = {"messages": [*EXCHANGE, reply], "ticket": {"ticket_id": "T-1", "status": "open"}}
    server.history = Reply({**kept, "handled_by": "agent"})
    page.reload()
    expect(page.locator(".agent")).to_be_visible()


State = Callable[[Page, ScriptedServer], None]
JOURNEYS: dict[str, tuple[State, ...]] = {
    "in an outage": (welcomed, waiting, failed),
    "through an answer": (conversing, rating_down, about_to_delete, back_at_the_welcome),
    "to a person": (handed_over, with_a_person),
}


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("journey", JOURNEYS)
def test_the_chat_is_accessible(visit: Visitor, server: ScriptedServer, journey: str, language: str) -> None:
    page = visit(server.url, reduced_motion="reduce", locale=language)
    for reach in JOURNEYS[journey]:
        reach(page, server)
        require_accessible(page, f"{reach.__name__} in {language}")


def test_the_widget_is_accessible(visit: Visitor, server: ScriptedServer, site: Site) -> None:
    server.framed_by = (site.url,)
    site.widget = f"{server.url}/widget.js"
    page = visit(site.url, also=server.url, reduced_motion="reduce")
    expect(launcher(page)).to_be_visible()
    require_accessible(page, "widget closed")
    launcher(page).click()
    chat = page.frame_locator("#support-assistant iframe")
    expect(chat.locator("#welcome")).to_be_visible()
    require_accessible(page, "widget open")
    frame = page.frames[1]
    require_accessible(page, "widget welcomed", frame)
    chat.locator("#question").fill("Hello")
    chat.locator("#question").press("Enter")
    expect(chat.locator(".sources")).to_be_visible()
    require_accessible(page, "widget conversing", frame)


def test_the_console_is_accessible(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket(), ticket("T-2", priority="urgent"))
    page = open_desk(visit, desk_server, reduced_motion="reduce")
    expect(rows(page)).to_have_count(2)
    require_accessible(page, "console tickets")
    for name in ("articles", "events"):
        page.goto(f"{desk_server.page_url}#/{name}")
        require_accessible(page, f"console {name}")
    page.goto(f"{desk_server.page_url}#/tickets/T-1")
    expect(page.locator("#messages .bubble").first).to_be_visible()
    require_accessible(page, "console a ticket")


def test_the_owners_pages_are_accessible(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.gaps, desk.jobs, desk.events = GAPS, [JOB], [event()]
    page = open_desk(visit, desk_server, reduced_motion="reduce")
    for name in ("overview", "gaps", "cost"):
        page.goto(f"{desk_server.page_url}#/insights/{name}")
        expect(page.locator("#insights-export")).to_be_enabled()
        require_accessible(page, f"owner {name}")


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Go from control to control until the target has the focus, and shows that it has."""
    expect(target).to_be_visible()
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press(key)
    expect(target).to_be_focused()
    shown = (
        "element => element.matches(':focus-visible') && getComputedStyle(element).outlineStyle !== 'none'"
    )
    assert target.evaluate(shown)


def test_the_chat_is_used_by_keyboard_alone(visit: Visitor, server: ScriptedServer) -> None:
    page = visit(server.url, reduced_motion="reduce")
    tab_to(page, page.locator(".suggestion").first, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".excerpt-toggle")).to_be_visible()
    tab_to(page, page.locator(".excerpt-toggle"), "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator(".source blockquote")).to_be_visible()
    tab_to(page, page.locator(".feedback [data-rating=down]"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".comment textarea"))
    page.keyboard.type("The link is old.")
    tab_to(page, page.locator(".comment button"))
    page.keyboard.press("Enter")
    expect(page.locator(".comment")).to_be_hidden()
    tab_to(page, page.locator("#new-conversation"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".past"), "Shift+Tab")
    server.history = Reply({"messages": EXCHANGE})
    page.keyboard.press("Enter")
    expect(page.locator(".assistant")).to_be_visible()
    server.replies.append(Reply("", status=204))
    tab_to(page, page.locator("#ask-erase"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#erase-now"))
    page.keyboard.press("Enter")
    expect(page.locator("#erased")).to_be_visible()


def test_waiting_copying_and_leaving_an_address_need_no_pointer(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url, reduced_motion="reduce", permissions=["clipboard-write"])
    server.replies.append(Reply(answer(), gate=Event()))
    page.keyboard.type("Hello")
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".stop"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".retry"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".copy"), "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator(".feedback-word")).to_have_text("Copied.")
    server.history = Reply({"messages": EXCHANGE})
    tab_to(page, page.locator("#new-conversation"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#undo"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".assistant")).to_be_visible()

    server.replies.append(Reply(answer("I pass it on.", escalation={"ticket_id": "T-1"}, citations=[])))
    page.keyboard.type("A person, please")
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#contact-email"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#contact-email")).to_be_focused()
    page.keyboard.type("kim@example.com")
    server.replies.append(Reply({"email": "kim@example.com", "phone": None, "name": None}))
    tab_to(page, page.locator("#contact [type=submit]"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#change-contact"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#contact .not-now"))
    page.keyboard.press("Enter")
    expect(page.locator("#change-contact")).to_be_focused()


MOVING = "document.getAnimations().filter((each) => each.playState === 'running').length"


def test_nothing_moves_for_who_prefers_less_motion(
    visit: Visitor, server: ScriptedServer, site: Site
) -> None:
    server.replies.append(Reply(answer(), gate=Event()))
    server.framed_by = (site.url,)
    site.widget = f"{server.url}/widget.js"
    page = visit(site.url, also=server.url)
    launcher(page).click()
    chat = page.frame_locator("#support-assistant iframe")
    chat.locator("#question").fill("Hello")
    chat.locator("#question").press("Enter")
    expect(chat.locator(".typing")).to_be_visible()
    animation = "element => getComputedStyle(element).animationName"
    panel = page.locator("#support-assistant dialog")
    assert (page.frames[1].evaluate(MOVING) > 0, panel.evaluate(animation)) == (True, "appear")
    page.emulate_media(reduced_motion="reduce")
    assert (page.frames[1].evaluate(MOVING), panel.evaluate(animation)) == (0, "none")
