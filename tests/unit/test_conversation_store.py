"""The contract of the conversations: the fake and DynamoDB keep the same one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError

from chalicelib.domain.conversation import Citation, Contact, Feedback, Holding, Rating
from chalicelib.errors import Unavailable, UnknownMessage
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.state import StateItem
from chalicelib.times import MILLISECOND
from tests.builders import exchange_at, reply_at, sequence_of
from tests.fakes import START, FakeClock, FakeConversations

Store = Conversations | FakeConversations
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    if request.param == "fake":
        return FakeConversations(30, clock)
    request.getfixturevalue("tables")
    return Conversations(30, clock)


def test_exchanges_come_back_as_they_were_stored_each_in_a_millisecond(store: Store) -> None:
    restricted = Citation(2, "Discounts", None, "Ten…", 0.4, "discounts.md", ("premium", "agent"))
    full = exchange_at(START)
    full = replace(full, citations=(*full.citations, restricted))
    nothing: dict[str, Any] = {"handed_over": None, "customer_id": None, "sentiment": None, "model": None}
    bare = exchange_at(START, message_id="m2", citations=(), degraded=(), **nothing)
    assert store.add(full) == full
    later = store.add(bare)
    assert later == replace(bare, timestamp=START + MILLISECOND)
    assert store.latest("s", 10) == (full, later)
    assert store.latest("s", 1) == (later,)
    assert store.latest("another", 10) == ()


def test_pages_lead_back_to_the_first_exchange_without_gap_or_overlap(store: Store) -> None:
    for n in range(5):
        store.add(exchange_at(START + n * SECOND, message_id=f"m{n}"))
    assert store.page("s", 5, None).older_than is None
    newest = store.page("s", 2, None)
    middle = store.page("s", 2, newest.older_than)
    oldest = store.page("s", 2, middle.older_than)
    assert [sequence_of(p.exchanges) for p in (newest, middle, oldest)] == [
        ["m3", "m4"],
        ["m1", "m2"],
        ["m0"],
    ]
    assert oldest.older_than is None


def test_an_expired_exchange_is_only_seen_by_who_erases(store: Store, clock: FakeClock) -> None:
    store.add(exchange_at(START))
    clock.advance(days=30, seconds=1)
    assert store.latest("s", 10) == ()
    with pytest.raises(UnknownMessage):
        store.rate("s", "m", Feedback("up", None, START))
    assert len(store.everything("s")) == 1


def test_a_message_id_is_stored_once_in_its_session(store: Store) -> None:
    first = store.add_once(exchange_at(START, message_id="retry"))
    again = store.add_once(exchange_at(START + SECOND, message_id="retry", answer="another"))
    assert again == first
    assert len(store.latest("s", 10)) == 1
    store.add_once(exchange_at(START, session_id="another", message_id="retry"))
    assert len(store.latest("another", 10)) == 1


def test_a_stored_once_exchange_is_found_by_its_message_id(store: Store) -> None:
    store.add(exchange_at(START, message_id="other"))
    stored = store.add_once(exchange_at(START, message_id="retry"))
    assert stored.timestamp == START + MILLISECOND
    assert store.by_client_message("s", "retry") == stored
    assert store.by_client_message("s", "never sent") is None


def test_an_expired_message_id_is_free_again(store: Store, clock: FakeClock) -> None:
    store.add_once(exchange_at(START, message_id="retry"))
    clock.advance(days=31)
    assert store.by_client_message("s", "retry") is None
    later = store.add_once(exchange_at(clock.now, message_id="retry", answer="new"))
    assert later.answer == "new"


def test_feedback_is_kept_on_its_exchange_and_can_be_changed(store: Store) -> None:
    store.add(exchange_at(START, message_id="a"))
    store.add(exchange_at(START + SECOND, message_id="b"))
    store.rate("s", "a", Feedback("up", None, START))
    store.rate("s", "a", Feedback("down", "wrong article", START + SECOND))
    rated, other = store.latest("s", 10)
    assert rated.feedback == Feedback("down", "wrong article", START + SECOND)
    assert other.feedback is None


@pytest.mark.parametrize(("again", "changed_at"), [("up", START + SECOND), ("down", START)])
def test_a_rating_without_a_comment_keeps_the_one_before(
    store: Store, again: Rating, changed_at: datetime
) -> None:
    store.add(exchange_at(START))
    for feedback in (Feedback("down", "wrong article", START), Feedback(again, None, START + SECOND)):
        store.rate("s", "m", feedback)
    assert store.latest("s", 1)[0].feedback == Feedback(again, "wrong article", changed_at)


def test_of_one_id_the_answer_is_rated_and_else_the_newest_reply(store: Store) -> None:
    store.add(reply_at(START, message_id="x"))
    store.add(reply_at(START + SECOND, message_id="x", ticket_id="T-2"))
    assert store.rate("s", "x", Feedback("up", None, START)).ticket_id == "T-2"
    store.add(exchange_at(START - SECOND, message_id="x"))
    assert store.rate("s", "x", Feedback("up", None, START)).author is None


def test_a_comment_survives_a_rating_that_comes_at_the_same_time(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    store.add(exchange_at(START))
    at_once = [Feedback("down", "why" if n == 7 else None, START + n * SECOND) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda feedback: store.rate("s", "m", feedback), at_once))
    (exchange,) = store.latest("s", 1)
    assert exchange.feedback
    assert exchange.feedback.comment == "why"


def test_feedback_on_an_unknown_message_is_refused(store: Store) -> None:
    store.add(exchange_at(START, message_id="a"))
    with pytest.raises(UnknownMessage):
        store.rate("s", "b", Feedback("up", None, START))
    with pytest.raises(UnknownMessage):
        store.rate("another session", "a", Feedback("up", None, START))


def test_erasing_leaves_nothing_of_the_session_and_all_of_the_others(store: Store) -> None:
    for n in range(30):
        store.add_once(exchange_at(START + n * SECOND, message_id=f"m{n}"))
    store.add(exchange_at(START, session_id="other"))
    store.erase(store.everything("s"))
    assert store.everything("s") == ()
    assert store.by_client_message("s", "m3") is None
    assert len(store.everything("other")) == 1


def test_the_sessions_of_a_customer_are_all_that_hold_an_exchange_of_it(
    store: Store, clock: FakeClock
) -> None:
    store.add(exchange_at(START, session_id="expired", customer_id="mine"))
    clock.advance(days=31)
    for n in range(3):
        store.add(exchange_at(clock.now + n * SECOND, session_id="signed-in", customer_id="mine"))
        store.add_once(exchange_at(clock.now, session_id=f"s{n}", customer_id="mine"))
    store.add(exchange_at(clock.now, session_id="theirs", customer_id="theirs"))
    store.add(exchange_at(clock.now, session_id="nobody's", customer_id=None))
    assert store.sessions_of("mine") == {"expired", "signed-in", "s0", "s1", "s2"}
    assert store.sessions_of("unknown") == frozenset()
    store.erase(store.everything("theirs"))
    assert store.sessions_of("theirs") == frozenset()


def test_each_exchange_of_a_session_says_whose_it_is(store: Store, clock: FakeClock) -> None:
    bare: dict[str, Any] = {"handed_over": None}
    store.add(exchange_at(START, customer_id="expired", **bare))
    clock.advance(days=31)
    for n, customer_id in enumerate(("mine", None, "mine", "theirs")):
        store.add(exchange_at(clock.now, message_id=f"m{n}", customer_id=customer_id, **bare))
    store.add(exchange_at(clock.now, session_id="another", customer_id="stranger"))
    store.add(reply_at(clock.now + SECOND))
    whose = [*((each, None) for each in ("expired", "mine", None, "mine", "theirs")), (None, "T-1")]
    assert store.holdings("s") == tuple(Holding(*each) for each in whose)
    assert store.holdings("unknown") == ()


def test_a_contact_is_kept_for_its_customer_in_place_of_the_last(store: Store, clock: FakeClock) -> None:
    first, second = Contact("jo@example.com", "+49 30 123456", "Jo"), Contact(phone="123456")
    assert store.contact_of("s", None) is None
    store.keep_contact("s", None, first)
    assert store.contact_of("s", None) == store.contact_of("s", "CUST-1001") == first
    store.keep_contact("s", "CUST-1001", second)
    assert store.contact_of("s", "CUST-1001") == second
    assert store.contact_of("s", None) is store.contact_of("s", "CUST-1002") is None
    clock.advance(days=31)
    assert store.contact_of("s", "CUST-1001") is None


def test_a_contact_is_erased_unless_it_is_another_customers(store: Store) -> None:
    for whose in (None, "CUST-1001"):
        store.keep_contact("s", whose, Contact("jo@example.com"))
        store.erase_contact("s", "CUST-1002")
        assert (store.contact_of("s", "CUST-1001") is None) == (whose is None)
        store.erase_contact("s", "CUST-1001")
        store.erase_contact("s")
        assert store.contact_of("s", "CUST-1001") is None


def test_who_reads_on_from_the_newest_gets_each_later_exchange_once(store: Store, clock: FakeClock) -> None:
    for n in range(5):
        store.add(exchange_at(START + n * SECOND, message_id=f"m{n}"))
    page = store.page("s", 2, START + SECOND)
    for ids in (["m1", "m2"], ["m3", "m4"], [], []):
        assert page.newer_than
        page = store.news("s", 2, page.newer_than)
        assert sequence_of(page.exchanges) == ids
    assert store.page("unknown", 2, None).newer_than is None
    clock.advance(days=31)
    assert store.news("s", 2, START).exchanges == ()


def test_sessions_are_found_over_many_pages(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    for n in range(15):
        store.add(exchange_at(START, session_id=f"s{n}", customer_id="mine", answer="x" * 100_000))
    assert len(store.sessions_of("mine")) == 15


def test_twenty_writers_of_one_message_id_store_it_once(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    tries = [exchange_at(START, message_id="retry", answer=f"answer {n}") for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        winners = {e.answer for e in pool.map(store.add_once, tries)}
    assert len(winners) == 1
    assert len(store.latest("s", 100)) == 1


def test_twenty_writers_of_one_millisecond_all_survive(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    tries = [exchange_at(START, message_id=f"m{n}") for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.add, tries))
    assert len(store.latest("s", 100)) == 20


def test_an_exchange_is_one_item_and_indexed_by_its_customer_alone(tables: None, clock: FakeClock) -> None:
    Conversations(30, clock).add(exchange_at(START, customer_id=None))
    dynamodb, table = boto3.client("dynamodb"), "customer-support-conversations"
    (item,) = dynamodb.scan(TableName=table)["Items"]
    assert item["timestamp"] == {"N": "1795176000000"}
    assert item["ttl"] == {"N": str(1795176000 + 30 * 86400)}
    assert dynamodb.scan(TableName=table, IndexName="customer-timestamp")["Items"] == []


def test_a_full_second_of_taken_milliseconds_is_an_outage_not_a_loop(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    for n in range(20):
        store.add(exchange_at(START + n * MILLISECOND, message_id=f"m{n}"))
    with pytest.raises(Unavailable):
        store.add(exchange_at(START))


def test_a_put_repeated_after_a_lost_answer_stores_one_exchange(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    exchange = exchange_at(START, message_id="ours")
    assert store.add(exchange) == store.add(exchange) == exchange
    assert len(store.latest("s", 10)) == 1


def test_a_duplicate_that_is_still_being_written_is_waited_for(tables: None, clock: FakeClock) -> None:
    store = Conversations(30, clock)
    first = store.add_once(exchange_at(START, message_id="retry"))
    conflicts = [CancellationReason("TransactionConflict"), None]

    def conflict_once(params: object, **_: object) -> None:
        if conflicts:
            cause = VerboseClientError(
                {"Error": {"Code": "TransactionCanceledException", "Message": ""}},
                "TransactWriteItems",
                cancellation_reasons=[conflicts.pop(0), None],
            )
            conflicts.clear()
            raise TransactWriteError("conflict", cause)

    client = StateItem._get_connection().connection.client
    client.meta.events.register("before-parameter-build.dynamodb.TransactWriteItems", conflict_once)
    again = store.add_once(exchange_at(START, message_id="retry", answer="another"))
    assert again == first
    assert conflicts == []
