"""One view of a page by a visitor with a slow phone, and how much moves by itself in a conversation."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, CDPSession, Page

LATENCY_MS, BYTES_PER_SECOND, SLOWER = 400, 50_000, 4
QUESTION = "How do I return an order, and what does that cost?"
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
