"""Find a browser and open the chat page in it, watching for whatever the page should never do."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Playwright,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from tests.browser.scripted_server import ScriptedServer

LAUNCH_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
CHANNELS = ("chrome", "msedge")
NO_BROWSER = (
    "No browser for the page's tests: install Chromium, Google Chrome or Microsoft Edge, "
    "or set CHROMIUM to a browser's path."
)
# An answer of 4xx or 5xx is logged by the browser itself, and so is a connection that a test cuts.
EXPECTED_IN_CONSOLE = "Failed to load resource"


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


@dataclass
class Visitor:
    """Opens pages, each as a new customer, and notes what a page must not do: errors and outside requests."""

    browser: Browser
    misdeeds: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, url: str, before: Callable[[Page], None] | None = None, **options: Any) -> Page:
        """Open `url`; `options` are a browser context's, `before` prepares the page before it loads."""
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        context = self.browser.new_context(**options)
        context.set_default_timeout(5_000)
        self.contexts.append(context)
        page = context.new_page()
        self._watch(page, urlsplit(url).netloc)
        if before:
            before(page)
        page.goto(url)
        return page

    def _watch(self, page: Page, host: str) -> None:
        def note_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_IN_CONSOLE):
                self.misdeeds.append(message.text)

        def note_request(url: str) -> None:
            if urlsplit(url).scheme != "data" and urlsplit(url).netloc != host:
                self.misdeeds.append(f"A request to {url}")

        def close_dialog(dialog: Dialog) -> None:
            self.misdeeds.append(f"A dialog: {dialog.message}")
            dialog.dismiss()

        page.on("console", note_console)
        page.on("pageerror", lambda error: self.misdeeds.append(str(error)))
        page.on("dialog", close_dialog)
        page.on("request", lambda request: note_request(request.url))

    def close(self) -> None:
        for context in self.contexts:
            context.close()


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
