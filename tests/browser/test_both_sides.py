"""Two windows with the running product between them: a customer's, and an agent's."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import ask
from tests.browser.console import box, messages, sign_in
from tests.browser.visitor import Visitor
from tests.integration.api import Api
from tests.product import Product, within
from tests.webhooks import receiving

READ_WITHIN_MS = 5_000
ANSWERED_WITHIN_MS = 20_000
TOLD_WITHIN_SECONDS = 10
HUMAN = "I would like to talk to a person"
TOLD = ["ticket.created", "ticket.replied", "ticket.message", "ticket.replied", *["ticket.updated"] * 2]


@pytest.fixture
def api(product: Product) -> Api:
    """The product, as an agent uses it."""
    return Api(product)


def ticket_number(page: Page) -> str:
    """Return the number of the ticket that the page shows."""
    number = page.locator("#ticket-number")
    expect(number).to_contain_text("Ticket T-", timeout=ANSWERED_WITHIN_MS)
    return str(number.text_content()).removeprefix("Ticket ")


def test_a_customer_and_an_agent_talk_until_the_next_ticket(
    visit: Visitor, product: Product, api: Api
) -> None:
    with receiving(api.aws("secretsmanager")) as receiver:
        desk, page = visit(f"{product.url}/agent"), visit(product.url)
        sign_in(desk, api.agent_token)
        ticket = page.get_by_role("region", name="Your ticket", exact=True)
        ask(page, HUMAN)
        ticket_id = ticket_number(page)
        page.get_by_label("E-mail", exact=True).fill("ada@example.com")
        page.get_by_role("button", name="Save").click()
        expect(ticket).to_contain_text("ada@example.com")

        row = desk.locator(f".row[href$='{ticket_id}']")
        expect(row).to_be_visible(timeout=READ_WITHIN_MS)
        row.click()
        expect(desk.locator("#reach")).to_contain_text("ada@example.com", timeout=READ_WITHIN_MS)
        desk.get_by_role("button", name="Draft", exact=True).click()
        expect(desk.get_by_role("region", name="Draft")).to_be_visible(timeout=ANSWERED_WITHIN_MS)
        expect(box(desk)).not_to_have_value("", timeout=ANSWERED_WITHIN_MS)
        box(desk).fill("Which **order** is it?")
        box(desk).press("Control+Enter")
        expect(page.locator(".agent strong")).to_have_text("order", timeout=READ_WITHIN_MS)
        expect(page.locator(".joined")).to_have_text("Agent has joined")
        expect(ticket).to_contain_text("With Agent")

        ask(page, "ORD-2041")
        expect(page.locator(".delivery").last).to_contain_text("Passed on", timeout=ANSWERED_WITHIN_MS)
        expect(messages(desk).last).to_have_text("ORD-2041", timeout=READ_WITHIN_MS)
        box(desk).fill("It arrives today.")
        desk.get_by_role("button", name="Reply and close").click()
        expect(page.locator(".agent .prose").last).to_have_text("It arrives today.", timeout=READ_WITHIN_MS)
        page.get_by_role("button", name="Yes", exact=True).click()
        expect(page.locator("#solved")).to_contain_text("Thank you")

        ask(page, HUMAN)
        expect(ticket).to_contain_text("Waiting", timeout=ANSWERED_WITHIN_MS)
        assert ticket_number(page) != ticket_id
        assert within(TOLD_WITHIN_SECONDS, lambda: receiver.types_of(ticket_id) == TOLD)
        assert all(each["signed"] for each in receiver.arrived)
        team = [mail for mail in api.mails("team@example.com") if ticket_id in mail["Subject"]]
        assert len(team) == 1

        # Who comes back reads the same again.
        page.reload()
        expect(page.locator(".author:not(.visually-hidden)")).to_have_text(["Agent"] * 2)
        expect(ticket).to_contain_text("Waiting")
        expect(page.locator("#solved")).to_be_hidden()
