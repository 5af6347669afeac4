"""Events get to each receiver once, in the order of their subject, whatever fails meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.event import Delivery, Event, event_id_of
from chalicelib.errors import SendingFailed, SendingRefused, Unavailable
from chalicelib.events.deliveries import JITTER, LONGEST_WAIT, WAITS, Deliveries, wait
from chalicelib.logs import DeliveryLogger
from chalicelib.stores.events import TRIED_FOR, Events
from tests.fakes import START, FakeClock


@dataclass
class FakeReceiver:
    """Hears of events; each attempt first meets the next of its `failures`, and any when `is_down`."""

    name: str
    types: tuple[str, ...] = ()
    failures: list[SendingFailed] = field(default_factory=list)
    is_down: bool = False
    heard: list[Event] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    waits: timedelta = timedelta()
    not_needed: str | None = None

    def wants(self, event: Event) -> bool:
        return not self.types or event.type in self.types

    def not_before(self, event: Event) -> datetime:
        return event.timestamp + self.waits

    def send(self, event: Event) -> str | None:
        self.before()
        if self.is_down or self.failures:
            raise self.failures.pop(0) if self.failures else SendingFailed("answered 500")
        if not self.not_needed:
            self.heard.append(event)
        return self.not_needed


class Post:
    """Deliveries from a table in memory to two receivers; pauses move the clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events = Events(self.clock)
        self.first, self.second = FakeReceiver("first"), FakeReceiver("second")
        self.receivers = [self.first, self.second]
        self.paused: list[float] = []
        self.deliveries = Deliveries(
            self.events,
            lambda: self.receivers,
            ThreadPoolExecutor(4),
            self.clock,
            self._pause,
            DeliveryLogger(),
        )

    def happen(self, number: int, subject: str = "T-1") -> Event:
        event = Event("ticket.message", subject, number, self.clock.now, {"n": number})
        self.events.add(event)
        return event

    def deliver(self, *events: Event) -> None:
        self.deliveries.deliver(event.event_id for event in events)

    def state(self, event: Event) -> Delivery:
        return self.events.get(event.event_id)

    def sweep(self) -> None:
        """Do what the sweep and then the stream do."""
        due = [each.event for each in self.events.due(100)]
        self.deliveries.wake_due()
        self.deliver(*due)

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.clock.advance(seconds=seconds)


@pytest.fixture
def post(tables: None) -> Post:
    return Post()


def test_an_event_goes_to_all_who_want_it(post: Post) -> None:
    post.second.types = ("ticket.created",)
    event = post.happen(1)
    post.deliver(event)
    assert (post.first.heard, post.second.heard) == ([event], [])
    state = post.state(event)
    assert (state.status, set(state.outcomes)) == ("delivered", {"first"})


def test_a_stream_that_is_read_twice_sends_once(post: Post) -> None:
    event = post.happen(1)
    post.deliver(event, event)
    post.deliver(event)
    assert post.first.heard == [event]


def test_the_first_retry_comes_within_half_a_minute_to_those_who_failed(post: Post) -> None:
    post.first.failures = [SendingFailed("answered 500")]
    event = post.happen(1)
    post.deliver(event)
    assert (post.first.heard, post.second.heard) == ([event], [event])
    assert 1 < sum(post.paused) < 10, "all that happens meanwhile waits, too"
    assert post.state(event).status == "delivered"


def test_who_hangs_keeps_others_waiting_once_a_round(post: Post) -> None:
    post.first.is_down, post.first.before = True, lambda: post.clock.advance(seconds=10)
    events = [post.happen(1, f"T-{n}") for n in range(20)]
    post.deliver(*events)
    assert post.second.heard == events
    assert post.clock.now - START < timedelta(seconds=30)
    assert {post.state(each).status for each in events} == {"pending"}
    post.first.is_down, post.first.before = False, lambda: None
    post.clock.advance(minutes=5)
    post.sweep()
    assert sorted(each.subject for each in post.first.heard) == sorted(each.subject for each in events)


def test_waits_grow_to_an_hour_and_differ(post: Post) -> None:
    for attempts, planned in enumerate([*WAITS, LONGEST_WAIT, LONGEST_WAIT], 1):
        waits = {wait(attempts) for _ in range(20)}
        assert len(waits) > 1
        assert all(planned * (1 - JITTER) <= each <= planned * (1 + JITTER) for each in waits)


def test_an_endpoint_that_is_down_for_a_day_is_given_up(post: Post) -> None:
    post.first.is_down = True
    event = post.happen(1)
    post.deliver(event)
    while post.state(event).status == "pending":
        post.clock.now = max(post.clock.now, post.state(event).due_at)
        post.sweep()
    assert timedelta() <= post.clock.now - START - TRIED_FOR < LONGEST_WAIT * 2
    state = post.state(event)
    assert (state.status, state.outcomes["first"].reason) == ("failed", "answered 500")
    assert 20 < state.attempts < 40
    assert post.second.heard == [event]


def test_what_was_given_up_is_sent_again_only_to_those_who_lack_it(post: Post) -> None:
    post.first.failures = [SendingRefused("answered 410")]
    event = post.happen(1)
    post.deliver(event)
    assert (post.state(event).status, post.paused) == ("failed", [])
    post.events.resend(event.event_id)
    post.deliver(event)
    assert (post.first.heard, post.second.heard) == ([event], [event])
    assert post.state(event).status == "delivered"


