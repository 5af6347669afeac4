"""Find a browser, and open pages in it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.browser.scripted_server import ScriptedServer
from tests.browser.visitor import Visitor

LAUNCH_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
CHANNELS = ("chrome", "msedge")
NO_BROWSER = (
    "No browser for the page's tests: install Chromium, Google Chrome or Microsoft Edge, "
    "or set CHROMIUM to a browser's path."
)


def _launch(playwright: Playwright) -> Browser | None:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, COMMANDS)), None)
    if path:
        return playwright.chromium.launch(executable_path=path, args=LAUNCH_FLAGS)
    for channel in CHANNELS:
        try:
            return playwright.chromium.launch(channel=channel, args=LAUNCH_FLAGS)
        except PlaywrightError:
            continue  # that one is not installed: Playwright has no way to ask beforehand
    return None


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Launch one browser for all tests of this folder."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        if browser is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Open pages; at the end, assert that none broke its policy, raised, warned or asked another host."""
    visitor = Visitor(browser)
    yield visitor
    visitor.close()
    assert visitor.misdeeds == []


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Serve the page from `/` with scripted answers."""
    server = ScriptedServer()
    yield server
    server.close()
