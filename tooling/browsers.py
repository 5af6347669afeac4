"""Find a browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tooling import environment
from tooling.errors import CommandError

LAUNCH_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
CHANNELS = ("chrome", "msedge")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run the browser that `CHROMIUM` names, or one that is installed. Raises CommandError if none is."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        if browser is None:
            raise CommandError(
                "There is no browser: install Chromium, Google Chrome or Microsoft Edge, "
                "or set CHROMIUM to a browser's path."
            )
        yield browser
        browser.close()


def _launch(playwright: Playwright) -> Browser | None:
    path = environment.chromium() or next(filter(None, map(shutil.which, COMMANDS)), None)
    if path:
        return playwright.chromium.launch(executable_path=path, args=LAUNCH_FLAGS)
    for channel in CHANNELS:
        try:
            return playwright.chromium.launch(channel=channel, args=LAUNCH_FLAGS)
        except PlaywrightError:
            continue  # that one is not installed: Playwright has no way to ask beforehand
    return None
