"""The agents' console, as an agent works in it."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.desk_server import TOKEN, DeskServer
from tests.browser.visitor import Visitor


def sign_in(page: Page, token: str = TOKEN) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def open_desk(visit: Visitor, server: DeskServer, ticket_id: str = "", **options: Any) -> Page:
    """Sign in, and open a ticket if one is named."""
    page = visit(server.page_url + (f"#/tickets/{ticket_id}" if ticket_id else ""), **options)
    sign_in(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    if ticket_id:
        expect(messages(page).first).to_be_visible()
    return page


def install_clock(page: Page) -> None:
    page.clock.install()


def rows(page: Page) -> Locator:
    return page.locator(".row")


def subjects(page: Page) -> Locator:
    return page.locator(".row-subject")


def messages(page: Page) -> Locator:
    return page.locator("#messages :is(.customer .bubble, .prose)")


def box(page: Page) -> Locator:
    return page.get_by_label("Your reply")


def tab(page: Page, name: str) -> Locator:
    return page.locator(".tabs").get_by_role("button", name=re.compile(f"^{name}"))
