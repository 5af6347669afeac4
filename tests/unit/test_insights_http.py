"""GET /insights: what was counted, as the owner gets it, over the real table."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.chat.limits import LimitOptions, Limits
from chalicelib.domain.conversation import Nearest
from chalicelib.domain.insight import Gap
from chalicelib.insight.gaps import Gaps
from chalicelib.insight.report import Insights
from chalicelib.logs import InsightLogger
from chalicelib.stores.insights.gaps import GapQuestions
from chalicelib.stores.insights.numbers import Numbers
from chalicelib.stores.state import Counters, OwnCounters
from tests.dynamodb import Network
from tests.fakes import START, FakeClock
from tests.insight_fakes import QUIET
from tests.web import AGENT, Web, serving

TODAY = START.date()
YESTERDAY = TODAY - timedelta(days=1)
GAP = Gap("Can I pay by invoice?", 7, "unanswered", START, Nearest("Ways to pay", None, 0.41))
BUDGET = {"daily_budget_usd": 10, "budget_reached": True}
NOTHING: dict[str, Any] = {
    "conversations": {
        "started": 0,
        "resolved": 0,
        "handed_over": {},
        "abandoned": 0,
        "refused": 0,
        "open": 0,
    },
    "feedback": {"up": 0, "down": 0},
    "cost_usd": {
        "total": 0,
        "per_conversation": None,
        "per_resolved": None,
        "by_model": {},
        "by_feature": {},
    },
    "tokens": {"input": 0, "output": 0},
    "latency_ms": {"p50": None, "p95": None},
}


@pytest.fixture
def numbers(tables: None, clock: FakeClock) -> Numbers:
    return Numbers(QUIET, clock)


@pytest.fixture
def web(numbers: Numbers, clock: FakeClock) -> Iterator[Web]:
    asked: list[int] = []

    def gaps(days: int) -> list[Gap]:
        asked.append(days)
        return [GAP]

    with serving(AGENT, insights=Insights(numbers, gaps, 10, lambda: True, clock)) as web:
        yield web


def add(numbers: Numbers, day: Any, **counts: int) -> None:
    numbers.add(Counter({(day, name.replace("__", ":")): count for name, count in counts.items()}))


def test_days_without_anything_are_there_too(web: Web) -> None:
    answer = web.send("GET", "/insights").json_body
    del answer["correlation_id"]
    dates = [(TODAY - timedelta(days=back)).isoformat() for back in range(6, -1, -1)]
    gap = {
        "question": "Can I pay by invoice?",
        "count": 7,
        "kind": "unanswered",
        "last_asked": "2026-11-20T12:00:00.000+00:00",
        "nearest": {"title": "Ways to pay", "url": None, "score": 0.41},
    }
    daily = [{"date": date, **NOTHING} for date in dates]
    assert answer == {"days": 7, **NOTHING, "daily": daily, "gaps": [gap], **BUDGET}


def test_numbers_add_up_over_the_days(web: Web, numbers: Numbers) -> None:
    add(numbers, YESTERDAY, conversations__started=3, conversations__resolved=2, conversations__abandoned=1)
    add(numbers, TODAY, conversations__started=2, conversations__handed_over__customer_request=1)
    add(numbers, TODAY, conversations__open=1, feedback__up=4, tokens__input=100, tokens__output=20)
    add(numbers, YESTERDAY, feature__chat=600_000, feature__search=4, model__a=600_000)
    add(numbers, TODAY, feature__chat=400_000, model__a=300_000, model__b=100_000)
    add(numbers, TODAY - timedelta(days=2), conversations__started=99)
    body = web.send("GET", "/insights?days=2").json_body
    assert body["conversations"] == {
        "started": 5,
        "resolved": 2,
        "handed_over": {"customer_request": 1},
        "abandoned": 1,
        "refused": 0,
        "open": 1,
    }
    assert body["cost_usd"] == {
        "total": 1.000004,
        "per_conversation": 0.200001,
        "per_resolved": 0.500002,
        "by_model": {"a": 0.9, "b": 0.1},
        "by_feature": {"chat": 1.0, "search": 0.000004},
    }
    assert [each["conversations"]["started"] for each in body["daily"]] == [3, 2]
    assert (body["tokens"], body["feedback"]) == ({"input": 100, "output": 20}, {"up": 4, "down": 0})


def test_latencies_are_read_off_their_buckets(web: Web, numbers: Numbers) -> None:
    add(numbers, TODAY, latency__1000=50, latency__2000=45, latency__30000=5)
    answer = web.send("GET", "/insights?days=1").json_body
    assert answer["latency_ms"] == {"p50": 1000, "p95": 2000}


@pytest.mark.parametrize("days", ["0", "31", "x", "1.5"])
def test_more_than_a_month_or_less_than_a_day_is_refused(web: Web, days: str) -> None:
    answer = web.send("GET", f"/insights?days={days}")
    assert (answer.status_code, answer.json_body["fields"][0]["field"]) == (400, "days")


def test_a_month_is_three_requests_however_much_was_counted(
    numbers: Numbers, network: Network, clock: FakeClock
) -> None:
    for back in range(30):
        add(numbers, TODAY - timedelta(days=back), **{f"model__{n}": 10**9 for n in range(60)})
    gaps = Gaps(GapQuestions(clock), lambda nearest: nearest, clock, InsightLogger())
    options = LimitOptions(0, 0, budget_micro_usd=1)
    limits = Limits(Counters(), OwnCounters(), options, clock, lambda _: True, lambda: None)
    network.asked.clear()
    with serving(AGENT, insights=Insights(numbers, gaps.of_days, 1, limits.is_budget_spent, clock)) as web:
        assert web.send("GET", "/insights?days=30").status_code == 200
    assert network.asked == ["Query", "GetItem", "UpdateItem"]
