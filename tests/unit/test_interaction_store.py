"""The contract of the interaction log: the fake and DynamoDB keep the same one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from chalicelib.domain.customer import RATED_ANSWER, RATED_TICKET, Interaction
from chalicelib.errors import Unavailable
from chalicelib.stores.interactions import Interactions, places
from chalicelib.times import MILLISECOND
from tests.fakes import START, FakeClock, FakeInteractions

Store = Interactions | FakeInteractions
MINUTE = timedelta(minutes=1)
CHAT = Interaction("CUST-1001", START, "chat", -0.5, session_id="s")
TICKET = Interaction("CUST-1001", START, "email", None, ticket_id="T-1")


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    if request.param == "fake":
        return FakeInteractions(90, clock)
    request.getfixturevalue("tables")
    return Interactions(90, clock)


@pytest.mark.parametrize("interaction", [CHAT, TICKET])
def test_an_interaction_comes_back_as_it_was_logged(store: Store, interaction: Interaction) -> None:
    store.add(interaction)
    assert store.latest("CUST-1001", 10) == (interaction,)


def test_the_latest_are_the_newest_newest_first(store: Store) -> None:
    logged = [replace(CHAT, timestamp=START + n * MINUTE) for n in range(5)]
    for interaction in logged:
        store.add(interaction)
    assert store.latest("CUST-1001", 2) == (logged[4], logged[3])
    assert store.everything("CUST-1001") == tuple(reversed(logged))


@pytest.mark.parametrize(
    "rating", [replace(CHAT, channel=RATED_ANSWER), replace(TICKET, channel=RATED_TICKET)]
)
def test_any_number_of_ratings_leaves_the_latest_as_they_are(store: Store, rating: Interaction) -> None:
    contacts = [replace(CHAT, timestamp=START + n * MINUTE) for n in range(3)]
    ratings = [replace(rating, timestamp=START + n * MINUTE + MILLISECOND) for n in range(120)]
    for interaction in (*contacts, *ratings):
        store.add(interaction)
    assert store.latest("CUST-1001", 2) == (contacts[2], contacts[1])
    assert len(store.everything("CUST-1001")) == 123


@pytest.mark.parametrize(
    "change", [{"channel": "web"}, {"session_id": "other"}, {"session_id": None}, {"ticket_id": "T-1"}]
)
def test_what_differs_in_channel_session_or_ticket_is_another_interaction(
    store: Store, change: dict[str, str | None]
) -> None:
    store.add(CHAT)
    store.add(replace(CHAT, **change))  # type: ignore[arg-type]
    assert len(store.everything("CUST-1001")) == 2


def test_interactions_of_one_millisecond_both_survive_and_each_once(store: Store) -> None:
    for interaction in (CHAT, TICKET, CHAT, TICKET):
        store.add(interaction)
    assert store.everything("CUST-1001") == (replace(TICKET, timestamp=START + MILLISECOND), CHAT)
    assert store.latest("CUST-1002", 10) == store.everything("CUST-1002") == ()


def test_a_sentiment_that_is_known_the_second_time_is_kept(store: Store) -> None:
    store.add(TICKET)
    store.add(replace(TICKET, sentiment=0.25))
    assert store.latest("CUST-1001", 10) == (replace(TICKET, sentiment=0.25),)


def test_a_sentiment_that_is_unknown_the_second_time_leaves_the_known_one(store: Store) -> None:
    store.add(CHAT)
    store.add(replace(CHAT, sentiment=None))
    assert store.latest("CUST-1001", 10) == (CHAT,)


def test_an_interaction_is_kept_from_when_it_was_logged_however_old_it_is(
    store: Store, clock: FakeClock
) -> None:
    old = replace(TICKET, timestamp=START - timedelta(days=6 * 365))
    store.add(old)
    clock.advance(days=89)
    assert store.latest("CUST-1001", 10) == (old,)
    clock.advance(days=2)
    assert store.latest("CUST-1001", 10) == ()


def test_an_expired_interaction_is_only_seen_by_who_erases(store: Store, clock: FakeClock) -> None:
    recent = replace(CHAT, timestamp=START + 2 * MINUTE)
    store.add(CHAT)
    clock.advance(minutes=2)
    store.add(recent)
    clock.advance(days=90, minutes=-1)
    assert store.latest("CUST-1001", 1) == (recent,)
    assert store.latest("CUST-1001", 10) == (recent,)
    assert store.everything("CUST-1001") == (recent, CHAT)


def test_erasing_leaves_the_others_and_can_be_repeated(store: Store) -> None:
    logged = [replace(CHAT, timestamp=START + n * MINUTE, session_id=f"s{n % 2}") for n in range(60)]
    for interaction in logged:
        store.add(interaction)
    gone = [i for i in store.everything("CUST-1001") if i.session_id == "s0"]
    store.erase([gone[0], *gone])
    store.erase(gone)
    assert {i.session_id for i in store.everything("CUST-1001")} == {"s1"}
    assert len(store.everything("CUST-1001")) == 30


def test_an_interaction_is_kept_without_a_word_of_text(tables: None, clock: FakeClock) -> None:
    Interactions(90, clock).add(CHAT)
    (item,) = boto3.client("dynamodb").scan(TableName="customer-interactions")["Items"]
    assert set(item) == {"customer_id", "timestamp", "channel", "sentiment", "session_id", "ttl"}
    assert item["ttl"] == {"N": str(1795176000 + 90 * 86400)}


def test_sixty_of_one_millisecond_are_logged_once_and_within_a_second(store: Store) -> None:
    sixty = [replace(TICKET, ticket_id=f"T-{n}") for n in range(60)]
    for interaction in [*sixty, *reversed(sixty), replace(sixty[-1], sentiment=0.25)]:
        store.add(interaction)
    logged = store.everything("CUST-1001")
    assert sorted(i.ticket_id or "" for i in logged) == sorted(f"T-{n}" for n in range(60))
    assert all(START <= i.timestamp < START + timedelta(seconds=1) for i in logged)
    assert {i.ticket_id: i.sentiment for i in logged if i.sentiment} == {"T-59": 0.25}


def test_twenty_interactions_of_one_millisecond_all_survive(tables: None, clock: FakeClock) -> None:
    store = Interactions(90, clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.add, [replace(CHAT, session_id=f"s{n}") for n in range(20)]))
    assert {i.session_id for i in store.everything("CUST-1001")} == {f"s{n}" for n in range(20)}
    assert len(store.everything("CUST-1001")) == 20


def test_no_millisecond_left_is_an_outage_not_a_loop(tables: None, clock: FakeClock) -> None:
    store = Interactions(90, clock)
    for timestamp in places(TICKET):
        store.add(replace(CHAT, timestamp=timestamp))
    with pytest.raises(Unavailable):
        store.add(TICKET)
