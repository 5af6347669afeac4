"""A long conversation that is scrolled, on the machine's own processor."""

import json
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession

from bench.page.views import QUESTION

FRAME_MS = 17
MESSAGES, FRAMES, PX = 200, 240, 60
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


def scroll(context: BrowserContext, url: str) -> tuple[float, float]:
    """Scroll the `main` of a page up from its end.

    Returns the share of frames that are in time, and how many milliseconds the main thread works for each.
    """
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url, wait_until="networkidle")
    if page.locator("#messages").count():
        page.locator(f"#messages > :nth-child({MESSAGES})").wait_for()
    before = _worked_seconds(devtools)
    times = page.evaluate(SCROLL, [FRAMES, PX])
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
    messages = [{**exchange[place % 2], "message_id": f"m-{place // 2}"} for place in range(MESSAGES)]
    history = json.dumps({"session_id": "long", "messages": messages, "next": None})
    context.route("**/chat/long*", lambda route: route.fulfill(body=history, content_type="application/json"))
