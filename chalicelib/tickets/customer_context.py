"""The customer 360: what is known of a customer, put together and judged by a few plain rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.customer import ChurnRisk, Customer, CustomerContext, Interaction

NEWEST_INTERACTIONS = 20
"""How many interactions the average sentiment looks at."""
MOST_OF_A_CHAT = 5
"""How many of them may be of one chat: a long one must not outweigh all else that a customer said."""


@dataclass(frozen=True)
class CustomerRules:
    """Thresholds; see the settings of these names."""

    high_value_lifetime_usd: float
    churn_sentiment: float
    churn_open_tickets: int
    churn_inactive_days: int


def describe(
    external_id: str,
    customer: Customer | None,
    interactions: Sequence[Interaction] | None,
    open_tickets: int | None,
    rules: CustomerRules,
    now: datetime,
) -> CustomerContext:
    """Return a customer's 360; None stands for what could not be read.

    The interactions are those in which the customer was in touch, newest first.
    """
    avg_sentiment = _average([i.sentiment for i in interactions or () if i.sentiment is not None])
    return CustomerContext(
        external_id=external_id,
        customer=customer,
        open_tickets=open_tickets,
        avg_sentiment=avg_sentiment,
        last_interaction=interactions[0].timestamp if interactions else None,
        is_high_value=customer is not None and _is_high_value(customer, rules),
        churn_risk=_churn_risk(customer, avg_sentiment, open_tickets, rules, now),
    )


def newest_of(interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """Return those that the average sentiment looks at; both newest first."""
    of_chat: Counter[str | None] = Counter()
    chosen = []
    for interaction in interactions:
        of_chat[interaction.session_id] += 1
        if interaction.session_id is None or of_chat[interaction.session_id] <= MOST_OF_A_CHAT:
            chosen.append(interaction)
    return tuple(chosen[:NEWEST_INTERACTIONS])


def _average(scores: Sequence[float]) -> float | None:
    return round(sum(scores) / len(scores), 3) if scores else None


def _is_high_value(customer: Customer, rules: CustomerRules) -> bool:
    """Tell whether a customer is of tier `enterprise` or has spent as much as the threshold."""
    return customer.tier == "enterprise" or customer.lifetime_value >= rules.high_value_lifetime_usd


def _churn_risk(
    customer: Customer | None,
    avg_sentiment: float | None,
    open_tickets: int | None,
    rules: CustomerRules,
    now: datetime,
) -> ChurnRisk:
    """One sign of leaving is a medium risk, two or three are a high one; what is not known is no sign."""
    orders = customer.recent_orders if customer else ()
    long_ago = now - timedelta(days=rules.churn_inactive_days)
    signs = (
        avg_sentiment is not None and avg_sentiment <= rules.churn_sentiment,
        open_tickets is not None and open_tickets >= rules.churn_open_tickets,
        # Who never ordered has not stopped ordering.
        bool(orders) and orders[0].order_date < long_ago,
    )
    levels: tuple[ChurnRisk, ...] = ("low", "medium", "high", "high")
    return levels[sum(signs)]
