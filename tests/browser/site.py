"""A site of another origin with the widget in it, and the widget as its visitor sees it."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page

PAGE = """<!doctype html>
<html lang="en"><head><meta name="viewport" content="width=device-width"><title>A shop</title>
<link rel="icon" href="data:,">{head}
<script src="{widget}" async {attributes}></script></head>
<body><main><h1>A shop</h1><p>Cups and plates.</p><button>Buy</button></main></body></html>"""


class Site:
    """Serves a page with the widget at any address; a test may change what is in it."""

    def __init__(self) -> None:
        self.widget = ""
        self.attributes: dict[str, str] = {}
        self.head = ""
        self.policy = ""
        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._httpd.daemon_threads = True
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._httpd.server_port}"

    def page(self) -> bytes:
        attributes = " ".join(f'data-{name}="{value}"' for name, value in self.attributes.items())
        return PAGE.format(head=self.head, widget=self.widget, attributes=attributes).encode()

    def headers(self) -> Mapping[str, str]:
        return {"Content-Type": "text/html"} | (
            {"Content-Security-Policy": self.policy} if self.policy else {}
        )

    def close(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()

    def _handler(self) -> type["_Handler"]:
        return type("_SiteHandler", (_Handler,), {"site": self})


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        body = self.site.page()
        self.send_response(200)
        for name, value in self.site.headers().items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""


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
