"""A ticket in the agents' console, in a real browser: reading it, replying, what others do."""

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat import gap_below
from tests.browser.console import box, install_clock, messages, open_desk, rows, subjects
from tests.browser.desk_server import AGENT, SUGGESTION, Desk, DeskServer, at, gated, refusal, ticket
from tests.browser.scripted_server import Reply
from tests.browser.visitor import Visitor

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> [x](javascript:alert(3)) **bold**"


def test_what_customers_write_never_becomes_markup(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    hostile = ticket(
        subject=HOSTILE, description=HOSTILE, reason=None, metadata={HOSTILE: HOSTILE}, assignee=HOSTILE
    )
    desk.add(hostile)
    desk.around |= {"kb_suggestions": [{**SUGGESTION, "title": HOSTILE, "snippet": HOSTILE, "url": None}]}
    page = open_desk(visit, desk_server, "T-1")
    expect(messages(page)).to_have_text([HOSTILE])
    expect(page.get_by_role("heading", name="alert(1)")).to_have_text(HOSTILE)
    expect(page.locator(".suggestion")).to_contain_text(HOSTILE)
    desk.transcripts["T-1"] = [{"role": "assistant", "content": HOSTILE, "timestamp": "2026-11-20T10:00:00Z"}]
    desk.tickets["T-1"]["reason"] = "customer_request"
    page.reload()
    expect(page.locator("#messages strong")).to_have_text("bold")
    expect(page.locator("#ticket :is(img, script), #ticket a[href^='javascript']")).to_have_count(0)


def test_the_customer_their_orders_and_what_is_out_of_reach_are_shown(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    order = {
        "order_number": "O-77",
        "order_date": "2026-11-01T10:00:00+00:00",
        "status": "shipped",
        "total_amount": 49.0,
        "currency": "EUR",
        "items": "1 × scanner",
    }
    customer = {
        "customer_id": 5,
        "external_id": "CUST-1",
        "name": "Ada Byron",
        "email": "ada@example.com",
        "company": None,
        "tier": "enterprise",
        "lifetime_value": 18250.0,
        "total_orders": 12,
        "recent_orders": [order],
        "open_tickets": None,
        "avg_sentiment": -0.6,
        "last_interaction": None,
        "is_high_value": True,
        "churn_risk": "high",
    }
    desk.around |= {"customer_context": customer, "degraded": ["interactions"]}
    desk.add(ticket(contact={"email": "ada@home.example", "phone": None, "name": None}))
    page = open_desk(visit, desk_server, "T-1")
    around = page.get_by_label("Customer and articles")
    for text in ("Ada Byron", "high value", "bad (-0.6)", "O-77", "€49.00", "12 in all", "ada@home.example"):
        expect(around).to_contain_text(text)
    expect(around).to_contain_text("Out of reach just now: earlier contacts.")
    expect(page.locator("#reach")).to_contain_text("They can be reached at ada@home.example.")


def test_without_a_customer_database_the_rest_is_shown(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    of_database = ("customer_id", "name", "email", "company", "tier", "lifetime_value", "total_orders")
    judged = {"open_tickets": 2, "avg_sentiment": -0.6, "last_interaction": None, "churn_risk": "medium"}
    customer: dict[str, Any] = {**dict.fromkeys(of_database), "external_id": "CUST-1", "recent_orders": []}
    desk.around |= {"customer_context": {**customer, **judged, "is_high_value": False}}
    desk.add(ticket())
    around = open_desk(visit, desk_server, "T-1").get_by_label("Customer and articles")
    for text in ("There is no customer database.", "CUST-1", "bad (-0.6)", "medium"):
        expect(around).to_contain_text(text)
    for text in ("null", "Orders", "Tier", "Lifetime value"):
        expect(around).not_to_contain_text(text)


def test_a_reply_is_sent_by_keyboard_and_may_close_the_ticket(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket("T-1"), ticket("T-2", created_at="2026-11-20T10:05:00.000+00:00"))
    page = open_desk(visit, desk_server)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("j")
    expect(messages(page)).to_have_count(1)
    page.keyboard.press("r")
    page.keyboard.type("It is on its way. jkrdea?")
    page.keyboard.press("Control+Enter")
    expect(messages(page).last).to_have_text("It is on its way. jkrdea?")
    expect(box(page)).to_have_value("")
    expect(subjects(page)).to_have_text(["Subject of T-2"])

    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Subject of T-2")).to_be_visible()
    expect(messages(page)).to_have_count(1)
    page.keyboard.press("r")
    page.keyboard.type("Done.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_text("Sent and closed.")).to_be_visible()
    assert desk.tickets["T-2"]["status"] == "closed"
    assert desk.tickets["T-1"]["status"] == "open"


@pytest.mark.parametrize("close", [False, True])
def test_a_reply_whose_answer_got_lost_is_sent_again_as_the_same(
    visit: Visitor, desk_server: DeskServer, desk: Desk, close: bool
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    desk_server.lose_next("POST", "/tickets/T-1/replies")
    box(page).fill("It comes tomorrow.")
    box(page).press("Control+Enter")
    expect(page.locator("#reply-failed")).to_contain_text("Sending again is safe")
    page.reload()
    expect(box(page)).to_have_value("It comes tomorrow.")
    page.get_by_role("button", name="Reply and close" if close else "Reply", exact=True).click()
    expect(box(page)).to_have_value("")
    first, second = desk_server.asked("POST", "/tickets/T-1/replies")
    assert first["reply_id"] == second["reply_id"]
    assert [each["role"] for each in desk.transcripts["T-1"]] == ["user", "agent"]
    assert desk.tickets["T-1"]["status"] == ("closed" if close else "open")


def test_a_reply_whose_answer_got_lost_is_not_taken_for_somebody_elses(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1", before=install_clock)
    desk_server.lose_next("POST", "/tickets/T-1/replies")
    box(page).fill("It comes tomorrow.")
    box(page).press("Control+Enter")
    expect(page.locator("#reply-failed")).to_be_visible()
    page.clock.run_for(5_000)
    expect(messages(page).last).to_have_text("It comes tomorrow.")
    expect(page.locator("#changed")).to_be_hidden()


def test_a_text_changed_after_it_arrived_is_not_sent_twice_unasked(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    desk_server.lose_next("POST", "/tickets/T-1/replies")
    box(page).fill("It comes tomorrow.")
    box(page).press("Control+Enter")
    expect(page.locator("#reply-failed")).to_be_visible()
    box(page).fill("It comes today.")
    box(page).press("Control+Enter")
    expect(page.locator("#reply-failed")).to_contain_text("An earlier version of this reply did reach")
    expect(messages(page).last).to_have_text("It comes tomorrow.")
    expect(box(page)).to_have_value("It comes today.")
    box(page).press("Control+Enter")
    expect(messages(page).last).to_have_text("It comes today.")


def test_a_reply_to_a_ticket_closed_meanwhile_keeps_the_text(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("Hello")
    desk.tickets["T-1"]["status"] = "closed"
    box(page).press("Control+Enter")
    expect(page.locator("#reply-failed")).to_contain_text("The ticket is closed, so nothing was sent.")
    expect(box(page)).to_have_value("Hello")
    page.get_by_role("button", name="Reopen the ticket").click()
    expect(page.locator("#reply-failed")).to_be_hidden()
    box(page).press("Control+Enter")
    expect(messages(page).last).to_have_text("Hello")


def test_what_is_typed_survives_a_look_at_another_ticket_and_a_reload(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket("T-1"), ticket("T-2", created_at="2026-11-20T10:05:00.000+00:00"))
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("Half a thought")
    rows(page).nth(1).click()
    expect(box(page)).to_have_value("")
    rows(page).nth(0).click()
    expect(box(page)).to_have_value("Half a thought")
    page.reload()
    expect(box(page)).to_have_value("Half a thought")


def test_a_reply_of_somebody_else_is_told_before_the_own_is_sent(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("Where do you live?")
    desk.reply("T-1", "We sent another one.", author="Kim")
    desk.tickets["T-1"]["assignee"] = "Kim"
    changed = page.locator("#changed")
    expect(changed).to_contain_text("Kim replied. It is assigned to Kim now.", timeout=8_000)
    expect(changed).to_contain_text("Read it before you send what you wrote.")
    expect(messages(page).last).to_have_text("We sent another one.")
    changed.get_by_role("button", name="Got it").click()
    expect(changed).to_be_hidden()
    expect(box(page)).to_have_value("Where do you live?")


def test_an_answer_older_than_an_own_change_does_not_undo_it(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1", before=install_clock)
    gate = threading.Event()
    old = {"ticket": ticket(), "transcript": desk.transcripts["T-1"], "feedback": [], **desk.around}
    desk_server.answer_next("GET", "/tickets/T-1/context", gated(gate, Reply(old)))
    desk.say("T-1", "Hello?")
    with page.expect_request("**/context"):
        page.clock.run_for(5_000)
    page.keyboard.press("e")
    expect(page.locator("#status")).to_have_value("closed")
    gate.set()
    expect(messages(page)).to_have_count(2)
    expect(page.locator("#status")).to_have_value("closed")
    expect(page.locator("#changed")).to_be_hidden()


def test_a_ticket_that_could_not_be_read_is_read_again_by_itself(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1", before=install_clock)
    desk_server.answer_next("GET", "/tickets/T-1/context", refusal(503, "unavailable", "Out of reach."))
    desk.say("T-1", "Hello?")
    page.clock.run_for(5_000)
    expect(page.locator("#ticket-failed")).to_contain_text("Out of reach.")
    page.clock.run_for(5_000)
    expect(messages(page).last).to_have_text("Hello?")
    expect(page.locator("#ticket-failed")).to_be_hidden()


def test_a_ticket_from_elsewhere_says_whom_a_reply_reaches(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket(reason=None, channel="email"))
    page = open_desk(visit, desk_server, "T-1")
    expect(messages(page)).to_have_text(["Where is it?"])
    expect(page.locator("#reach")).to_contain_text("It does not reach the customer from here.")


def test_a_ticket_is_taken_made_urgent_and_closed_and_reopened(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Assigned to you")).to_be_visible()
    page.get_by_label("Priority").select_option("urgent")
    expect(page.locator(".row .tag.urgent")).to_be_visible()
    page.get_by_role("heading", name="Subject of T-1").focus()
    page.keyboard.press("e")
    expect(page.locator("#toast")).to_contain_text("Closed.")
    expect(rows(page)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#status")).to_have_value("open")
    assert desk_server.asked("PATCH", "/tickets/T-1") == [
        {"assignee": AGENT},
        {"priority": "urgent"},
        {"status": "closed"},
        {"status": "open"},
    ]


def test_a_change_that_was_refused_is_taken_back(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    desk_server.answer_next("PATCH", "/tickets/T-1", refusal(503, "unavailable", "Out of reach."))
    page.get_by_label("Priority").select_option("urgent")
    expect(page.locator("#toast")).to_contain_text("Not changed. Out of reach.")
    expect(page.get_by_label("Priority")).to_have_value("medium")


def test_a_draft_goes_into_an_empty_box_and_is_not_sent(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    page.get_by_label("What the draft should say").fill("offer a replacement")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("Your parcel is **late**. We send another.")
    draft = page.get_by_role("region", name="Draft")
    expect(draft).to_contain_text("whether the address is right")
    expect(draft.get_by_role("link", name="Late parcels")).to_have_attribute("href", SUGGESTION["url"])
    assert desk_server.asked("POST", "/tickets/T-1/draft") == [{"instruction": "offer a replacement"}]
    assert desk_server.asked("POST", "/tickets/T-1/replies") == []


def test_a_draft_never_replaces_what_is_typed(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("Dear Ada,")
    page.get_by_role("button", name="Draft", exact=True).click()
    expect(page.locator("#draft strong")).to_have_text("late")
    expect(box(page)).to_have_value("Dear Ada,")
    page.get_by_role("button", name="Put it after what you wrote").click()
    expect(box(page)).to_have_value("Dear Ada,\n\nYour parcel is **late**. We send another.")
    box(page).fill("It comes tomorrow.\n" * 40)
    for height in (800, 400):
        page.set_viewport_size({"width": 1280, "height": height})
        assert gap_below(page, "#reply-text", ".reply-foot") == 8


def test_a_draft_that_comes_late_goes_to_its_own_ticket(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.add(ticket("T-1"), ticket("T-2", created_at="2026-11-20T10:05:00.000+00:00"))
    gate = threading.Event()
    desk_server.answer_next("POST", "/tickets/T-1/draft", gated(gate, Reply(desk.draft)))
    page = open_desk(visit, desk_server, "T-1")
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Drafting…")).to_be_disabled()
    rows(page).nth(1).click()
    expect(page.get_by_role("button", name="Draft", exact=True)).to_be_enabled()
    with page.expect_response("**/draft"):
        gate.set()
    expect(box(page)).to_have_value("")
    rows(page).nth(0).click()
    expect(box(page)).to_have_value(re.compile("Your parcel is"))


def test_a_draft_that_fails_says_why(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket())
    desk_server.answer_next("POST", "/tickets/T-1/draft", refusal(429, "budget_reached", "The day is spent."))
    page = open_desk(visit, desk_server, "T-1")
    page.keyboard.press("d")
    expect(page.get_by_role("region", name="Draft")).to_contain_text("No draft. The day is spent.")


def test_a_suggestion_is_inserted_where_the_cursor_is(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    signed = {**SUGGESTION, "title": "Kept", "url": "https://bucket.example.com/a?X-Amz-Signature=1"}
    desk.around["kb_suggestions"] = [{**SUGGESTION, "title": "Late [parcels]"}, signed]
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    box(page).fill("See .")
    box(page).evaluate("box => box.setSelectionRange(4, 4)")
    page.get_by_role("button", name="Insert link: Late [parcels]").click()
    expect(box(page)).to_have_value(rf"See [Late \[parcels\]](<{SUGGESTION['url']}>).")
    expect(page.get_by_role("button", name="Insert link: Kept")).to_have_count(0)


def test_a_suggestion_for_agents_alone_says_so_and_is_not_inserted(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    internal, premium = {**SUGGESTION, "access": ["agent"]}, {**SUGGESTION, "access": ["premium", "agent"]}
    desk.around["kb_suggestions"] = [internal, premium, SUGGESTION]
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    shown = page.locator(".suggestion")
    expect(shown.nth(0)).to_contain_text("Only for agent")
    expect(shown.nth(0).get_by_role("button")).to_have_count(0)
    expect(shown.nth(1)).to_contain_text("Only for premium, agent")
    expect(shown.nth(1).get_by_role("button")).to_have_count(2)
    expect(shown.nth(2)).not_to_contain_text("Only for")


def test_what_the_customer_said_of_the_answer_is_shown(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    said = {"helpful": False, "source": "customer", "comment": "Still late", "timestamp": at(9)}
    desk.feedback = [said]
    desk.add(ticket(status="closed"))
    page = open_desk(visit, desk_server, "T-1")
    expect(page.get_by_text("The customer says: not solved. “Still late”")).to_be_visible()


def test_whether_it_helped_is_kept(visit: Visitor, desk_server: DeskServer, desk: Desk) -> None:
    desk.add(ticket())
    page = open_desk(visit, desk_server, "T-1")
    page.get_by_label("Comment").fill("Out of date")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_text("Thank you: no.")).to_be_visible()
    assert desk_server.asked("POST", "/tickets/T-1/feedback") == [
        {"helpful": False, "comment": "Out of date"}
    ]
