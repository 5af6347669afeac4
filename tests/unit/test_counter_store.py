"""The contract of the counters: the fake and DynamoDB keep the same one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import boto3
import pytest

from chalicelib.domain.protocols import CounterStore
from chalicelib.stores.state import MOST_OWN_COUNTERS, Counters, OwnCounters
from tests.fakes import START, FakeCounters

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["fake", "dynamodb", "own"])
def counters(request: pytest.FixtureRequest) -> CounterStore:
    if request.param == "fake":
        return FakeCounters()
    if request.param == "own":
        return OwnCounters()
    request.getfixturevalue("tables")
    return Counters()


def room_of(counters: CounterStore, name: str, limit: int, now: datetime = START) -> int:
    """Return how much of a limit is left, by taking it all."""
    return sum(counters.reserve(name, 1, limit, now, MINUTE) for _ in range(limit + 1))


def test_a_counter_takes_in_amounts_until_it_is_at_its_limit(counters: CounterStore) -> None:
    assert counters.reserve("a", 2, 5, START, MINUTE)
    assert counters.reserve("a", 3, 5, START, MINUTE)
    assert not counters.reserve("a", 1, 5, START, MINUTE)
    assert room_of(counters, "a", 5) == 0


def test_the_last_amount_may_go_over_the_limit(counters: CounterStore) -> None:
    assert counters.reserve("a", 9, 5, START, MINUTE)
    assert not counters.reserve("a", 1, 5, START, MINUTE)


def test_what_is_given_back_can_be_taken_again(counters: CounterStore) -> None:
    counters.reserve("a", 5, 5, START, MINUTE)
    counters.add("a", -2, START, MINUTE)
    assert room_of(counters, "a", 5) == 2


def test_more_may_be_added_than_the_limit_allows(counters: CounterStore) -> None:
    counters.add("a", 9, START, MINUTE)
    assert room_of(counters, "a", 5) == 0


def test_counters_of_other_names_and_windows_are_their_own(counters: CounterStore) -> None:
    counters.reserve("a", 5, 5, START, MINUTE)
    assert room_of(counters, "b", 5) == 5
    assert room_of(counters, "a", 5, START + MINUTE) == 5


def test_of_many_at_once_no_more_get_in_than_fit(counters: CounterStore) -> None:
    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda _: counters.reserve("a", 3, 30, START, MINUTE), range(40)))
    assert sum(taken) == 10


def test_counters_in_memory_forget_the_windows_that_are_over() -> None:
    counters = OwnCounters()
    for n in range(3 * MOST_OWN_COUNTERS):
        counters.add(f"caller {n}", 1, START + n * timedelta(seconds=1), MINUTE)
    assert len(counters) <= MOST_OWN_COUNTERS


def test_a_counter_expires_after_its_window(tables: None) -> None:
    Counters().add("a", 1, START, MINUTE)
    (item,) = boto3.client("dynamodb").scan(TableName="support-state")["Items"]
    assert item["ttl"] == {"N": str(1795176000 + 120)}
