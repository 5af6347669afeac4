"""A site of another origin with the widget in it, and the widget as its visitor sees it."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page

from tests.local_server import LocalHandler, LocalServer

PAGE = """<!doctype html>
<html lang="en"><head><meta name="viewport" content="width=device-width"><title>A shop</title>
<link rel="icon" href="data:,">{head}
<script src="{widget}" async {attributes}></script></head>
<body><main><h1>A shop</h1><p>Cups and plates.</p><button>Buy</button></main></body></html>"""


class Site(LocalServer):
    """Serves a page with the widget at any address; a test may change what is in it."""

    def __init__(self) -> None:
        self.widget = ""
        self.attributes: dict[str, str] = {}
        self.head = ""
        self.policy = ""
        super().__init__(_Handler, site=self)

    def page(self) -> bytes:
        attributes = " ".join(f'data-{name}="{value}"' for name, value in self.attributes.items())
        return PAGE.format(head=self.head, widget=self.widget, attributes=attributes).encode()

    def headers(self) -> Mapping[str, str]:
        return {"Content-Type": "text/html"} | (
            {"Content-Security-Policy": self.policy} if self.policy else {}
        )


class _Handler(LocalHandler):
    site: Site

    def do_GET(self) -> None:
        self.answer(200, self.site.page(), self.site.headers())


def launcher(page: Page) -> Locator:
    return page.locator("#support-assistant .launcher")


def panel(page: Page) -> Locator:
    return page.locator("#support-assistant dialog")


def chat(page: Page) -> FrameLocator:
    """Return the page in the frame."""
    return page.frame_locator("#support-assistant iframe")


def call(page: Page, script: str) -> Any:
    """Call the widget's API as a script of the site."""
    page.wait_for_function("() => window.SupportAssistant")
    return page.evaluate(f"() => {{ SupportAssistant.{script} }}")
