"""The contract of what is there of answers: the fake and DynamoDB keep the same one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.pending import PENDING_SECONDS, PendingAnswer, Writing
from chalicelib.errors import ErasedMeanwhile
from chalicelib.stores.erasures import ErasureMarks
from chalicelib.stores.pending import PendingItem, PendingNamesItem, PendingTexts
from tests.fakes import START, FakeClock, FakeErasureMarks, FakePending

MINE = Writing("turn-1", "message-1", "session-1", None, START)
ADAS = Writing("turn-2", "message-1", "session-2", "CUST-1001", START)
ANOTHER = replace(MINE, turn_id="turn-3")


class Kept:
    """A store with the marks that it looks at."""

    def __init__(self, store: Any, marks: Any) -> None:
        self.store, self.marks = store, marks

    def text(self, message_id: str = "message-1", customer_id: str | None = None) -> str | None:
        found = self.store.get(message_id, customer_id)
        return found.text if found else None


@pytest.fixture(params=["fake", "dynamodb"])
def kept(request: pytest.FixtureRequest, clock: FakeClock) -> Kept:
    if request.param == "fake":
        marks = FakeErasureMarks(clock)
        return Kept(FakePending(clock, marks), marks)
    request.getfixturevalue("tables")
    return Kept(PendingTexts(clock), ErasureMarks(clock))


def test_what_is_kept_is_read_until_the_whole_answer_is_there(kept: Kept) -> None:
    assert kept.store.get("message-1", None) is None
    kept.store.begin(MINE, "Open")
    assert kept.store.get("message-1", None) == PendingAnswer("Open", False)
    assert kept.store.put(MINE, "Open the page.", done=True)
    assert kept.store.get("message-1", None) == PendingAnswer("Open the page.", True)


def test_a_customers_answer_is_read_with_the_proof_alone(kept: Kept) -> None:
    kept.store.begin(ADAS, "Dear Ada")
    assert (kept.text(), kept.text(customer_id="CUST-1002")) == (None, None)
    assert kept.text(customer_id="CUST-1001") == "Dear Ada"


def test_of_two_turns_for_a_message_the_later_one_is_shown(kept: Kept) -> None:
    kept.store.begin(MINE, "One way")
    kept.store.begin(ANOTHER, "Another")
    assert not kept.store.put(MINE, "One way or", done=False)
    kept.store.drop(MINE)
    assert kept.text() == "Another"
    kept.store.drop(ANOTHER)
    assert kept.text() is None


@pytest.mark.parametrize("erased", [("session-2", None), (None, "CUST-1001")], ids=["session", "customer"])
def test_what_is_erased_is_gone_and_kept_no_more(kept: Kept, erased: tuple[Any, Any]) -> None:
    kept.store.begin(ADAS, "Dear Ada")
    kept.store.begin(MINE, "Open")
    kept.store.erase(*erased)
    assert kept.text(customer_id="CUST-1001") is None
    assert not kept.store.put(ADAS, "Dear Ada, your", done=False)
    assert kept.text(customer_id="CUST-1001") is None
    assert kept.text() == "Open"


def test_what_began_before_an_erasure_is_not_kept_after_it(kept: Kept, clock: FakeClock) -> None:
    with kept.marks.session("session-1"):
        kept.store.erase("session-1")
    with pytest.raises(ErasedMeanwhile):
        kept.store.begin(MINE, "Open")
    clock.now += timedelta(seconds=1)
    kept.store.begin(replace(MINE, began_at=clock.now), "Open")
    assert kept.text() == "Open"


def test_it_is_gone_after_a_minute_even_before_dynamodb_deletes_it(kept: Kept, clock: FakeClock) -> None:
    kept.store.begin(MINE, "Open")
    clock.now += timedelta(seconds=PENDING_SECONDS - 1)
    kept.store.put(MINE, "Open the page.", done=True)
    assert kept.text() == "Open the page."
    clock.now += timedelta(seconds=1)
    assert kept.text() is None


@pytest.mark.usefixtures("tables")
def test_erasing_leaves_nothing_and_no_item_names_anybody(clock: FakeClock) -> None:
    store = PendingTexts(clock)
    store.begin(ADAS, "Dear Ada")
    found = [*PendingItem.scan(), *PendingNamesItem.scan()]
    written = " ".join(str(item.attribute_values) for item in found)
    assert not any(name in written for name in ("message-1", "session-2", "CUST-1001"))
    clock.now += timedelta(seconds=2 * PENDING_SECONDS)
    store.erase("session-2")
    store.erase(None, "CUST-1001")
    assert list(PendingItem.scan()) == []
