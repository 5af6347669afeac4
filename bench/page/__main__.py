"""What the chat page costs a visitor with a slow phone: bytes, first paint, layout shift, frames of a scroll.

    python -m bench.page [--views 5] [--check]

It starts the product, and looks at its page with the Chromium of the browser tests, over an emulated network
(400 ms to an answer, 50 KB/s) and on a processor four times as slow. A page with one word, by turns with the
chat's, says what the network, the browser and a busy machine take by themselves. --check fails when a goal of
GOALS is missed. The scroll is on the machine's own processor; a frame may take a quarter of its time there.
"""

import argparse
import statistics
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext

from bench.load.product import running_product
from bench.page.scroll import remember_long_conversation, scroll
from bench.page.views import SLOWER, View, layout_shift, views
from devstack.ports import HOST
from tooling.browsers import running_browser

GOALS: Mapping[str, tuple[float, str]] = {
    "first view, KB": (45, "most"),
    "second view, KB": (2, "most"),
    "requests to others": (0, "most"),
    "first paint, s": (0.8, "most"),
    "layout shift": (0.02, "most"),
    "frames in time, of an empty page's": (0.95, "least"),
    "work for a frame, ms": (1000 / 60 / SLOWER, "most"),
}
WORD = "<!doctype html><html lang=en><title>A word</title><link rel=icon href=data:,><p>Word.</p>"
TALL = WORD + "<main style='height:90vh;overflow:auto'><div style='height:100000px'>"
VIEWPORT: Any = {"width": 360, "height": 740}


@contextmanager
def served(html: str) -> Iterator[str]:
    """Serve one page, and return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            """Print nothing between the figures."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def measure_views(browser: Browser, url: str, count: int) -> dict[str, float]:
    """Return what views of the page cost, by the names of GOALS, and what they compare with."""
    ours, words = list[tuple[View, View]](), list[View]()
    with served(WORD) as word:
        for _ in range(count):
            with _visitor(browser) as context:
                ours.append(views(context, url))
            with _visitor(browser) as context:
                words.append(views(context, word)[0])
    firsts, seconds = zip(*ours, strict=True)
    asked = {urlsplit(address) for view in (*firsts, *seconds) for address in view.asked}
    paint, floor = _median_paint(firsts), _median_paint(words)
    return {
        "first view, KB": max(view.received_bytes for view in firsts) / 1000,
        "second view, KB": max(view.received_bytes for view in seconds) / 1000,
        "requests to others": sum(each.netloc not in ("", urlsplit(url).netloc) for each in asked),
        "first paint, s": paint,
        "first paint of a page with one word, s": floor,
        "first paint, of that page's": paint / floor,
        "first paint of the second view, s": _median_paint(seconds),
    }


def measure_conversation(browser: Browser, url: str, count: int) -> dict[str, float]:
    """Return what becomes of a conversation, by the names of GOALS, and what that compares with."""
    with _visitor(browser) as context:
        shift = layout_shift(context, url)
    with _visitor(browser) as context, served(TALL) as tall:
        remember_long_conversation(context)
        scrolls = [(*scroll(context, url), *scroll(context, tall)) for _ in range(count)]
    scrolled, work, empty, empty_work = map(statistics.median, zip(*scrolls, strict=True))
    return {
        "layout shift": shift,
        "frames in time": scrolled,
        "frames in time, of an empty page's": scrolled / empty,
        "work for a frame, ms": work,
        "work for a frame of an empty page, ms": empty_work,
    }


def _visitor(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport=VIEWPORT, locale="en-GB")


def _median_paint(seen: Iterable[View]) -> float:
    return statistics.median(view.first_paint_seconds for view in seen)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--views", type=int, default=5, help="how often to look at each page")
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    options = parser.parse_args()
    with running_product() as product, running_browser() as browser:
        url = f"http://{HOST}:{product.port}/"
        figures = {
            **measure_views(browser, url, options.views),
            **measure_conversation(browser, url, options.views),
        }
    missed = [name for name, figure in figures.items() if _misses(name, figure)]
    for name, figure in figures.items():
        goal = f"  goal: {GOALS[name][0]:g} at {GOALS[name][1]}" if name in GOALS else ""
        print(f"{name:40} {figure:7.3f}{goal}{'  MISSED' if name in missed else ''}")
    return 1 if options.check and missed else 0


def _misses(name: str, figure: float) -> bool:
    goal, bound = GOALS.get(name, (figure, "most"))
    return figure > goal if bound == "most" else figure < goal


if __name__ == "__main__":
    sys.exit(main())
