"""Two windows with the running product between them: a customer's, and an agent's or the owner's."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import answers, ask
from tests.browser.console import box, messages, sign_in
from tests.browser.visitor import Visitor
from tests.integration.api import Api
from tests.product import Product, within
from tests.webhooks import receiving

READ_WITHIN_MS = 5_000
ANSWERED_WITHIN_MS = 20_000
TOLD_WITHIN_SECONDS = 10
COUNTED_SECONDS = 20
GNOMES = "Do you ship garden gnomes of titanium to the islands?"
SOLUTION = "Gnomes go to the islands with the ferry, which takes three days longer. Dear Ada, yours is on it."
NAME = "do-you-ship-garden-gnomes-of-titanium-to-the-islands.md"
SPENT = re.compile(r"US\$0\.0*[1-9]\d*$")
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


def test_what_is_asked_in_vain_is_a_gap_a_cost_and_then_an_article(
    visit: Visitor, product: Product, api: Api
) -> None:
    page, desk = visit(product.url), visit(f"{product.url}/agent#/insights")
    sign_in(desk, api.agent_token)
    ask(page, GNOMES)
    expect(answers(page).last).to_contain_text("couldn't find an answer", timeout=ANSWERED_WITHIN_MS)
    ask(page, f"My name is Ada Byron. {HUMAN}")
    ticket_id = ticket_number(page)

    assert within(COUNTED_SECONDS, lambda: GNOMES in gaps(api))
    desk.reload()
    desk.get_by_role("link", name="Gaps", exact=True).click()
    expect(desk.locator("#insights-gaps li", has_text=GNOMES)).to_contain_text("not answered")
    desk.locator("#insights-days").select_option("1")
    desk.get_by_role("link", name="Cost", exact=True).click()
    costs = desk.get_by_role("region", name="Cost", exact=True)
    expect(costs.get_by_role("row", name="In all")).to_have_text(SPENT)
    searched = desk.get_by_role("region", name="Today by feature").get_by_role("row", name="search")
    expect(searched).to_have_text(SPENT)
    expect(desk.get_by_role("region", name="Today by model")).to_contain_text("local-extractive")

    desk.evaluate(f"location.hash = '#/tickets/{ticket_id}'")
    draft = desk.get_by_role("button", name="Draft an article")
    expect(messages(desk).filter(has_text=HUMAN)).to_be_visible()
    expect(draft).to_be_hidden()
    box(desk).fill(SOLUTION)
    desk.get_by_role("button", name="Reply and close").click()
    draft.click(timeout=READ_WITHIN_MS)
    dialog = desk.get_by_role("dialog", name="Draft an article")
    expect(dialog).to_contain_text(f"kb add {NAME} {NAME}.metadata.json", timeout=ANSWERED_WITHIN_MS)
    article = saved(desk, "Download article", NAME)
    assert article.startswith(f"# {GNOMES}\n")
    assert "three days longer" in article
    assert "Ada" not in article
    sidecar = json.loads(saved(desk, "Download sidecar", f"{NAME}.metadata.json"))
    assert sidecar == {"metadataAttributes": {"title": GNOMES}}


def gaps(api: Api) -> list[str]:
    """Return what is asked in vain, grouped at the next sweep rather than a minute after the last time."""
    key = {"pk": {"S": "gap-report"}, "sk": {"S": "gap-report"}}
    forget = {"UpdateExpression": "REMOVE #state", "ExpressionAttributeNames": {"#state": "state"}}
    found = [each["question"] for each in api.send_as_agent("GET", "/insights").json()["gaps"]]
    if GNOMES not in found:
        api.aws("dynamodb").update_item(TableName="support-insights", Key=key, **forget)
    return found


def saved(page: Page, button: str, name: str) -> str:
    """Return what a button saves under a name."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    assert download.value.suggested_filename == name
    return str(download.value.path().read_text("utf-8"))
