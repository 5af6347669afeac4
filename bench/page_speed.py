"""What the chat page costs a visitor with a slow phone: bytes, first paint, layout shift, frames of a scroll.

    python -m bench.page_speed [--views 5] [--check]

It starts the product, and looks at its page with the Chromium of the browser tests, over an emulated network
(400 ms to an answer, 50 KB/s) and on a processor four times as slow. A page with one word, by turns with the
chat's, says what the network, the browser and a busy machine take by themselves. --check fails when a goal of
GOALS is missed. The scroll is on the machine's own processor; a frame may take a quarter of its time there.
"""

import argparse
import json
import statistics
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from bench.load.product import running_product
from devstack.ports import HOST
from tooling.browsers import launch

LATENCY_MS, BYTES_PER_SECOND, SLOWER = 400, 50_000, 4
FRAME_MS = 17
SCROLLED_MESSAGES, SCROLL_FRAMES, SCROLL_PX = 200, 240, 60
GOALS: Mapping[str, tuple[float, str]] = {
    "first view, KB": (45, "most"),
    "second view, KB": (2, "most"),
    "requests to others": (0, "most"),
    "first paint, s": (0.8, "most"),
    "layout shift": (0.02, "most"),
    "frames in time, of an empty page's": (0.95, "least"),
    "work for a frame, ms": (1000 / 60 / SLOWER, "most"),
}
QUESTION = "How do I return an order, and what does that cost?"
WORD = "<!doctype html><html lang=en><title>A word</title><link rel=icon href=data:,><p>Word.</p>"
TALL = WORD + "<main style='height:90vh;overflow:auto'><div style='height:100000px'>"
VIEWPORT: Any = {"width": 360, "height": 740}
ANSWER = """To return an order, open **Orders** and choose *Return* [1]. You have `30 days`:

1. Print the label of [the form](https://help.example.com/returns).
2. Bring the parcel to a shop.

| country | days | price |
|---|--:|--:|
| Germany | 3 | 4.90 |
| France | 5 | 6.90 |

```
RETURN-4711-AB
```"""
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  shifts.push(...list.getEntries().filter((entry) => !entry.hadRecentInput).map((entry) => entry.value));
}).observe({ type: 'layout-shift', buffered: true });
"""
FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName('first-contentful-paint')[0];
  if (paint) resolve(paint.startTime / 1000);
}).observe({ type: 'paint', buffered: true }))"""
SCROLL = """([frames, px]) => new Promise((resolve) => {
  const main = document.querySelector('main');
  const times = [];
  main.scrollTop = main.scrollHeight;
  const step = (time) => {
    times.push(time);
    main.scrollTop -= px;
    if (times.length <= frames) requestAnimationFrame(step);
    else resolve(times.slice(1).map((time, index) => time - times[index]));
  };
  requestAnimationFrame(step);
})"""


@dataclass
class View:
    """What one view of a page took."""

    first_paint_seconds: float = 0
    received_bytes: float = 0
    asked: list[str] = field(default_factory=list)


def views(context: BrowserContext, url: str) -> tuple[View, View]:
    """Look at a page on the slow phone, and once more."""
    return _view(context, url), _view(context, url)


def _view(context: BrowserContext, url: str) -> View:
    page, view = context.new_page(), View()
    devtools = _slow_down(page)
    devtools.on("Network.loadingFinished", lambda event: _add(view, event["encodedDataLength"]))
    devtools.on("Network.requestWillBeSent", lambda event: view.asked.append(event["request"]["url"]))
    page.goto(url, wait_until="networkidle")
    view.first_paint_seconds = page.evaluate(FIRST_PAINT)
    page.close()
    return view


def _add(view: View, received: float) -> None:
    view.received_bytes += received


def _slow_down(page: Page) -> CDPSession:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    network = {"latency": LATENCY_MS, "downloadThroughput": BYTES_PER_SECOND}
    devtools.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "uploadThroughput": BYTES_PER_SECOND, **network},
    )
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return devtools


