"""The agents' console in a real browser: signing in, the list, the other views."""

from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.console import box, install_clock, messages, open_desk, rows, sign_in, subjects, tab
from tests.browser.desk_server import AGENT, JOB, TOKEN, Desk, DeskServer, event, refusal, ticket
from tests.browser.visitor import Visitor


def test_a_wrong_token_is_said_and_a_right_one_stays_out_of_the_address(
    visit: Visitor, desk_server: DeskServer
) -> None:
    page = visit(desk_server.page_url)
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("This token is not accepted")
    sign_in(page, "two words")
    expect(page.get_by_role("alert")).to_contain_text("without blanks")
    sign_in(page)
    expect(page.get_by_text("Nobody waits for an answer.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nobody waits for an answer.")).to_be_visible()
    assert TOKEN not in page.url
    assert page.evaluate("Object.values(localStorage).join()").find(TOKEN) == -1


def test_a_token_that_ends_meanwhile_is_asked_for_and_nothing_is_lost(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("It comes tomorrow.")
    desk_server.token = "another"
    box(page).press("Control+Enter")
    expect(page.get_by_role("dialog")).to_contain_text("nothing on this page is lost")
    sign_in(page, "another")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(box(page)).to_have_value("It comes tomorrow.")
    box(page).press("Control+Enter")
    expect(messages(page).last).to_have_text("It comes tomorrow.")


def test_signing_out_forgets_the_token_and_warns_of_unsent_replies(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("Half a thought")
    page.locator("summary", has_text=AGENT).click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Discard 1 unsent reply and sign out").click()
    expect(page.get_by_label("Access token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_who_waits_longest_with_the_most_urgent_comes_first(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(
        ticket("T-1", created_at="2026-11-20T09:10:00.000+00:00"),
        ticket("T-2", created_at="2026-11-20T09:00:00.000+00:00"),
        ticket("T-3", created_at="2026-11-20T09:20:00.000+00:00", priority="urgent"),
        ticket("T-4", assignee="Somebody else"),
        ticket("T-5", status="pending", last_reply_at="2026-11-20T11:00:00.000+00:00"),
        ticket("T-6", status="closed"),
    )
    page = open_desk(visit, desk_server)
    expect(subjects(page)).to_have_text(["Subject of T-3", "Subject of T-2", "Subject of T-1"])
    expect(page).to_have_title("(3) Support desk")
    expect(tab(page, "To answer")).to_contain_text("3")
    expect(tab(page, "Open")).to_contain_text("5")
    tab(page, "Open").click()
    expect(rows(page)).to_have_count(5)


def test_a_new_ticket_appears_within_five_seconds(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    page = open_desk(visit, desk_server, before=install_clock)
    expect(page.get_by_text("Nobody waits for an answer.")).to_be_visible()
    desk.add(ticket())
    page.clock.run_for(5_000)
    expect(subjects(page)).to_have_text(["Subject of T-1"])
    expect(page).to_have_title("(1) Support desk")


def test_a_ticket_is_unread_until_it_is_opened_and_after_each_message(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, before=install_clock)
    expect(rows(page)).to_contain_text("Unread")
    rows(page).click()
    page.clock.run_for(500)
    expect(rows(page)).not_to_contain_text("Unread")
    expect(page).to_have_title("Support desk")
    page.get_by_role("link", name="Events").click()
    desk.say("T-1", "Hello?")
    page.clock.run_for(5_000)
    expect(page.locator("#tickets-count")).to_have_text("1")


def test_closed_tickets_are_found_by_customer_and_page_by_page(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(*(ticket(f"T-{number}", status="closed") for number in range(25)))
    desk.add(ticket("T-30", status="closed", customer_external_id="CUST-9"))
    page = open_desk(visit, desk_server)
    tab(page, "Find").click()
    expect(rows(page)).to_have_count(20)
    page.get_by_role("button", name="Show older tickets").click()
    expect(rows(page)).to_have_count(26)
    expect(page.get_by_role("button", name="Show older tickets")).to_be_hidden()
    page.get_by_label("Customer", exact=True).fill("CUST-9")
    page.get_by_role("button", name="Find", exact=True).last.click()
    expect(subjects(page)).to_have_text(["Subject of T-30"])


def test_a_desk_of_more_than_a_page_says_so_and_shows_the_rest(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(*(ticket(f"T-{number}") for number in range(130)))
    page = open_desk(visit, desk_server)
    expect(tab(page, "Open")).to_contain_text("100+")
    page.get_by_role("button", name="Show older tickets").click()
    expect(rows(page)).to_have_count(130)


def test_an_outage_is_said_and_passes(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, before=install_clock)
    expect(rows(page)).to_have_count(1)
    desk_server.answer_next("GET", "/tickets", refusal(503, "unavailable", "Out of reach."))
    page.clock.run_for(5_000)
    expect(page.locator("#connection")).to_contain_text("What you see may be out of date")
    expect(rows(page)).to_have_count(1)
    page.clock.run_for(5_000)
    expect(page.locator("#connection")).to_be_hidden()


def test_files_that_were_not_taken_in_are_named_and_a_sync_can_be_started(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.jobs = [JOB]
    page = open_desk(visit, desk_server)
    expect(page.locator("#articles-count")).to_have_text("1")
    page.get_by_role("link", name="Articles").click()
    expect(page.locator("#jobs")).to_contain_text("guide.pdf")
    expect(page.locator("#jobs")).to_contain_text("The file is protected by a password.")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator("#toast")).to_contain_text("A sync has started.")


def test_a_failed_event_is_sent_again(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.events = [event()]
    page = open_desk(visit, desk_server)
    expect(page.locator("#events-count")).to_have_text("1")
    page.get_by_role("link", name="Events").click()
    expect(page.locator("#event-cards")).to_contain_text("hooks.example.com-ab: failed (500)")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#toast")).to_contain_text("It is sent again")
    expect(page.locator("#events-count")).to_be_hidden()


def test_keys_are_explained_and_do_nothing_in_a_dialog(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert desk.tickets["T-1"]["status"] == "open"


def test_notifications_are_asked_for_only_on_a_click(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    asked = "window.asked = 0; Notification.requestPermission = async () => { asked += 1; return 'denied'; };"
    page = open_desk(visit, desk_server, before=lambda page: page.add_init_script(asked))
    assert page.evaluate("asked") == 0
    page.locator("summary", has_text=AGENT).click()
    page.get_by_label("Desktop notifications").click()
    expect(page.locator("#desktop-note")).to_contain_text("Your browser blocks notifications")
    expect(page.get_by_label("Desktop notifications")).not_to_be_checked()
    assert page.evaluate("asked") == 1


def test_a_phone_shows_one_pane_and_scrolls_only_up_and_down(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    long_words: dict[str, Any] = {
        "subject": "x" * 200,
        "description": "y" * 300,
        "metadata": {"k" * 90: "v" * 90},
    }
    desk.add(ticket(reason=None, **long_words))
    desk.jobs, desk.events = [JOB], [event()]
    phone = {"width": 360, "height": 640}
    page = open_desk(visit, desk_server, viewport=phone, is_mobile=True, has_touch=True)
    rows(page).click()
    expect(messages(page)).to_have_count(1)
    expect(rows(page)).to_be_hidden()
    overflowing = "[...document.querySelectorAll('body, main, .pane, .talk-scroll, .writing, .around')]"
    overflowing += ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.className || e.tagName)"
    assert page.evaluate(overflowing) == []
    page.get_by_role("button", name="Customer and articles").click()
    expect(page.get_by_role("button", name="Insert link")).to_be_visible()
    assert page.evaluate(overflowing) == []
    page.get_by_role("link", name="Back to the list").click()
    expect(rows(page)).to_be_visible()
    for view in ("Articles", "Events"):
        page.get_by_role("link", name=view).click()
        assert page.evaluate(overflowing) == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_console_finds_the_api_below_a_stages_path(visit: Visitor, slash: str) -> None:
    with closing(DeskServer("/api")) as server:
        server.desk.add(ticket())
        page = visit(server.page_url + slash)
        sign_in(page)
        expect(rows(page)).to_have_count(1)
