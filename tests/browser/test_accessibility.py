"""The pages in each of their states, as axe sees them: it finds nothing to change."""

from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console import open_desk, rows
from tests.browser.desk_server import Desk, DeskServer, ticket
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tests.browser.site import Site, launcher
from tests.browser.visitor import Visitor

LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 640}},
    "tablet, Arabic": {"viewport": {"width": 768, "height": 1024}, "locale": "ar"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
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


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def violations(page: Page) -> list[str]:
    """Return what axe finds outside of frames, with its places, once nothing moves any more."""
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, { iframes: false })")["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def test_what_is_not_accessible_is_found(browser: Browser) -> None:
    with closing(browser.new_page()) as page:
        page.set_content("<html lang='en'><title>A page</title><main><h1>Hello</h1><button></button></main>")
        assert violations(page) == ["button-name: <button></button>"]


def _say(page: Page) -> None:
    page.locator("#question").fill("Hello")
    page.locator("#question").press("Enter")


def welcomed(page: Page, _server: ScriptedServer) -> None:
    expect(page.locator("#welcome")).to_be_visible()


def conversing(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer(LONG)))
    _say(page)
    expect(page.locator(".sources")).to_be_visible()


def rating_down(page: Page, server: ScriptedServer) -> None:
    conversing(page, server)
    page.locator("[data-rating=down]").first.click()
    expect(page.locator(".comment")).to_be_visible()


def handed_over(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply(answer("I pass it on.", escalation={"ticket_id": "T-1"}, citations=[])))
    _say(page)
    expect(page.locator("#contact")).to_be_visible()


def failed(page: Page, server: ScriptedServer) -> None:
    server.replies.append(Reply({"error": "Later."}, status=400))
    _say(page)
    expect(page.locator(".failure")).to_be_visible()


def about_to_delete(page: Page, server: ScriptedServer) -> None:
    conversing(page, server)
    page.locator("#ask-erase").click()
    expect(page.get_by_role("dialog")).to_be_visible()


STATES = (welcomed, conversing, rating_down, handed_over, failed, about_to_delete)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("reach", STATES, ids=lambda state: state.__name__)
def test_the_chat_is_accessible(
    visit: Visitor,
    server: ScriptedServer,
    reach: Callable[[Page, ScriptedServer], None],
    look: str,
) -> None:
    page = visit(server.url, reduced_motion="reduce", **LOOKS[look])
    reach(page, server)
    assert violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_widget_is_accessible(visit: Visitor, server: ScriptedServer, site: Site, look: str) -> None:
    server.framed_by = (site.url,)
    site.widget = f"{server.url}/widget.js"
    page = visit(site.url, also=server.url, reduced_motion="reduce", **LOOKS[look])
    expect(launcher(page)).to_be_visible()
    assert violations(page) == []
    launcher(page).click()
    expect(page.frame_locator("#support-assistant iframe").locator("#welcome")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_console_is_accessible(visit: Visitor, desk_server: DeskServer, desk: Desk, look: str) -> None:
    desk.add(ticket(), ticket("T-2", priority="urgent"))
    page = open_desk(visit, desk_server, reduced_motion="reduce", **LOOKS[look])
    expect(rows(page)).to_have_count(2)
    assert violations(page) == []
    for name in ("articles", "events"):
        page.goto(f"{desk_server.page_url}#/{name}")
        assert violations(page) == [], name
    page.goto(f"{desk_server.page_url}#/tickets/T-1")
    expect(page.locator("#messages .bubble").first).to_be_visible()
    assert violations(page) == []
