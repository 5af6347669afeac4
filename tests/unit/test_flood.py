"""What a single address can cost."""

import pytest

from app import app
from bench.flood import MOST_USD, flood
from tooling.throttling import PAGES_PER_SECOND


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_one_address_cannot_cost_more_than_twenty_dollars_a_day(stage: str) -> None:
    assert 0 < sum(cost for _, cost in flood(stage)) <= MOST_USD


def test_each_public_page_has_the_lower_limit_of_pages() -> None:
    public = {
        path
        for path, methods in app.routes.items()
        if "GET" in methods and not methods["GET"].authorizer and "{" not in path
    }
    assert public - {"/health"} == set(PAGES_PER_SECOND)
