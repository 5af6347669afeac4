"""Take pictures of the chat in its states: `python -m tests.browser.chat_pictures FOLDER`.

Without a folder, those of the README.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Page, sync_playwright

from chalicelib.branding import read_branding
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tooling.browsers import launch
from tooling.project import ROOT

BRANDING = read_branding(
    {
        "name": "Tillwren",
        "color": "#7a3e9d",
        "hours": {"en": "People answer Monday to Friday, 8:00 to 20:00, and Saturday, 9:00 to 17:00."},
        "privacy_url": "https://help.example.com/privacy",
    }
)
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True},
    "tablet": {"viewport": {"width": 768, "height": 900}},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "arabic": {"viewport": {"width": 768, "height": 900}, "locale": "ar"},
    "readme": {"viewport": {"width": 780, "height": 720}, "device_scale_factor": 2},
    "readme-phone": {"viewport": {"width": 375, "height": 760}, "device_scale_factor": 2},
}
STEPS = """1. On the sign-in page, choose **Forgot password**.
2. Enter your email address and press **Send link**.
3. Open the mail called "Reset your password" and press **Choose a new password**.
4. Enter at least 12 characters. It cannot be one of your last five passwords. [1]"""
TABLE = """A card reader takes about a day to reach you. [1]

| Where to | Standard | Express | Free from |
|---|---|---|---|
| Netherlands, Belgium | €4.95, 1 to 2 days | €9.95, next day | €50 |
| Germany, France | €7.95, 2 to 4 days | €14.95, next day | €100 |
| Elsewhere in the EU | €11.95, 3 to 6 days | €24.95, 2 days | €150 |

To look an order up by yourself: [2]

```
curl https://api.example.com/v1/orders/TW-20481 -H "Authorization: Bearer $KEY"
```"""
AGAIN = "Look in your spam folder, then ask for the link again. [1]"
ARABIC = {
    "How do I reset my password?": "كيف أعيد تعيين كلمة المرور؟",
    STEPS: "1. في صفحة تسجيل الدخول، اختر **نسيت كلمة المرور**.\n2. أدخل بريدك الإلكتروني واضغط "
    "**إرسال الرابط**.\n3. افتح الرسالة واختر كلمة مرور جديدة. [1]",
    "and if the email never arrives?": "وماذا لو لم تصل الرسالة؟",
    AGAIN: "ابحث في مجلد الرسائل غير المرغوب فيها. [1]",
}


def citations(*titles: str) -> list[dict[str, Any]]:
    url = "https://help.example.com/article"
    snippet = "Choose Forgot password on the sign-in page. The link in the mail works for one hour."
    return [
        {"index": index, "title": title, "url": url, "snippet": snippet, "score": 0.9}
        for index, title in enumerate(titles, start=1)
    ]


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


class Customer:
    """Someone who asks in the page or in the frame, where the server's answers are known."""

    def __init__(self, page: Page | FrameLocator, server: ScriptedServer, arabic: bool = False) -> None:
        self.page, self.server, self.arabic = page, server, arabic

    def ask(self, question: str, response: str, *titles: str, **extra: Any) -> None:
        body = answer(self.said(response), citations=citations(*titles), timestamp=now(), **extra)
        self.server.replies.append(Reply(body))
        before = self.page.locator(".assistant:not(.typing)").count()
        self.write(question)
        self.page.locator(".assistant:not(.typing)").nth(before).wait_for()

    def write(self, question: str) -> None:
        self.page.locator("#question").fill(self.said(question))
        self.page.locator("#question").press("Enter")

    def said(self, text: str) -> str:
        return ARABIC.get(text, text) if self.arabic else text

    # The states

    def welcomed(self) -> None:
        self.page.locator("#welcome").wait_for()

    def answered(self) -> None:
        self.ask("How do I reset my password?", STEPS, "Reset your password")

    def conversing(self) -> None:
        self.answered()
        self.ask("and if the email never arrives?", AGAIN, "Reset your password", message_id="m-2")

    def reading(self) -> None:
        self.answered()
        titles = ("Delivery times and costs", "API guide: orders")
        self.ask("How long does delivery take, and what does it cost?", TABLE, *titles, message_id="m-2")
        self.page.locator(".excerpt-toggle").last.click()

    def waiting(self) -> None:
        self.server.replies.append(Reply(answer(), gate=threading.Event()))
        self.write("How do I reset my password?")
        self.page.locator(".typing").wait_for()

    def growing(self) -> None:
        self.server.pending.append(Reply({"text": STEPS[:140], "done": False}))
        self.waiting()
        self.page.locator(".growing .prose li").nth(1).wait_for()

    def handed_over(self) -> None:
        self.answered()
        self.ask(
            "I would like to talk to a person",
            "I have passed this on to our support team. They answer you here.",
            escalation={"ticket_id": "T-A05A2B0A", "reason": "customer_request"},
            message_id="m-2",
        )
        self.page.locator("#contact").wait_for()

    def helped_by_a_person(self) -> None:
        said = {"message_id": "m-2", "timestamp": now()}
        reply = "Hello! I have sent the link again, to the address of your account. Did it arrive?"
        self.server.history = Reply(
            {
                "messages": [
                    {**said, "message_id": "a-1", "role": "agent", "author": "Mira", "content": reply}
                ],
                "handled_by": "agent",
                "ticket": {"ticket_id": "T-A05A2B0A", "status": "open"},
                "newest": "1",
            }
        )
        self.handed_over()
        self.page.locator(".not-now").click()
        self.page.locator(".agent").wait_for(timeout=9_000)
        passed_on = answer("Passed on.", handled_by="agent", citations=[])
        for text in ("Yes, it just did.", "Thank you!"):
            self.server.replies.append(Reply(passed_on))
            self.write(text)
            self.page.locator(".customer", has_text=text).locator(".delivery", has_text="Passed on").wait_for(
                state="attached"
            )

    def failed(self) -> None:
        self.answered()
        self.server.replies.append(
            Reply({"error": "Later.", "code": "unavailable"}, 503, {"Retry-After": "0"})
        )
        self.write("and if the email never arrives?")
        self.page.locator(".failure").last.wait_for()

    def back_again(self) -> None:
        self.conversing()
        self.page.locator("#new-conversation").click()
        self.page.locator("#past-conversations").wait_for()

    def rating(self) -> None:
        self.conversing()
        self.server.replies.append(Reply({"status": "accepted"}))
        self.page.locator("[data-rating=down]").first.click()
        self.page.locator(".comment").first.wait_for()


