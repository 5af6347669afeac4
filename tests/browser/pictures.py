"""Take the pictures of docs/agents.md: `python -m tests.browser.pictures` works in the product."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser import sample_desk
from tests.browser.console import box, messages, rows, sign_in
from tests.integration.api import Api
from tests.product import Product, data_folder_for_a_run
from tooling.browsers import running_browser
from tooling.project import ROOT

FOLDER = ROOT / "docs" / "images"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}


def take(url: str, browser: Browser, ticket_id: str, folder: Path) -> None:
    """Take all of them: the desk with a draft, the list, and a phone."""
    desk = _open(browser, url, DESK)
    desk.screenshot(path=folder / "agents-list.png")
    desk.goto(f"{url}#/tickets/{ticket_id}")
    desk.get_by_label("What the draft should say").fill("who pays for the return")
    desk.get_by_role("button", name="Draft", exact=True).click()
    desk.get_by_role("region", name="Draft").wait_for()
    desk.screenshot(path=folder / "agents-ticket.png")
    phone = _open(browser, url, PHONE, color_scheme="dark")
    rows(phone).last.click()
    messages(phone).last.wait_for()
    box(phone).fill("It holds them too. You get a mail when it is done.")
    phone.screenshot(path=folder / "agents-phone.png")


def _open(browser: Browser, url: str, viewport: dict[str, int], color_scheme: str = "light") -> Page:
    page = browser.new_page(viewport=viewport, color_scheme=color_scheme, locale="en-GB")  # type: ignore[arg-type]
    page.goto(url)
    sign_in(page, Api.agent_token)
    rows(page).first.wait_for()
    return page


def main() -> None:
    """Start the product, fill its desk, and look at it."""
    with data_folder_for_a_run() as folder, Product(folder) as product, running_browser() as browser:
        product.wait_until_ready()
        ticket_id = sample_desk.fill(Api(product))
        take(f"{product.url}/agent", browser, ticket_id, FOLDER)


if __name__ == "__main__":
    main()
