"""Find a browser."""

import shutil

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

from tooling import environment

LAUNCH_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
CHANNELS = ("chrome", "msedge")


def launch(playwright: Playwright) -> Browser | None:
    """Start the browser that `CHROMIUM` names, or one that is installed; None where there is none."""
    path = environment.chromium() or next(filter(None, map(shutil.which, COMMANDS)), None)
    if path:
        return playwright.chromium.launch(executable_path=path, args=LAUNCH_FLAGS)
    for channel in CHANNELS:
        try:
            return playwright.chromium.launch(channel=channel, args=LAUNCH_FLAGS)
        except PlaywrightError:
            continue  # that one is not installed: Playwright has no way to ask beforehand
    return None
