"""The chat page in the name and colours of a business, in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib.branding import read_branding
from chalicelib.web.colors import LEAST_CONTRAST, contrast
from tests.browser.chat import answers, ask
from tests.browser.scripted_server import ScriptedServer
from tests.browser.visitor import Visitor

Serve = Callable[..., ScriptedServer]
LOGO = "https://cdn.example.com/logo.svg"
DRAWN = "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><rect width='8' height='8'/></svg>"
COLORS = """element => {
  const two = (number) => Number(number).toString(16).padStart(2, '0');
  const hex = (text) => '#' + text.match(/\\d+/g).slice(0, 3).map(two).join('');
  const { color, backgroundColor } = getComputedStyle(element);
  return [hex(color), hex(backgroundColor)];
}"""


def _draw(route: Route) -> None:
    route.fulfill(body=DRAWN, content_type="image/svg+xml")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve the page with the branding of these fields."""
    with ExitStack() as servers:

        def served(**fields: object) -> ScriptedServer:
            server = ScriptedServer(branding=read_branding(fields))
            servers.callback(server.close)
            return server

        yield served


def colors_of(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).first.evaluate(COLORS)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("color", ["#ffd500", "#000000", "#ffffff", "#7a3e9d"])
def test_a_brand_s_colour_is_the_bubble_s_and_is_read_well(
    visit: Visitor, serve: Serve, scheme: str, color: str
) -> None:
    server = serve(color=color)
    page = visit(server.url, color_scheme=scheme)
    ask(page, "Where is my order?")
    expect(page.locator(".source a")).to_be_visible()
    ink, ground = colors_of(page, ".customer .bubble")
    assert ground == color
    assert contrast(ink, ground) >= LEAST_CONTRAST
    assert contrast(*colors_of(page, ".source-number")) >= LEAST_CONTRAST
    link, around = colors_of(page, ".source a")[0], colors_of(page, "body")[1]
    assert contrast(link, around) >= LEAST_CONTRAST


def test_a_business_shows_its_logo_from_its_host_and_from_no_other(visit: Visitor, serve: Serve) -> None:
    def draw_logo(page: Page) -> None:
        page.route("https://cdn.example.com/**", _draw)

    server = serve(name="Tillwren", logo_url=LOGO)
    page = visit(server.url, draw_logo)
    logo = page.locator(".masthead .avatar img")
    expect(logo).to_have_js_property("naturalWidth", 8)
    expect(page).to_have_title("Tillwren")
    assert set(visit.misdeeds) == {f"A request to {LOGO}"}
    visit.misdeeds.clear()


def test_what_a_business_says_is_text_and_its_question_is_asked_as_it_is(
    visit: Visitor, serve: Serve
) -> None:
    question = '<img src=x onerror="alert(1)"> {{name}}?'
    branding = {"name": "<b>T</b>", "greeting": "<i>Hi</i>", "suggestions": [question], "hours": "</p><hr>"}
    server = serve(**branding, privacy_url="https://www.example.com/p")
    page = visit(server.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>T</b>")
    expect(page.get_by_role("heading", name="<i>Hi</i>")).to_be_visible()
    expect(page.get_by_text("</p><hr>")).to_be_visible()
    expect(page.get_by_role("link", name="Privacy")).to_have_attribute("href", "https://www.example.com/p")
    page.get_by_role("button", name=question).click()
    expect(answers(page)).to_have_count(1)
    assert server.questions()[0]["query"] == question
