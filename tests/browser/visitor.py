"""Open a page as a new customer, watching for whatever it should never do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

# An answer of 4xx or 5xx is logged by the browser itself, and so is a connection that a test cuts.
EXPECTED_IN_CONSOLE = "Failed to load resource"


@dataclass
class Visitor:
    """Opens pages, each as a new customer, and notes what a page must not do: errors and outside requests."""

    browser: Browser
    misdeeds: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self, url: str, before: Callable[[Page], None] | None = None, also: str = "", **options: Any
    ) -> Page:
        """Open `url`; `options` are a browser context's, `before` prepares the page before it loads.

        `also` is another address that the page may ask.
        """
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        context = self.browser.new_context(**options)
        context.set_default_timeout(5_000)
        self.contexts.append(context)
        page = context.new_page()
        self._watch(page, {urlsplit(each).netloc for each in (url, also)})
        if before:
            before(page)
        page.goto(url)
        return page

    def _watch(self, page: Page, hosts: set[str]) -> None:
        def note_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_IN_CONSOLE):
                self.misdeeds.append(message.text)

        def note_request(url: str) -> None:
            if urlsplit(url).scheme != "data" and urlsplit(url).netloc not in hosts:
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
