"""How much one caller may ask."""

import pytest

from chalicelib.chat.limits import Limits
from chalicelib.errors import TooManyRequests, Unavailable
from tests.fakes import FakeClock, FakeCounters

JO, KIM = "customer#CUST-1001", "address#203.0.113.7"


class Gate:
    """Limits with their clock and counters at hand."""

    def __init__(self, requests_per_minute: int = 0, tokens_per_day: int = 0) -> None:
        self.clock = FakeClock()
        self.counters = FakeCounters()
        self.limits = Limits(self.counters, requests_per_minute, tokens_per_day, self.clock)

    def refusal(self, caller: str = JO) -> TooManyRequests:
        """Return the refusal that the caller gets."""
        with pytest.raises(TooManyRequests) as refused:
            self.limits.admit(caller)
        return refused.value


def test_requests_up_to_the_limit_are_admitted_for_each_caller() -> None:
    gate = Gate(requests_per_minute=3)
    for caller in (JO, JO, JO, KIM):
        gate.limits.admit(caller)
    assert "faster" in str(gate.refusal(JO))
    gate.limits.admit(KIM)


@pytest.mark.parametrize(("into_the_minute", "wait"), [(0, 60), (0.5, 60), (1, 59), (42, 18), (59.999, 1)])
def test_a_refusal_says_when_the_minute_ends_and_the_next_is_free(into_the_minute: float, wait: int) -> None:
    gate = Gate(requests_per_minute=1)
    gate.clock.advance(seconds=into_the_minute)
    gate.limits.admit(JO)
    assert gate.refusal().retry_after_seconds == wait
    gate.clock.advance(seconds=wait)
    gate.limits.admit(JO)


def test_tokens_are_admitted_until_the_days_limit_is_reached() -> None:
    gate = Gate(tokens_per_day=1000)
    gate.limits.record(JO, 999)
    gate.limits.admit(JO)
    gate.limits.record(JO, 1)
    assert "today" in str(gate.refusal())
    gate.limits.admit(KIM)


def test_the_day_ends_at_midnight_utc() -> None:
    gate = Gate(tokens_per_day=1000)
    gate.limits.record(JO, 1000)
    assert gate.refusal().retry_after_seconds == 12 * 3600
    gate.clock.advance(hours=12)
    gate.limits.admit(JO)


def test_limits_of_zero_are_off_and_cost_no_call() -> None:
    gate = Gate(requests_per_minute=0, tokens_per_day=0)
    gate.counters.down = Unavailable("counters")
    gate.limits.admit(JO)
    gate.limits.record(JO, 1000)


def test_an_answer_without_tokens_costs_no_call() -> None:
    gate = Gate(tokens_per_day=1)
    gate.counters.down = Unavailable("counters")
    gate.limits.record(JO, 0)


@pytest.mark.parametrize("gate", [Gate(requests_per_minute=1), Gate(tokens_per_day=1)])
def test_that_nobody_can_count_is_for_the_caller_to_decide(gate: Gate) -> None:
    gate.counters.down = Unavailable("counters")
    with pytest.raises(Unavailable):
        gate.limits.admit(JO)
