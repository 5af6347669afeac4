"""Take the pictures of docs/owners.md: `python -m tests.browser.owner_pictures`."""

from playwright.sync_api import Browser

from tests.browser.console import sign_in
from tests.browser.desk_server import JOB, DeskServer, event
from tests.browser.sample_insights import GAPS
from tooling.browsers import running_browser
from tooling.project import ROOT

FOLDER = ROOT / "docs" / "images"
LOOKS = (
    ("overview", "", {"width": 1280, "height": 1000}, "light"),
    ("gaps", "/gaps", {"width": 390, "height": 640}, "light"),
    ("cost", "/cost", {"width": 1280, "height": 920}, "dark"),
)


def _take(browser: Browser, url: str, name: str, viewport: dict[str, int], scheme: str) -> None:
    page = browser.new_page(viewport=viewport, color_scheme=scheme, locale="en-US")  # type: ignore[arg-type]
    page.goto(url)
    sign_in(page)
    page.locator("#insights-export:enabled").wait_for()
    page.locator("#broken a").first.wait_for(state="attached")
    page.screenshot(path=FOLDER / f"owners-{name}.png")
    page.close()


def main() -> None:
    """Take each page once, of a shop where something is broken."""
    server = DeskServer()
    server.desk.gaps, server.desk.jobs, server.desk.events = GAPS, [JOB], [event()]
    with running_browser() as browser:
        for name, part, viewport, scheme in LOOKS:
            _take(browser, f"{server.page_url}#/insights{part}", name, viewport, scheme)
    server.close()


if __name__ == "__main__":
    main()
