"""The rules of the customer 360, at, below and above each threshold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.customer import ChurnRisk, Customer, CustomerContext, Interaction, Order
from chalicelib.tickets.customer_context import CustomerRules, describe
from tests.fakes import START

RULES = CustomerRules(
    high_value_lifetime_usd=10_000, churn_sentiment=-0.4, churn_open_tickets=3, churn_inactive_days=180
)
NOBODY = Customer(1, "CUST-1", "Ada", "ada@example.com", None, "standard", Decimal(0), 0, ())


def customer(days_since_order: float | None = None) -> Customer:
    """Return a customer who last ordered so many days ago, or never."""
    if days_since_order is None:
        return NOBODY
    ordered = START - timedelta(days=days_since_order)
    orders = [
        Order(f"O-{n}", ordered - timedelta(days=900 * n), "shipped", Decimal(1), "EUR", "1 × mug")
        for n in range(2)
    ]
    return replace(NOBODY, total_orders=2, recent_orders=tuple(orders))


def interactions(*scores: float | None) -> list[Interaction]:
    """Return interactions with these sentiments, newest first."""
    return [
        Interaction("CUST-1", START - timedelta(hours=n), "chat", score) for n, score in enumerate(scores)
    ]


def judge(
    who: Customer | None = NOBODY, log: Sequence[Interaction] | None = (), open_tickets: int | None = 0
) -> CustomerContext:
    return describe("CUST-1", who, log, open_tickets, RULES, START)


@pytest.mark.parametrize(
    ("sentiment", "open_tickets", "days_since_order", "risk"),
    [
        # No sign: nothing is known, or everything just misses its threshold.
        (None, None, None, "low"),
        (None, 0, None, "low"),
        (-0.399, 2, 180, "low"),
        (1.0, 0, 0, "low"),
        # One sign, at its threshold and beyond.
        (-0.4, 0, 0, "medium"),
        (-1.0, 0, 0, "medium"),
        (0.0, 3, 0, "medium"),
        (0.0, 4, 0, "medium"),
        (0.0, 0, 180.001, "medium"),
        (0.0, 0, 1000, "medium"),
        # Two and three.
        (-0.4, 3, 180, "high"),
        (-0.4, 2, 181, "high"),
        (-0.399, 3, 181, "high"),
        (-0.4, 3, 181, "high"),
        # What is not known is no sign, and who never ordered has not stopped.
        (-0.4, None, None, "medium"),
        (None, 3, None, "medium"),
        (None, None, 181, "medium"),
        (-0.4, 3, None, "high"),
    ],
)
def test_the_risk_that_a_customer_leaves_follows_the_signs(
    sentiment: float | None, open_tickets: int | None, days_since_order: float | None, risk: ChurnRisk
) -> None:
    log = [] if sentiment is None else interactions(sentiment)
    assert judge(customer(days_since_order), log, open_tickets).churn_risk == risk


@pytest.mark.parametrize(
    ("tier", "lifetime_value", "is_high"),
    [
        ("standard", "9999.99", False),
        ("standard", "10000.00", True),
        ("standard", "10000.01", True),
        ("premium", "9999.99", False),
        ("premium", "10000", True),
        ("enterprise", "0", True),
    ],
)
def test_high_value_is_enterprise_or_the_money_spent(tier: str, lifetime_value: str, is_high: bool) -> None:
    who = replace(NOBODY, tier=tier, lifetime_value=Decimal(lifetime_value))
    assert judge(who).is_high_value is is_high


@pytest.mark.parametrize(
    ("scores", "average"),
    [
        ((), None),
        ((None, None), None),
        ((0.5,), 0.5),
        ((-1.0, None, 0.5), -0.25),
        ((0.1, 0.1, 0.2), 0.133),
        ((0.0,), 0.0),
    ],
)
def test_the_average_sentiment_is_that_of_the_interactions_that_have_one(
    scores: tuple[float | None, ...], average: float | None
) -> None:
    assert judge(log=interactions(*scores)).avg_sentiment == average


def test_the_customer_comes_along_with_their_newest_interaction() -> None:
    context = judge(customer(3), interactions(None, 0.2, 0.3), open_tickets=2)
    assert (context.customer, context.open_tickets, context.last_interaction) == (customer(3), 2, START)


@pytest.mark.parametrize("log", [None, ()])
def test_what_is_not_known_is_not_zero(log: tuple[()] | None) -> None:
    context = judge(log=log, open_tickets=None)
    assert (context.avg_sentiment, context.last_interaction, context.open_tickets) == (None, None, None)


def test_without_a_customer_database_the_rest_is_judged_alone() -> None:
    context = judge(None, interactions(-0.5), open_tickets=3)
    assert (context.external_id, context.customer) == ("CUST-1", None)
    assert (context.avg_sentiment, context.open_tickets) == (-0.5, 3)
    assert (context.is_high_value, context.churn_risk) == (False, "high")