def test_events_of_a_subject_wait_for_the_one_before_only_where_it_failed(post: Post) -> None:
    post.first.is_down = True
    one, two, three = (post.happen(n) for n in (1, 2, 3))
    other = post.happen(1, "T-2")
    post.deliver(one, two, three, other)
    assert (post.first.heard, post.second.heard) == ([], [one, two, three, other])
    post.first.is_down = False
    post.clock.advance(hours=2)
    post.sweep()
    assert [each for each in post.first.heard if each.subject == "T-1"] == [one, two, three]
    assert other in post.first.heard


def test_events_that_come_out_of_order_go_out_in_order(post: Post) -> None:
    one, two, three = (post.happen(n) for n in (1, 2, 3))
    post.deliver(three)
    post.deliver(two)
    post.deliver(one)
    assert post.first.heard == [one, two, three]


def test_one_that_is_given_up_lets_those_behind_it_go(post: Post) -> None:
    post.first.failures = [SendingRefused("answered 410")]
    one, two = post.happen(1), post.happen(2)
    post.deliver(one, two)
    assert post.first.heard == [two]


def test_a_receiver_whose_time_has_not_come_keeps_nobody_waiting(post: Post) -> None:
    post.second.waits = timedelta(minutes=2)
    one, two = post.happen(1), post.happen(2)
    post.deliver(one, two)
    assert (post.first.heard, post.second.heard, post.paused) == ([one, two], [], [])
    state = post.state(one)
    assert (state.status, state.attempts, set(state.outcomes)) == ("pending", 0, {"first"})
    assert state.due_at == START + timedelta(minutes=2)
    post.clock.advance(minutes=1)
    post.sweep()
    assert post.second.heard == []
    post.clock.advance(minutes=2)
    post.sweep()
    assert (post.first.heard, post.second.heard) == ([one, two], [one, two])
    assert [post.state(each).status for each in (one, two)] == ["delivered", "delivered"]


def test_waiting_for_one_does_not_put_off_the_retry_of_another(post: Post) -> None:
    post.first.failures = [SendingFailed("answered 500")]
    post.second.waits = timedelta(minutes=2)
    event = post.happen(1)
    post.deliver(event)
    assert post.first.heard == [event]
    assert sum(post.paused) < 30
    post.first.failures = [SendingFailed("answered 500")] * 5
    other = post.happen(1, "T-2")
    post.deliver(other)
    assert post.state(other).due_at - post.clock.now < timedelta(minutes=2)


def test_what_need_not_be_told_any_more_is_settled_and_says_why(post: Post) -> None:
    post.first.not_needed = "the customer has read it"
    event = post.happen(1)
    post.deliver(event)
    state = post.state(event)
    assert (state.status, state.outcomes["first"].reason) == ("delivered", "the customer has read it")


def test_an_event_that_another_call_has_claimed_is_left_to_it(post: Post) -> None:
    event = post.happen(1)
    post.first.before = lambda: post.deliver(event)
    post.deliver(event)
    assert post.first.heard == [event]


def test_a_call_that_dies_loses_nothing(post: Post) -> None:
    event = post.happen(1)
    assert post.events.claim(post.state(event))
    post.sweep()
    assert post.first.heard == []
    post.clock.advance(minutes=3)
    post.sweep()
    assert post.first.heard == [event]


def test_an_endpoint_that_is_taken_away_holds_nothing_up(post: Post) -> None:
    post.first.is_down = True
    one = post.happen(1)
    post.deliver(one)
    post.receivers = [post.second]
    two = post.happen(2)
    post.clock.advance(hours=1)
    post.sweep()
    assert [post.state(each).status for each in (one, two)] == ["delivered", "delivered"]


def test_an_event_that_was_erased_meanwhile_is_not_told_again(post: Post) -> None:
    post.first.is_down = True
    event = post.happen(1)
    post.deliver(event)
    post.events.erase("T-1", [1])
    post.first.is_down = False
    post.clock.advance(hours=1)
    post.sweep()
    post.deliver(event)
    assert post.first.heard == []


def test_endpoints_that_cannot_be_read_leave_the_events_waiting(post: Post) -> None:
    event = post.happen(1)

    def unreadable() -> list[FakeReceiver]:
        raise Unavailable("secrets")

    broken = replace(post.deliveries, receivers=unreadable)
    with pytest.raises(Unavailable):
        broken.deliver([event.event_id])
    assert post.state(event).status == "pending"
    post.sweep()
    assert post.first.heard == [event]


def test_a_call_begins_nothing_new_when_its_time_is_up(post: Post) -> None:
    post.first.before = lambda: post.clock.advance(minutes=3)
    events = [post.happen(n) for n in (1, 2)]
    post.deliver(*events)
    assert post.first.heard == events[:1]
    post.sweep()
    assert post.first.heard == events


def test_an_id_that_no_event_has_is_passed_over(post: Post) -> None:
    post.deliveries.deliver([event_id_of("T-9", 1)])
    assert post.first.heard == []
