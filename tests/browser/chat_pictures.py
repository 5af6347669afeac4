"""Take the two pictures of the chat in the README: `python -m tests.browser.chat_pictures`."""

from contextlib import closing
from datetime import datetime, timezone
from typing import Any

from playwright.sync_api import Page

from chalicelib.branding import read_branding
from tests.browser.chat import answers, ask
from tests.browser.scripted_server import Reply, ScriptedServer, answer
from tooling.browsers import running_browser
from tooling.project import ROOT

FOLDER = ROOT / "docs" / "images"
BRANDING = read_branding(
    {"name": "Tillwren", "color": "#7a3e9d", "privacy_url": "https://help.example.com/privacy"}
)
STEPS = """1. On the sign-in page, choose **Forgot password**.
2. Enter your email address and press **Send link**.
3. Open the mail called "Reset your password" and press **Choose a new password**.
4. Enter at least 12 characters. It cannot be one of your last five passwords. [1]"""
AGAIN = "Look in your spam folder, then ask for the link again. [1]"
PASSED_ON = "I have passed this on to our support team. They answer you here."
REPLY = "Hello! I have sent the link again, to the address of your account. Did it arrive?"
TICKET = "T-A05A2B0A"


def answered(page: Page, server: ScriptedServer, question: str, response: str, **extra: Any) -> None:
    server.replies.append(Reply(answer(response, timestamp=now(), **extra)))
    before = answers(page).count()
    ask(page, question)
    answers(page).nth(before).wait_for()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def conversing(page: Page, server: ScriptedServer) -> None:
    answered(page, server, "How do I reset my password?", STEPS)
    answered(page, server, "and if the email never arrives?", AGAIN, message_id="m-2")
    page.screenshot(path=FOLDER / "chat-desktop.png")


def helped_by_a_person(page: Page, server: ScriptedServer) -> None:
    reply = {"role": "agent", "message_id": "a-1", "timestamp": now(), "author": "Mira", "content": REPLY}
    ticket = {"handled_by": "agent", "ticket": {"ticket_id": TICKET, "status": "open"}}
    server.history = Reply({"messages": [reply], **ticket, "newest": "1"})
    answered(page, server, "How do I reset my password?", STEPS)
    handed_over = {"ticket_id": TICKET, "reason": "customer_request"}
    answered(
        page,
        server,
        "I would like to talk to a person",
        PASSED_ON,
        escalation=handed_over,
        citations=[],
        message_id="m-2",
    )
    page.locator(".not-now").click()
    page.locator(".agent").wait_for(timeout=9_000)
    for text in ("Yes, it just did.", "Thank you!"):
        server.replies.append(Reply(answer("Passed on.", handled_by="agent", citations=[])))
        ask(page, text)
        delivery = page.locator(".customer", has_text=text).locator(".delivery", has_text="Passed on")
        delivery.wait_for(state="attached")
    page.screenshot(path=FOLDER / "chat-phone.png")


def main() -> None:
    """Take both, each of a new visitor."""
    with running_browser() as browser:
        for take, width, height in ((conversing, 780, 720), (helped_by_a_person, 375, 760)):
            with closing(ScriptedServer(branding=BRANDING)) as server:
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    device_scale_factor=2,
                    locale="en-GB",
                    reduced_motion="reduce",
                )
                page.goto(server.url)
                take(page, server)


if __name__ == "__main__":
    main()
