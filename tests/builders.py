"""What tests are about: two customers, two passages, and tickets and interactions with something in them."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.chat.sessions import CustomerProof
from chalicelib.domain.conversation import (
    Citation,
    Contact,
    Exchange,
    GuardrailVerdict,
    HandOverTicket,
    Passage,
    Usage,
)
from chalicelib.domain.customer import Customer, Interaction, Order
from chalicelib.domain.ticket import Ticket
from tests.fakes import START

RESET = Passage("Choose Forgot password.", "Reset your password", "https://help.example.com/reset", 0.9)
REFUND = Passage("Refunds take 5 days.", "Refunds", None, 0.4, "refunds.md")
"""Published nowhere: it lies in the bucket alone."""
LINKED_REFUND = replace(REFUND, url="https://bucket.example.com/refunds.md?signed")
ADA = Customer(
    customer_id=7,
    external_id="CUST-1001",
    name="Ada Byron",
    email="ada@example.com",
    company="Engines Ltd",
    tier="premium",
    lifetime_value=Decimal("120.50"),
    total_orders=1,
    recent_orders=(Order("O-77", START, "shipped", Decimal("49.00"), "EUR", "1 × scanner"),),
)
BOB = Customer(
    customer_id=8,
    external_id="CUST-1002",
    name="Robert Hooke",
    email="bob@example.com",
    company="Springs Ltd",
    tier="enterprise",
    lifetime_value=Decimal("98765.43"),
    total_orders=1,
    recent_orders=(Order("O-88", START, "refunded", Decimal("77.70"), "EUR", "2 × microscope"),),
)


def customer_proof(customer_id: str, app_secret: str, expires: int | None = None) -> CustomerProof:
    """Return what a customer's own server signs."""
    signed = customer_id if expires is None else f"{customer_id}.{expires}"
    digest = hmac.new(app_secret.encode(), signed.encode(), hashlib.sha256)
    return CustomerProof(customer_id, digest.hexdigest(), expires)


def ticket(ticket_id: str = "T-1", **changes: Any) -> Ticket:
    """Return an open ticket of nobody."""
    bare = Ticket(ticket_id, START, "open", "chat", "medium", "Wants a person", "A person please")
    return replace(bare, **changes)


def interaction(minutes: float = 0, sentiment: float | None = None, **changes: Any) -> Interaction:
    """Return an interaction of Ada's so long after the start."""
    moment = START + timedelta(minutes=minutes)
    return replace(Interaction(ADA.external_id, moment, "chat", sentiment), **changes)


def exchange_at(moment: datetime, session_id: str = "s", message_id: str = "m", **changes: Any) -> Exchange:
    """Return an exchange with something in each field."""
    exchange = Exchange(
        session_id=session_id,
        message_id=message_id,
        timestamp=moment,
        question="How do I reset my password?",
        answer="Choose Forgot password. [1]",
        model="fake-model",
        citations=(Citation(1, "Reset", "https://help.example.com/reset", "Choose…", 0.5),),
        usage=Usage(100, 20, 0.001),
        guardrail=GuardrailVerdict(True, ("pii:EMAIL",)),
        handed_over=HandOverTicket("T-1", "customer_request"),
        degraded=("sentiment",),
        customer_id="CUST-1001",
        sentiment=-0.25,
        unanswered=True,
        offered_contact=Contact("ada@example.com"),
    )
    changed = replace(exchange, **changes)
    told_of = changed.handed_over.ticket_id if changed.handed_over else None
    return replace(changed, ticket_id=changed.ticket_id or told_of)


def reply_at(moment: datetime, **changes: Any) -> Exchange:
    """Return an agent's reply to the ticket T-1."""
    fields = {"message_id": "r", "question": "", "answer": "It is on its way.", "author": "Jo"}
    reply = Exchange("s", timestamp=moment, model=None, ticket_id="T-1", **fields)  # type: ignore[arg-type]
    return replace(reply, **changes)


def sequence_of(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the message ids of exchanges."""
    return [e.message_id for e in exchanges]
