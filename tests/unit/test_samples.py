"""The sample articles and customers hold together: sidecars, links, prices, windows, money and times."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devstack.bedrock.knowledge.sidecar import MAX_BYTES

SAMPLES = Path(__file__).parents[2] / "samples"
SIDECAR_ENDING = ".metadata.json"
ARTICLE_URL = re.compile(r"https://help\.tillwren\.example\.com/articles/([a-z0-9]+(?:-[a-z0-9]+)*)")
ORDER_STATUSES = {"processing", "shipped", "delivered", "cancelled", "refunded", "returned"}
NOT_PAID_IN_THE_END = {"cancelled", "refunded", "returned"}

DOCUMENTS = sorted(path for path in (SAMPLES / "kb").iterdir() if not path.name.endswith(SIDECAR_ENDING))


def read(name: str) -> str:
    """Read one article by its file name."""
    return (SAMPLES / "kb" / name).read_text(encoding="utf-8")


def sidecar_of(document: Path) -> Path:
    return document.with_name(document.name + SIDECAR_ENDING)


def attributes_of(document: Path) -> dict[str, str]:
    """Read a document's metadata attributes."""
    sidecar = json.loads(sidecar_of(document).read_text(encoding="utf-8"))
    assert list(sidecar) == ["metadataAttributes"]
    attributes: dict[str, str] = sidecar["metadataAttributes"]
    return attributes


def heading_of(document: Path) -> str | None:
    """Return the heading that a reader sees, or None for a table, which has none."""
    text = document.read_text(encoding="utf-8")
    if document.suffix == ".md":
        return text.splitlines()[0].removeprefix("# ")
    if document.suffix == ".txt":
        return text.splitlines()[0]
    if document.suffix == ".html":
        found = re.search(r"<h1>(.+?)</h1>", text)
        return found[1] if found else ""
    return None


def load_customers() -> list[dict[str, Any]]:
    customers: list[dict[str, Any]] = json.loads((SAMPLES / "customers.json").read_text(encoding="utf-8"))
    return customers


CUSTOMERS = load_customers()
ORDERS = [order for customer in CUSTOMERS for order in customer["orders"]]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
each_customer = pytest.mark.parametrize("customer", CUSTOMERS, ids=lambda customer: customer["external_id"])
each_order = pytest.mark.parametrize("order", ORDERS, ids=lambda order: order["order_number"])


def test_every_supported_text_format_is_shown() -> None:
    assert len(DOCUMENTS) >= 25
    assert {path.suffix for path in DOCUMENTS} == {".md", ".html", ".csv", ".txt"}


def test_no_sidecar_is_left_without_its_document() -> None:
    sidecars = {path.name for path in (SAMPLES / "kb").iterdir() if path.name.endswith(SIDECAR_ENDING)}
    assert sidecars == {sidecar_of(document).name for document in DOCUMENTS}


@each_document
def test_a_sidecar_holds_the_attributes_of_its_document(document: Path) -> None:
    attributes = attributes_of(document)
    assert set(attributes) == {"title", "source_url", "category", "updated", "audience"}
    assert re.fullmatch(r"2026-\d\d-\d\d", attributes["updated"])
    assert sidecar_of(document).stat().st_size <= MAX_BYTES
    assert attributes["title"]
    assert heading_of(document) in (attributes["title"], None)
    link = ARTICLE_URL.fullmatch(attributes["source_url"])
    assert link
    assert link[1] == document.stem


def test_no_two_documents_share_a_link_or_a_title() -> None:
    attributes = [attributes_of(document) for document in DOCUMENTS]
    assert len({each["source_url"] for each in attributes}) == len(DOCUMENTS)
    assert len({each["title"] for each in attributes}) == len(DOCUMENTS)


@each_document
def test_every_host_named_in_an_article_is_reserved_for_examples(document: Path) -> None:
    hosts = re.findall(r"(?:https?://|@)([a-z0-9.-]+\.[a-z]{2,})", document.read_text(encoding="utf-8"))
    assert all(re.search(r"(^|\.)example\.(com|net|org)$", host) for host in hosts)


@each_document
def test_an_article_that_names_another_names_one_that_exists(document: Path) -> None:
    titles = {attributes_of(other)["title"] for other in DOCUMENTS}
    pattern = r'(?:[Ss]ee|article|table|in) "([A-Z][^"]+?)[.,]?"'
    assert set(re.findall(pattern, document.read_text(encoding="utf-8"))) <= titles


def test_plans_cost_the_same_wherever_they_are_named_with_a_monthly_price() -> None:
    pattern = r"(Starter|Growth|Scale)(?: plan)?(?: costs)? \(?€(\d+) per month"
    named = {match for document in DOCUMENTS for match in re.findall(pattern, document.read_text("utf-8"))}
    assert named == {("Starter", "19"), ("Growth", "49"), ("Scale", "129")}


