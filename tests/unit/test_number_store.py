"""The contract of the numbers: the fake and DynamoDB keep the same one; and what the stream tells."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from chalicelib.domain.conversation import Feedback, Nearest
from chalicelib.domain.insight import ConversationRow
from chalicelib.domain.protocols import NumberStore
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.insights.numbers import Numbers
from chalicelib.stores.insights.stream import changes_in
from tests.builders import exchange_at
from tests.fakes import START, FakeClock
from tests.insight_fakes import QUIET, FakeNumbers

TODAY = START.date()
YESTERDAY = TODAY - timedelta(days=1)
ROW = ConversationRow(
    "k",
    sequence=49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588,
    number=1,
    started_at=START,
    last_at=START,
    is_open=True,
    last_result="answered",
    handed_over="customer_request",
    rated_down=1,
    asked_again=True,
    questions=(("5f0c", START),),
)


@pytest.fixture(params=["fake", "dynamodb"])
def numbers(request: pytest.FixtureRequest, clock: FakeClock) -> NumberStore:
    if request.param == "fake":
        return FakeNumbers(clock)
    request.getfixturevalue("tables")
    return Numbers(QUIET, clock)


def test_a_row_is_kept_with_all_that_it_has(numbers: NumberStore) -> None:
    assert numbers.row("k") == ConversationRow("k")
    assert numbers.keep(ROW, Counter())
    assert numbers.row("k") == replace(ROW, version=1)


def test_a_row_that_has_changed_is_not_written_and_nothing_counted(numbers: NumberStore) -> None:
    numbers.keep(ROW, Counter())
    for outdated in (ROW, replace(ROW, version=7)):
        assert not numbers.keep(outdated, Counter({(TODAY, "a"): 1}))
    assert numbers.row("k").version == 1
    assert numbers.days(TODAY, TODAY) == {}


def test_numbers_of_days_add_up(numbers: NumberStore) -> None:
    numbers.keep(ROW, Counter({(TODAY, "model:a.b-v1:0"): 2, (YESTERDAY, "a"): 1}))
    numbers.add(Counter({(TODAY, "model:a.b-v1:0"): -1, (TODAY, "b"): 0}))
    numbers.add(Counter())
    found = numbers.days(YESTERDAY, TODAY)
    assert {day: {n: v for n, v in each.items() if v} for day, each in found.items()} == {
        YESTERDAY: {"a": 1},
        TODAY: {"model:a.b-v1:0": 1},
    }
    assert numbers.days(YESTERDAY, YESTERDAY).keys() == {YESTERDAY}


def test_open_conversations_are_due_once_they_were_quiet(numbers: NumberStore, clock: FakeClock) -> None:
    numbers.keep(replace(ROW, last_at=START + timedelta(hours=1)), Counter())
    numbers.keep(replace(ROW, key="older"), Counter())
    numbers.keep(replace(ROW, key="judged", is_open=False), Counter())
    clock.advance(hours=24)
    assert numbers.due(10) == ["older"]
    clock.advance(hours=1)
    assert (numbers.due(10), numbers.due(1)) == (["older", "k"], ["older"])


def stream_event() -> dict[str, Any]:
    """Return what the stream of the conversations' table tells."""
    table = dynamodb_backends["123456789012"]["us-east-1"].get_table("customer-support-conversations")
    assert table.stream_shard
    return {"Records": [record.to_json() for record in table.stream_shard.items]}


def test_the_stream_tells_each_exchange_as_it_was_and_is(tables: None, clock: FakeClock) -> None:
    conversations = Conversations(30, clock)
    nearest = Nearest("Refunds", None, 0.25, "refunds.md")
    said = exchange_at(START, nearest=nearest, took_ms=1200, costs_micro_usd={"chat": 40, "search": 3})
    conversations.add(said)
    rating = Feedback("down", None, START)
    conversations.rate("s", "m", rating)
    conversations.erase([said])
    changes = list(changes_in(stream_event()))
    rated = replace(said, feedback=rating)
    assert [(each.before, each.after) for each in changes] == [(None, said), (said, rated), (rated, None)]
    assert sorted(changes, key=lambda each: each.sequence) == changes
    assert not any(each.expired for each in changes)


def test_what_dynamodb_deletes_by_itself_has_expired(tables: None, clock: FakeClock) -> None:
    Conversations(30, clock).add(exchange_at(START))
    (record,) = stream_event()["Records"]
    by_itself = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    (change,) = changes_in({"Records": [{**record, "userIdentity": by_itself}]})
    assert change.expired


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": {}},
        {"dynamodb": {"SequenceNumber": "1"}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": {"a": {"S": "b"}}}},
    ],
)
def test_a_change_that_makes_no_sense_does_not_hold_up_the_others(
    tables: None, clock: FakeClock, caplog: pytest.LogCaptureFixture, record: dict[str, Any]
) -> None:
    said = Conversations(30, clock).add(exchange_at(START))
    records = [{**record, "eventID": "e-1"}, *stream_event()["Records"]]
    (change,) = changes_in({"Records": records})
    assert (change.before, change.after) == (None, said)
    assert ("change_unreadable", "e-1") in [(r.message, getattr(r, "event_id", "")) for r in caplog.records]
