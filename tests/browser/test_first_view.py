"""The first view: what is painted before the page's scripts run, and that they move nothing of it."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chat import EXCHANGE, answers, ask, gap_below
from tests.browser.scripted_server import Reply, ScriptedServer
from tests.browser.visitor import Visitor

PLACES = """['header', '#welcome', '.suggestions', '.field', '.fine-print'].map((each) => {
  const { x, y, width, height } = document.querySelector(each).getBoundingClientRect();
  return [each, x, y, width, height];
})"""


def _leave_its_script_out(route: Route) -> None:
    response = route.fetch()
    assert '<script type="module">' in response.text()
    route.fulfill(
        response=response, body=response.text().replace('<script type="module">', '<script type="-">')
    )


def read_before_its_scripts(page: Page) -> None:
    page.route("**/", _leave_its_script_out)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1280, 800)])
def test_the_scripts_move_nothing_of_the_first_view(
    visit: Visitor, server: ScriptedServer, width: int, height: int
) -> None:
    page = visit(server.url + "/", read_before_its_scripts, viewport={"width": width, "height": height})
    expect(page.locator("#welcome")).to_be_visible()
    before = page.evaluate(PLACES)
    page.unroute("**/")
    page.reload()
    expect(page.locator("#question")).to_be_focused()
    assert page.evaluate(PLACES) == before


def test_who_comes_back_sees_no_welcome_before_the_conversation(
    visit: Visitor, server: ScriptedServer
) -> None:
    page = visit(server.url + "/")
    ask(page, "Where is my order?")
    expect(answers(page)).to_have_count(1)
    read_before_its_scripts(page)
    page.reload()
    expect(page.locator(".field")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()
    page.unroute("**/")
    server.history = Reply({"messages": EXCHANGE})
    page.reload()
    expect(answers(page)).to_contain_text("on its way")


@pytest.mark.parametrize("width", [768, 1280])
def test_the_box_stands_right_below_the_welcome_of_a_wide_page(
    visit: Visitor, server: ScriptedServer, width: int
) -> None:
    page = visit(server.url, viewport={"width": width, "height": 900})
    assert gap_below(page, "#welcome", ".field") < 40
