"""The contract of the counters: the fake and DynamoDB keep the same one."""

from datetime import timedelta

import boto3
import pytest

from chalicelib.stores.state import Counters
from tests.fakes import START, FakeCounters

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["fake", "dynamodb"])
def counters(request: pytest.FixtureRequest) -> Counters | FakeCounters:
    if request.param == "fake":
        return FakeCounters()
    request.getfixturevalue("tables")
    return Counters()


def test_a_counter_starts_at_nothing_and_adds_up(counters: Counters | FakeCounters) -> None:
    assert counters.value("a", START, MINUTE) == 0
    assert counters.add("a", 2, START, MINUTE) == 2
    assert counters.add("a", 3, START, MINUTE) == 5
    assert counters.value("a", START, MINUTE) == 5


def test_counters_of_other_names_and_windows_are_their_own(counters: Counters | FakeCounters) -> None:
    counters.add("a", 1, START, MINUTE)
    assert counters.value("b", START, MINUTE) == 0
    assert counters.value("a", START + MINUTE, MINUTE) == 0


def test_a_counter_expires_after_its_window(tables: None) -> None:
    Counters().add("a", 1, START, MINUTE)
    (item,) = boto3.client("dynamodb").scan(TableName="support-state")["Items"]
    assert item["ttl"] == {"N": str(1795176000 + 120)}
