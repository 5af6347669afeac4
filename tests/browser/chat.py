"""A conversation in the chat page, as its customer sees it, and one that a server remembers."""

from playwright.sync_api import FrameLocator, Locator, Page

from tests.browser.scripted_server import answer

EXCHANGE = [
    {
        "message_id": "m-1",
        "role": "user",
        "content": "Where is my order?",
        "timestamp": "2026-11-19T09:00:00+00:00",
    },
    {
        "message_id": "m-1",
        "role": "assistant",
        "content": "It is **on its way** [1].",
        "timestamp": "2026-11-19T09:00:02+00:00",
        "citations": answer()["citations"],
        "feedback": {"rating": "up", "comment": None},
    },
]


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your message").fill(question)
    page.get_by_label("Your message").press("Enter")


def answers(page: Page | FrameLocator) -> Locator:
    return page.locator(".assistant:not(.typing)")


def questions(page: Page) -> Locator:
    return page.locator(".customer .bubble")


def install_clock(page: Page) -> None:
    page.clock.install()


def gap_below(page: Page, upper: str, lower: str) -> float:
    """Return how many pixels are between two parts of the page, one above the other."""
    gap: float = page.evaluate(
        """parts => {
          const [upper, lower] = parts.map((part) => document.querySelector(part).getBoundingClientRect());
          return lower.top - upper.bottom;
        }""",
        [upper, lower],
    )
    return gap
