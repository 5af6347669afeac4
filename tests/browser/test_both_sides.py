"""A customer's window and an agent, with the running product between them."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import ask
from tests.browser.visitor import Visitor
from tests.integration.api import Api
from tests.product import Product, within
from tests.webhooks import receiving

READ_WITHIN_MS = 5_000
ANSWERED_WITHIN_MS = 20_000
HUMAN = "I would like to talk to a person"


@pytest.fixture
def api(product: Product) -> Api:
    """The product, as an agent uses it."""
    return Api(product)


def ticket_number(page: Page) -> str:
    """Return the number of the ticket that the page shows."""
    number = page.locator("#ticket-number")
    expect(number).to_contain_text("Ticket T-", timeout=ANSWERED_WITHIN_MS)
    return str(number.text_content()).removeprefix("Ticket ")


def as_agent(api: Api, method: str, path: str, **body: Any) -> dict[str, Any]:
    """Do something as an agent, and insist on an answer."""
    response = api.send_as_agent(method, path, **({"json": body} if body else {}))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_customer_and_an_agent_talk_until_the_next_ticket(
    visit: Visitor, product: Product, api: Api
) -> None:
    with receiving(api.aws("secretsmanager")) as receiver:
        page = visit(product.url)
        ticket = page.get_by_role("region", name="Your ticket", exact=True)
        ask(page, HUMAN)
        ticket_id = ticket_number(page)
        page.get_by_label("E-mail", exact=True).fill("ada@example.com")
        page.get_by_role("button", name="Save").click()
        expect(ticket).to_contain_text("ada@example.com")

        path = f"/tickets/{ticket_id}"
        (listed,) = [
            each
            for each in as_agent(api, "GET", "/tickets?status=open")["tickets"]
            if each["ticket_id"] == ticket_id
        ]
        assert listed["contact"]["email"] == "ada@example.com"
        assert as_agent(api, "POST", f"{path}/draft", instruction="Be kind.")["draft"]
        as_agent(api, "POST", f"{path}/replies", message="Which **order** is it?", reply_id="r-1")
        expect(page.locator(".agent strong")).to_have_text("order", timeout=READ_WITHIN_MS)
        expect(page.locator(".joined")).to_have_text("Agent has joined")
        expect(ticket).to_contain_text("With Agent")

        ask(page, "ORD-2041")
        expect(page.locator(".delivery").last).to_contain_text("Passed on", timeout=ANSWERED_WITHIN_MS)
        transcript = as_agent(api, "GET", f"{path}/context")["transcript"]
        assert transcript[-1]["content"] == "ORD-2041"
        as_agent(api, "POST", f"{path}/replies", message="It arrives today.", reply_id="r-2", close=True)
        expect(page.get_by_text("It arrives today.").first).to_be_visible(timeout=READ_WITHIN_MS)
        page.get_by_role("button", name="Yes", exact=True).click()
        expect(page.locator("#solved")).to_contain_text("Thank you")
        (said,) = as_agent(api, "GET", f"{path}/context")["feedback"]
        assert (said["helpful"], said["source"]) == (True, "customer")

        ask(page, HUMAN)
        expect(ticket).to_contain_text("Waiting", timeout=ANSWERED_WITHIN_MS)
        assert ticket_number(page) != ticket_id
        expected = [
            *("ticket.created", "ticket.replied", "ticket.message"),
            *("ticket.replied", "ticket.updated", "ticket.updated"),
        ]
        assert within(5, lambda: receiver.types_of(ticket_id) == expected)
        assert all(each["signed"] for each in receiver.arrived)

        # Who comes back reads the same again.
        page.reload()
        expect(page.locator(".author:not(.visually-hidden)")).to_have_text(["Agent"] * 2)
        expect(ticket).to_contain_text("Waiting")
        expect(page.locator("#solved")).to_be_hidden()
