"""Tickets while the product's Postgres is away: kept, answered in time, and whole again without a restart."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api
from tests.product import PostgresControl, Product

LONGEST_SECONDS = 5.0


@pytest.fixture
def postgres(product: Product) -> Iterator[PostgresControl]:
    """What breaks the product's Postgres; at the end it is whole again."""
    control = PostgresControl(product.data_dir / "postgres")
    yield control
    control.recover()


def post(api: Api) -> dict[str, Any]:
    """Post a ticket, and insist on a good answer in time."""
    started = time.monotonic()
    answer = api.post_ticket(customer_external_id="CUST-1004")
    assert time.monotonic() - started < LONGEST_SECONDS
    assert answer["kb_suggestions"]
    return answer


def is_whole(answer: dict[str, Any]) -> bool:
    context = answer["customer_context"]
    return answer["degraded"] == [] and context is not None and context["total_orders"] == 7


def test_while_it_is_stopped_tickets_are_kept_and_afterwards_whole(
    api: Api, postgres: PostgresControl
) -> None:
    assert is_whole(post(api))
    postgres.stop()
    answers = [post(api), post(api)]
    assert [(each["degraded"], each["customer_context"]) for each in answers] == [(["customer"], None)] * 2
    assert api.ask("How do I reset my password?")["citations"]
    postgres.start()
    assert is_whole(post(api))
    kept = api.send_as_agent("GET", f"/tickets/{answers[0]['ticket_id']}/context").json()
    assert kept["customer_context"]["external_id"] == "CUST-1004"
