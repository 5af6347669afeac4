"""What a single address can cost."""

import pytest

from app import app
from bench.flood import MOST_USD, flood
from chalicelib.settings import default_of
from tooling.throttling import PAGES_PER_SECOND

SECONDS_BETWEEN_READINGS = 4
"""As often as the page asks whether a person has answered."""


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_one_address_cannot_cost_more_than_twenty_dollars_a_day(stage: str) -> None:
    assert 0 < sum(cost for _, cost in flood(stage)) <= MOST_USD


def test_a_page_may_wait_for_a_person_from_morning_to_night() -> None:
    limits = (default_of(f"chat_visits_per_{each}") for each in ("minute", "day"))
    for limit, hours in zip(limits, (1 / 60, 16), strict=True):
        assert hours * 3600 / SECONDS_BETWEEN_READINGS < limit


def test_each_public_page_has_the_lower_limit_of_pages() -> None:
    public = {
        path
        for path, methods in app.routes.items()
        if "GET" in methods and not methods["GET"].authorizer and "{" not in path
    }
    assert public - {"/health"} == set(PAGES_PER_SECOND)