IN_THE_PAGE: tuple[tuple[Callable[[Customer], None], tuple[str, ...]], ...] = (
    (Customer.welcomed, ("phone", "tablet", "desktop", "dark", "arabic")),
    (Customer.answered, ("phone", "desktop")),
    (Customer.conversing, ("tablet", "desktop", "dark", "arabic")),
    (Customer.reading, ("phone", "desktop", "dark")),
    (Customer.waiting, ("phone", "desktop")),
    (Customer.growing, ("phone", "desktop")),
    (Customer.handed_over, ("phone", "desktop", "dark")),
    (Customer.helped_by_a_person, ("phone", "desktop")),
    (Customer.failed, ("phone", "desktop", "dark")),
    (Customer.back_again, ("phone", "desktop")),
    (Customer.rating, ("desktop",)),
)
IN_THE_WIDGET = (Customer.welcomed, Customer.conversing, Customer.helped_by_a_person)


@contextmanager
def shop(server: ScriptedServer) -> Iterator[str]:
    """Run the sample shop with the widget of a server, and give its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "samples/host-page/shop.py", f"--port={port}", f"--assistant={server.url}/"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "APP_SECRET": "-"},
    ):
        _wait_for(port)
        server.framed_by = (f"http://127.0.0.1:{port}",)
        yield f"http://127.0.0.1:{port}"


def _wait_for(port: int, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with closing(socket.socket()) as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port}.")


class Photographer:
    """Takes pictures into a folder, each of a new visitor."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder

    def take(self, state: Callable[[Customer], None], look: str, name: str) -> None:
        with closing(ScriptedServer(branding=BRANDING)) as server, closing(self._page(look)) as page:
            page.goto(server.url)
            state(Customer(page, server, arabic=look == "arabic"))
            self._shoot(page, name)

    def take_in_the_shop(self, state: Callable[[Customer], None] | None, look: str) -> None:
        with (
            closing(ScriptedServer(branding=BRANDING)) as server,
            shop(server) as url,
            closing(self._page(look)) as page,
        ):
            page.goto(url)
            page.locator("#support-assistant .launcher").wait_for()
            if state:
                page.locator("#support-assistant .launcher").click()
                state(Customer(page.frame_locator("#support-assistant iframe"), server))
            self._shoot(page, f"shop-{state.__name__ if state else 'closed'}-{look}")

    def _page(self, look: str) -> Page:
        page = self.browser.new_page(**{"locale": "en-GB", "reduced_motion": "reduce", **LOOKS[look]})
        page.set_default_timeout(6_000)
        return page

    def _shoot(self, page: Page, name: str) -> None:
        page.mouse.move(5, 5)
        page.wait_for_timeout(250)
        page.screenshot(path=self.folder / f"{name}.png")


def take_for_the_readme(browser: Browser) -> None:
    photographer = Photographer(browser, ROOT / "docs" / "images")
    photographer.take(Customer.conversing, "readme", "chat-desktop")
    photographer.take(Customer.helped_by_a_person, "readme-phone", "chat-phone")


def take_all(browser: Browser, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photographer = Photographer(browser, folder)
    for state, looks in IN_THE_PAGE:
        for look in looks:
            photographer.take(state, look, f"{state.__name__}-{look}")
    for in_widget in (None, *IN_THE_WIDGET):
        for look in ("phone", "desktop", "dark"):
            photographer.take_in_the_shop(in_widget, look)


def main(folder: str = "") -> None:
    """Take all states into a folder, or the two pictures of the README."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        assert browser, "There is no browser."
        if folder:
            take_all(browser, Path(folder))
        else:
            take_for_the_readme(browser)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
