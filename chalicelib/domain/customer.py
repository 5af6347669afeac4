"""Customers: what Postgres knows of one, and when they were in touch."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

ChurnRisk = Literal["low", "medium", "high"]
RATED_ANSWER, RATED_TICKET = "feedback", "agent_feedback"
"""The channels of ratings: they are in the log, but are no contact and have no mood."""


@dataclass(frozen=True)
class Order:
    """One order of a customer; the amount is in `currency`."""

    order_number: str
    order_date: datetime
    status: str
    total_amount: Decimal
    currency: str
    items: str


@dataclass(frozen=True)
class Customer:
    """What Postgres knows about a customer; `lifetime_value` is in US dollars, orders newest first."""

    customer_id: int
    external_id: str
    name: str
    email: str
    company: str | None
    tier: str
    lifetime_value: Decimal
    total_orders: int
    recent_orders: tuple[Order, ...]


@dataclass(frozen=True)
class Interaction:
    """That a customer was in touch, how it sounded, and where to read it."""

    customer_id: str
    timestamp: datetime
    channel: str
    sentiment: float | None
    session_id: str | None = None
    ticket_id: str | None = None


@dataclass(frozen=True)
class CustomerContext:
    """The customer 360: what Postgres knows, and what the interactions and tickets say.

    `customer` is None in a stage without Postgres. `avg_sentiment` is −1 to 1; it, `open_tickets` and
    `last_interaction` are None where nothing is known.
    """

    external_id: str
    customer: Customer | None
    open_tickets: int | None
    avg_sentiment: float | None
    last_interaction: datetime | None
    is_high_value: bool
    churn_risk: ChurnRisk