def test_a_year_costs_ten_months() -> None:
    rows = dict(
        re.findall(r"^\| Price per (month|year) \| (.+) \|$", read("change-your-plan.md"), re.MULTILINE)
    )
    monthly, yearly = (
        [int(price.strip(" €").replace(",", "")) for price in rows[period].split("|")]
        for period in ("month", "year")
    )
    assert yearly == [10 * price for price in monthly]


@pytest.mark.parametrize(
    ("fact", "names"),
    [
        (r"30 days of delivery", ["get-a-refund.md", "returns-and-exchanges.md"]),
        (r"5 to 10 business days", ["get-a-refund.md", "returns-and-exchanges.md"]),
        (r"less than 14 days ago \(monthly\)", ["cancel-your-subscription.md"]),
        (r"within 14 days of your first payment", ["get-a-refund.md"]),
        (r"24-month warranty", ["returns-and-exchanges.md", "damaged-or-wrong-item.md"]),
        (r"14-day free trial|trial lasts 14 days", ["create-an-account.md", "free-trial.md"]),
        (r"for 90 days", ["cancel-your-subscription.md", "privacy-and-data-export.md"]),
        (r"up to 72 hours", ["outages-and-status.md", "mobile-app-and-offline-mode.md"]),
        (r"8 wrong passwords", ["cannot-sign-in.md"]),
        (r"at least 12 characters", ["create-an-account.md", "reset-your-password.md"]),
        (r"at least 12 characters", ["spot-phishing-and-stay-secure.txt"]),
        (r"before 14:00 Amsterdam time", ["place-and-track-an-order.md", "delivery-times-and-costs.md"]),
        (r"500 products on Starter", ["import-products-from-csv.html"]),
        (r"\| Products \| 500 \| 10,000 \| 100,000 \|", ["change-your-plan.md"]),
        (r"Starter plan includes 2 team members, Growth 10", ["team-members-and-roles.md"]),
        (r"\| Team members \| 2 \| 10 \| unlimited \|", ["change-your-plan.md"]),
    ],
)
def test_a_fact_is_told_alike_in_every_article_that_needs_it(fact: str, names: list[str]) -> None:
    assert [name for name in names if not re.search(fact, read(name))] == []


def test_no_article_gives_another_return_window() -> None:
    windows = {
        days
        for document in DOCUMENTS
        for days in re.findall(
            r"return\w*[^.\n]{0,40} within (\d+) days of(?: the)? delivery", read(document.name)
        )
    }
    assert windows == {"30"}


def test_delivery_prices_by_country_agree_with_the_zones_in_the_article() -> None:
    article = read("delivery-times-and-costs.md")
    with (SAMPLES / "kb" / "delivery-prices-by-country.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["Country"] for row in rows}) == len(rows) >= 30
    for row in rows:
        zone = re.search(
            rf"^\| {row['Delivery zone']}: (.+?) \| €([\d.]+), (\S+) .+? \| €([\d.]+), ", article, re.M
        )
        assert zone
        assert row["Country"] in zone[1] or zone[1] == "all other EU countries"
        assert zone[2] == row["Standard delivery price (EUR)"]
        assert zone[3] == row["Standard delivery time (business days)"]
        assert zone[4] == row["Express delivery price (EUR)"]


def test_customers_show_every_tier_and_orders_every_status() -> None:
    expected = [f"CUST-{number}" for number in range(1001, 1013)]
    assert [customer["external_id"] for customer in CUSTOMERS] == expected
    assert {customer["tier"] for customer in CUSTOMERS} == {"standard", "premium", "enterprise"}
    assert {order["status"] for order in ORDERS} == ORDER_STATUSES
    counts = [len(customer["orders"]) for customer in CUSTOMERS]
    assert min(counts) == 0
    assert 5 < max(counts) <= 9


def test_order_numbers_and_emails_are_unique() -> None:
    assert len({order["order_number"] for order in ORDERS}) == len(ORDERS)
    assert len({customer["email"] for customer in CUSTOMERS}) == len(CUSTOMERS)


@each_customer
def test_a_customer_fits_their_orders_which_are_newest_first(customer: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z.-]+@example\.(com|org)", customer["email"])
    kept = [order for order in customer["orders"] if order["status"] not in NOT_PAID_IN_THE_END]
    assert re.fullmatch(r"\d+\.\d\d", customer["lifetime_value"])
    assert Decimal(customer["lifetime_value"]) >= sum(Decimal(order["total_amount"]) for order in kept)
    created = datetime.fromisoformat(customer["created_at"])
    dates = [datetime.fromisoformat(order["order_date"]) for order in customer["orders"]]
    assert created.tzinfo is not None
    assert dates == sorted(dates, reverse=True)
    assert all(date > created for date in dates)


@each_order
def test_an_order_is_complete(order: dict[str, Any]) -> None:
    assert re.fullmatch(r"TW-\d{5}", order["order_number"])
    assert re.fullmatch(r"\d+\.\d\d", order["total_amount"])
    assert re.fullmatch(r"[A-Z]{3}", order["currency"])
    assert order["items"]
    ordered = datetime.fromisoformat(order["order_date"])
    assert ordered.tzinfo is not None
    assert ordered.year == 2026