def layout_shift(context: BrowserContext, url: str) -> float:
    """Return how much moves by itself while a page loads, an answer grows, and both come back."""
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    _slow_down(page)
    page.goto(url, wait_until="networkidle")
    page.get_by_label("Your message").press_sequentially(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".assistant:not(.typing)").wait_for()
    page.wait_for_load_state("networkidle")
    shifts = page.evaluate("shifts")
    page.goto(url, wait_until="networkidle")
    page.locator(".assistant:not(.typing)").wait_for()
    return float(sum(shifts) + sum(page.evaluate("shifts")))


def scroll(context: BrowserContext, url: str) -> tuple[float, float]:
    """Scroll the `main` of a page up from its end.

    Returns the share of frames that are in time, and how many milliseconds the main thread works for each.
    """
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url, wait_until="networkidle")
    if page.locator("#messages").count():
        page.locator(f"#messages > :nth-child({SCROLLED_MESSAGES})").wait_for()
    before = _worked_seconds(devtools)
    times = page.evaluate(SCROLL, [SCROLL_FRAMES, SCROLL_PX])
    worked = _worked_seconds(devtools) - before
    page.close()
    return sum(time <= FRAME_MS for time in times) / len(times), 1000 * worked / len(times)


def _worked_seconds(devtools: CDPSession) -> float:
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def remember_long_conversation(context: BrowserContext) -> None:
    """Let the browser remember a conversation, and answer in the app's place what was said in it."""
    session = "localStorage.setItem('support-assistant:/:session', 'long')"
    context.add_init_script(session)
    citation = {"index": 1, "title": "Returns", "url": "https://help.example.com", "snippet": "30 days."}
    said = {"timestamp": "2026-11-20T10:00:00+00:00"}
    exchange: list[dict[str, Any]] = [
        {"role": "user", "content": QUESTION, **said},
        {"role": "assistant", "content": ANSWER, "citations": [citation], **said},
    ]
    messages = [
        {**exchange[place % 2], "message_id": f"m-{place // 2}"} for place in range(SCROLLED_MESSAGES)
    ]
    history = json.dumps({"session_id": "long", "messages": messages, "next": None})
    context.route("**/chat/long*", lambda route: route.fulfill(body=history, content_type="application/json"))


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


def measure(browser: Browser, url: str, count: int) -> dict[str, float]:
    """Return the figures by their names in GOALS, and those that they compare with."""
    ours, words = list[tuple[View, View]](), list[View]()
    with served(WORD) as word, served(TALL) as tall:
        for _ in range(count):
            for each, kept in ((url, ours.append), (word, lambda pair: words.append(pair[0]))):
                with browser.new_context(viewport=VIEWPORT, locale="en-GB") as context:
                    kept(views(context, each))
        with browser.new_context(viewport=VIEWPORT, locale="en-GB") as context:
            shift = layout_shift(context, url)
        with browser.new_context(viewport=VIEWPORT, locale="en-GB") as context:
            remember_long_conversation(context)
            scrolls = [(*scroll(context, url), *scroll(context, tall)) for _ in range(count)]
    firsts, seconds = zip(*ours, strict=True)
    hosts = {urlsplit(asked).netloc for view in (*firsts, *seconds) for asked in view.asked} - {""}
    paint = statistics.median(view.first_paint_seconds for view in firsts)
    floor = statistics.median(view.first_paint_seconds for view in words)
    scrolled, work, empty, empty_work = map(statistics.median, zip(*scrolls, strict=True))
    return {
        "first view, KB": max(view.received_bytes for view in firsts) / 1000,
        "second view, KB": max(view.received_bytes for view in seconds) / 1000,
        "requests to others": len(hosts - {urlsplit(url).netloc}),
        "first paint, s": paint,
        "first paint of a page with one word, s": floor,
        "first paint, of that page's": paint / floor,
        "first paint of the second view, s": statistics.median(v.first_paint_seconds for v in seconds),
        "layout shift": shift,
        "frames in time": scrolled,
        "frames in time, of an empty page's": scrolled / empty,
        "work for a frame, ms": work,
        "work for a frame of an empty page, ms": empty_work,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--views", type=int, default=5, help="how often to look at each page")
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    options = parser.parse_args()
    with running_product() as product, sync_playwright() as playwright:
        browser = launch(playwright)
        if not browser:
            raise SystemExit("There is no browser: install Chromium, or set CHROMIUM to its path.")
        figures = measure(browser, f"http://{HOST}:{product.port}/", options.views)
        browser.close()
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
