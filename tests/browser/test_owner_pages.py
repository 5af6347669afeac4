"""The console's pages for owners, with a server that fails as told; test_both_sides.py has the real one."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import open_desk, sign_in
from tests.browser.desk_server import JOB, Desk, DeskServer, event, refusal, ticket
from tests.browser.sample_insights import GAPS, insights_of
from tests.browser.scripted_server import Reply
from tests.browser.visitor import Visitor


def open_insights(visit: Visitor, server: DeskServer, part: str = "", **options: Any) -> Page:
    page = visit(f"{server.page_url}#/insights{part}", **options)
    sign_in(page)
    expect(page.locator("#insights-state")).to_be_empty()
    expect(page.locator("#cost-words")).not_to_have_text("…")
    return page


def test_three_sentences_say_what_to_write_what_it_cost_and_what_broke(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.gaps, desk.jobs = GAPS, [JOB]
    desk.events = [
        event(),
        event("evt_b", status="pending", attempts=3),
        event("evt_c", status="pending", attempts=2),
    ]
    desk.checks = {"dynamodb": "ok", "postgres": "unreachable"}
    page = open_insights(visit, desk_server)
    expect(page.locator("#next-words")).to_contain_text(
        "“\u2068Can I pay by invoice?\u2069” (14 times, not answered)"
    )
    yesterday = insights_of(2)["daily"][0]
    expect(page.locator("#cost-words")).to_contain_text(
        f"for {yesterday['conversations']['started']} conversations"
    )
    broken = page.locator("#broken")
    expect(broken).to_contain_text("Out of reach: the customer database (postgres).")
    expect(broken).to_contain_text("1 file was not taken in")
    expect(broken).to_contain_text("1 webhook or mail was not delivered")
    expect(broken).to_contain_text("1 webhook or mail waits for a receiver")


def test_a_budget_that_is_spent_today_is_said_to_be_broken(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.budget_reached = True
    page = open_insights(visit, desk_server)
    expect(page.locator("#broken")).to_contain_text("The budget of US$10.00 for today is spent")
    page.get_by_role("link", name="All costs").click()
    expect(page.get_by_role("region", name="Cost", exact=True)).to_contain_text("Of the budget of US$10.00")
    assert len([each for each in desk_server.received if each.path.startswith("/insights")]) == 1


def test_all_is_well_is_said_only_after_each_look_succeeded(visit: Visitor, desk_server: DeskServer) -> None:
    desk_server.answer_next("GET", "/health", refusal(429, "too_many_requests"))
    page = open_insights(visit, desk_server)
    expect(page.locator("#broken")).to_contain_text("was looked at a moment ago")
    expect(page.locator("#broken")).not_to_contain_text("Nothing")
    page.locator("#insights-days").select_option("30")
    expect(page.locator("#broken")).to_contain_text("Nothing: the app reaches")


def test_each_chart_has_a_table_with_the_same_days(visit: Visitor, desk_server: DeskServer) -> None:
    page = open_insights(visit, desk_server)
    charts = page.locator(".chart:visible")
    expect(charts).to_have_count(3)
    first = charts.first
    assert first.locator("rect").count() == sum(
        5 if day["conversations"]["open"] else 4 for day in insights_of(7)["daily"]
    )
    first.locator("summary").click()
    expect(first.locator("tbody tr")).to_have_count(7)
    expect(first.locator("thead")).to_contain_text("handed over: no article answers it")
    page.locator("#insights-days").select_option("30")
    expect(page.locator(".chart:visible").first.locator("tbody tr")).to_have_count(30)


def test_yesterday_is_told_also_where_one_day_is_chosen(visit: Visitor, desk_server: DeskServer) -> None:
    page = open_insights(visit, desk_server)
    said = page.locator("#cost-words").inner_text()
    page.locator("#insights-days").select_option("1")
    expect(page.locator(".chart:visible").first.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#cost-words")).to_have_text(said)


def test_the_first_day_is_told_until_there_is_a_yesterday(visit: Visitor, desk_server: DeskServer) -> None:
    numbers = insights_of(7)
    numbers["daily"][-2]["cost_usd"]["total"] = 0
    desk_server.answer_next("GET", "/insights", Reply({**numbers, "gaps": [], "budget_reached": False}))
    started = numbers["daily"][-1]["conversations"]["started"]
    page = open_insights(visit, desk_server)
    said = re.compile(rf"^Nothing was spent\. Today so far: US\$0\.\d+ for {started} conversations")
    expect(page.locator("#cost-words")).to_have_text(said)


def test_gaps_stand_in_order_with_the_nearest_article(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.gaps = GAPS
    page = open_insights(visit, desk_server, "/gaps")
    cards = page.locator("#insights-gaps .cards > li")
    expect(cards).to_have_count(3)
    expect(cards.first).to_contain_text("14 times")
    expect(cards.first.get_by_role("link")).to_have_attribute("href", "https://help.example.com/pay")
    expect(cards.first).to_contain_text("score 0.41")
    expect(cards.nth(1)).to_contain_text("Cited: Recognise our mails")
    expect(cards.nth(2)).to_contain_text("No article comes near.")


def test_an_exported_cell_is_a_plain_number_or_no_formula(
    visit: Visitor, desk_server: DeskServer, desk: Desk, tmp_path: Path
) -> None:
    desk.gaps = [
        {**GAPS[0], "question": question}
        for question in ('=1+1, "really"', "+49 30 1234", "-5", "@home", "\t=1", "＝1", "Why?")
    ]
    page = open_insights(visit, desk_server)
    rows = exported(page, tmp_path)
    assert [row["date"] for row in rows] == [day["date"] for day in insights_of(7)["daily"]]
    last = insights_of(1)
    assert rows[-1]["usd_total"] == str(last["cost_usd"]["total"])
    assert rows[-1]["handed_over: missing_knowledge"] == "2"
    page.get_by_role("link", name="Gaps", exact=True).click()
    questions = [row["question"] for row in exported(page, tmp_path)]
    assert questions == ['\'=1+1, "really"', "'+49 30 1234", "'-5", "'@home", "'\t=1", "'＝1", "Why?"]


def exported(page: Page, folder: Path) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    download.value.save_as(folder / "export.csv")
    with (folder / "export.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_numbers_that_cannot_be_read_are_said_and_older_ones_stay(
    visit: Visitor, desk_server: DeskServer
) -> None:
    page = open_insights(visit, desk_server)
    desk_server.answer_next("GET", "/insights", refusal(503, "unavailable", "Out of reach."))
    page.locator("#insights-days").select_option("30")
    expect(page.locator("#insights-state")).to_contain_text("Out of reach. The numbers below are older.")
    expect(page.locator(".chart:visible")).to_have_count(3)


@pytest.mark.parametrize(("status", "code", "again"), [(409, "nothing_to_write", 0), (503, "unavailable", 1)])
def test_what_keeps_an_article_from_being_drafted_is_said(
    visit: Visitor, desk_server: DeskServer, desk: Desk, status: int, code: str, again: int
) -> None:
    desk.add(ticket(status="closed", last_reply_at="2026-11-20T10:05:00.000+00:00"))
    desk_server.answer_next("POST", "/tickets/T-1/article", refusal(status, code, "There is a reason."))
    page = open_desk(visit, desk_server, "T-1")
    page.get_by_role("button", name="Draft an article").click()
    dialog = page.get_by_role("dialog", name="Draft an article")
    expect(dialog).to_contain_text("No article. There is a reason.")
    expect(dialog.get_by_role("button", name="Try again")).to_have_count(again)


def test_a_phone_scrolls_the_owners_pages_only_up_and_down(
    visit: Visitor, desk_server: DeskServer, desk: Desk
) -> None:
    desk.jobs, desk.events = [JOB], [event()]
    desk.gaps = [
        {**GAPS[0], "question": "x" * 200, "nearest": {"title": "y" * 200, "url": None, "score": 0.1}}
    ]
    page = open_insights(visit, desk_server, viewport={"width": 360, "height": 640}, is_mobile=True)
    for part in ("Overview", "Gaps", "Cost"):
        page.get_by_role("link", name=part, exact=True).click()
        wide = "[...document.querySelectorAll('body, .masthead, .page-head, #insights, .chart')]"
        assert (
            page.evaluate(f"{wide}.filter(e => e.scrollWidth > e.clientWidth).map(e => e.id || e.tagName)")
            == []
        )
