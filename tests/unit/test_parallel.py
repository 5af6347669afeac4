"""Calls side by side: one deadline, and a note of what a turn has to do without."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import ModelUnavailable, TooManyRequests, Unavailable
from chalicelib.parallel import Call, Deadline, Parallel


class Notes:
    """A group of calls with what was noted about them; `gate` holds up those who wait for it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.executor = ThreadPoolExecutor(2)
        self.noted: list[tuple[str, str]] = []
        self.calls = Parallel(self.executor, lambda name, e: self.noted.append((name, e.dependency)))

    def wait_for_gate(self) -> str:
        """Return when the gate opens."""
        assert self.gate.wait(5)
        return "late"


@pytest.fixture
def notes() -> Iterator[Notes]:
    group = Notes()
    yield group
    group.gate.set()
    group.executor.shutdown()


def fail(error: Exception) -> None:
    raise error


def test_a_result_in_time_is_returned_and_nothing_noted(notes: Notes) -> None:
    assert (
        notes.calls.settle(notes.calls.start("history", lambda: "found"), "default", Deadline(5)) == "found"
    )
    assert notes.calls.degraded == ()
    assert notes.noted == []


def test_arguments_are_passed_on(notes: Notes) -> None:
    assert notes.calls.start("sum", lambda a, b: a - b, 5, 3).result(5) == 2


def test_calls_run_side_by_side(notes: Notes) -> None:
    both = threading.Barrier(2, timeout=5)
    first, second = (notes.calls.start(name, both.wait) for name in ("a", "b"))
    assert {first.result(5), second.result(5)} == {0, 1}


def test_what_cannot_be_reached_is_replaced_and_noted(notes: Notes) -> None:
    call = notes.calls.start("storage", fail, Unavailable("counters"))
    assert notes.calls.settle(call, "default", Deadline(5)) == "default"
    assert notes.calls.degraded == ("storage",)
    assert notes.noted == [("storage", "counters")]


def test_what_is_too_slow_is_replaced_and_noted(notes: Notes) -> None:
    call = notes.calls.start("sentiment", notes.wait_for_gate)
    assert notes.calls.settle(call, None, Deadline(0.01)) is None
    assert notes.noted == [("sentiment", "sentiment")]


def test_what_fails_twice_is_listed_once_in_the_order_of_failing(notes: Notes) -> None:
    for name in ("storage", "customer", "storage"):
        notes.calls.settle(notes.calls.start(name, fail, Unavailable(name)), None, Deadline(5))
    assert notes.calls.degraded == ("storage", "customer")


@pytest.mark.parametrize("error", [TooManyRequests("Slow down.", 5), ValueError("a bug"), KeyError("a bug")])
def test_other_failures_are_not_hidden(notes: Notes, error: Exception) -> None:
    with pytest.raises(type(error)):
        notes.calls.settle(notes.calls.start("storage", fail, error), None, Deadline(5))
    assert notes.calls.degraded == ()


def test_a_call_without_default_raises_what_it_raised(notes: Notes) -> None:
    with pytest.raises(ModelUnavailable):
        notes.calls.start("model", fail, ModelUnavailable()).result(5)


def test_a_call_without_default_that_is_too_slow_is_unavailable(notes: Notes) -> None:
    with pytest.raises(Unavailable) as slow:
        notes.calls.start("model", notes.wait_for_gate).result(0)
    assert slow.value.dependency == "model"


def test_a_call_that_did_not_begin_in_time_never_begins(notes: Notes) -> None:
    begun = threading.Event()
    for _ in range(2):
        notes.calls.start("busy", notes.wait_for_gate)
    waiting: Call[None] = notes.calls.start("waiting", begun.set)
    with pytest.raises(Unavailable):
        waiting.result(0)
    notes.gate.set()
    notes.executor.shutdown()
    assert not begun.is_set()


def test_a_deadline_counts_down_and_stops_at_zero() -> None:
    now = [100.0]
    deadline = Deadline(26, clock=lambda: now[0])
    assert deadline.remaining_seconds() == 26
    assert deadline.remaining_seconds(reserved_seconds=6) == 20
    now[0] = 121
    assert deadline.remaining_seconds(reserved_seconds=6) == 0
    assert deadline.remaining_seconds() == 5
    now[0] = 200
    assert deadline.remaining_seconds() == 0


def test_a_step_ends_with_its_turn_at_the_latest() -> None:
    now = 100.0
    turn = Deadline(10, lambda: now)
    assert turn.within(3).remaining_seconds() == 3
    assert turn.within(30).remaining_seconds() == 10
    now = 109.0
    assert turn.within(3).remaining_seconds() == 1
    now = 120.0
    assert turn.within(3).remaining_seconds() == 0
