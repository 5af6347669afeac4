"""The outbox: an event is kept once, claimed by one, and comes back for as long as somebody waits for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.event import Delivery, Event, EventStatus, Outcome
from chalicelib.errors import UnknownEvent
from chalicelib.stores.events import CLAIM, RETENTION_DAYS, TRIED_FOR, EventItem, Events
from tests.fakes import START, FakeClock

CREATED = Event("ticket.created", "T-1", 1, START, {"ticket_id": "T-1", "tags": ["é", None, 1.5]})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def events(tables: None, clock: FakeClock) -> Events:
    return Events(clock)


def add(events: Events, event: Event) -> Delivery:
    events.add(event)
    return events.get(event.event_id)


def ids(deliveries: tuple[Delivery, ...]) -> list[str]:
    return [each.event.event_id for each in deliveries]


def numbered(number: int, subject: str = "T-1") -> Event:
    moment = START + timedelta(seconds=number)
    return replace(CREATED, subject=subject, number=number, timestamp=moment)


def test_an_event_is_read_as_it_was_written_and_due_at_once(events: Events) -> None:
    assert add(events, CREATED) == Delivery(CREATED, START, START + TRIED_FOR)


def test_the_same_event_again_changes_nothing(events: Events) -> None:
    first = add(events, CREATED)
    assert add(events, replace(CREATED, data={})) == first


def test_an_event_of_a_transaction_is_written_with_all_or_not_at_all(events: Events) -> None:
    connection = EventItem._get_connection().connection
    with TransactWrite(connection=connection) as transaction:
        events.put(CREATED, transaction)
    with pytest.raises(TransactWriteError), TransactWrite(connection=connection) as transaction:
        events.put(numbered(2), transaction)
        events.put(CREATED, transaction)
    with pytest.raises(UnknownEvent):
        events.get(numbered(2).event_id)


def test_one_claims_an_event_until_it_settles_it_or_is_dead(events: Events, clock: FakeClock) -> None:
    delivery = add(events, CREATED)
    assert [events.claim(delivery), events.claim(delivery)] == [True, False]
    clock.now += CLAIM + timedelta(milliseconds=1)
    assert events.claim(delivery)
    later = replace(delivery, due_at=clock.now, attempts=1)
    events.settle(later)
    assert not events.claim(delivery), "it has changed since it was read"
    assert events.claim(later)


def test_what_became_of_an_event_is_kept(events: Events) -> None:
    delivery = add(events, CREATED)
    outcomes = {"a (1)": Outcome("delivered", START), "b (2)": Outcome("pending", START, "answered 500")}
    events.claim(delivery)
    tried = replace(delivery, attempts=3, outcomes=outcomes, due_at=START + timedelta(hours=1))
    events.settle(tried)
    assert events.get(CREATED.event_id) == tried


def test_an_event_that_was_erased_while_it_was_sent_stays_gone(events: Events) -> None:
    delivery = add(events, CREATED)
    add(events, numbered(2))
    events.claim(delivery)
    events.erase("T-1", [1, 2])
    events.settle(replace(delivery, status="delivered"))
    assert events.page(None, 10, None).deliveries == ()


def test_only_what_waits_unclaimed_and_in_time_is_due_oldest_first(events: Events, clock: FakeClock) -> None:
    waiting = [add(events, numbered(n)) for n in range(1, 6)]
    clock.now = START + timedelta(seconds=4)
    events.claim(waiting[1])
    events.settle(replace(waiting[2], status="failed"))
    assert ids(events.due(10)) == ids((waiting[0], waiting[3]))
    assert ids(events.due(1)) == ids((waiting[0],))


def test_an_event_that_failed_is_sent_again_for_another_day(events: Events, clock: FakeClock) -> None:
    outcomes = {"a (1)": Outcome("delivered", START), "b (2)": Outcome("failed", START, "answered 410")}
    failed = replace(add(events, CREATED), status="failed", attempts=9, outcomes=outcomes)
    events.settle(failed)
    clock.advance(days=3)
    resent = events.resend(CREATED.event_id)
    assert (resent.status, resent.attempts, resent.due_at) == ("pending", 0, clock.now)
    assert resent.give_up_at == clock.now + TRIED_FOR
    assert resent.outcomes == {"a (1)": Outcome("delivered", START)}


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_an_event_that_has_not_failed_is_not_sent_again(events: Events, status: EventStatus) -> None:
    delivery = replace(add(events, CREATED), status=status)
    events.settle(delivery)
    assert events.resend(CREATED.event_id) == delivery


def test_events_are_listed_newest_first_by_status_and_page(events: Events) -> None:
    every = [add(events, numbered(n)) for n in range(1, 6)]
    events.settle(replace(every[3], status="failed"))
    first = events.page(None, 3, None)
    second = events.page(None, 3, first.next)
    assert ids(first.deliveries + second.deliveries) == ids(tuple(reversed(every)))
    assert second.next is None
    assert ids(events.page("failed", 3, None).deliveries) == ids((every[3],))


def test_an_event_is_gone_after_its_time(events: Events, clock: FakeClock) -> None:
    add(events, CREATED)
    clock.advance(days=RETENTION_DAYS)
    assert events.page(None, 10, None).deliveries == ()
    with pytest.raises(UnknownEvent):
        events.get(CREATED.event_id)


def test_events_of_different_subjects_and_numbers_have_different_ids() -> None:
    pairs = [("T-1", 1), ("T-1", 11), ("T-1#1", 1), ("T", 1), ("T-1", 2)]
    found = {numbered(number, subject).event_id for subject, number in pairs}
    assert len(found) == len(pairs)
    assert all("." not in each for each in found), "a webhook's signature joins its parts with full stops"
