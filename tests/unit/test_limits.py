"""How much one caller may ask, and how much the stage may spend."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from chalicelib.chat.limits import (
    CHECKS_PER_MINUTE,
    DAY,
    EXCHANGES_A_VISIT,
    HAND_OVERS_PER_HOUR,
    MOST_REFUSED,
    Admission,
    LimitOptions,
    Limits,
)
from chalicelib.chat.spending import NOTHING, Spend
from chalicelib.errors import BudgetReached, TooManyRequests, Unavailable
from chalicelib.stores.state import OwnCounters
from tests.fakes import FakeClock, FakeCounters, FakeEvents

JO, KIM = "customer#CUST-1001", "address#203.0.113.7"
TURN = Spend(tokens=100, micro_usd=50)


@dataclass
class Gate:
    """Limits with their clock and counters at hand."""

    requests_per_minute: int = 0
    tokens_per_day: int = 0
    budget_micro_usd: int = 0
    visits_per_minute: int = 0
    visits_per_day: int = 0
    clock: FakeClock = field(default_factory=FakeClock)
    counters: FakeCounters = field(default_factory=FakeCounters)
    events: FakeEvents = field(default_factory=FakeEvents)
    budgets_reached: int = 0

    def __post_init__(self) -> None:
        options = LimitOptions(
            self.requests_per_minute,
            self.tokens_per_day,
            self.budget_micro_usd,
            self.visits_per_minute,
            self.visits_per_day,
        )
        self.limits = Limits(self.counters, OwnCounters(), options, self.clock, self.events.add, self._note)

    def admit(self, caller: str = JO, estimate: Spend = TURN) -> Admission:
        return self.limits.admit(caller, estimate)

    def spend(self, used: Spend, caller: str = JO) -> None:
        """Have a turn admitted that consumes so much."""
        self.limits.settle(self.admit(caller, used), used)

    def refusal(self, caller: str = JO, estimate: Spend = TURN) -> TooManyRequests:
        """Return the refusal that the caller gets."""
        with pytest.raises(TooManyRequests) as refused:
            self.admit(caller, estimate)
        return refused.value

    def _note(self) -> None:
        self.budgets_reached += 1


def test_requests_up_to_the_limit_are_admitted_for_each_caller() -> None:
    gate = Gate(requests_per_minute=3)
    for caller in (JO, JO, JO, KIM):
        gate.admit(caller)
    assert "faster" in str(gate.refusal(JO))
    gate.admit(KIM)


@pytest.mark.parametrize(("into_the_minute", "wait"), [(0, 60), (0.5, 60), (1, 59), (42, 18), (59.999, 1)])
def test_a_refusal_says_when_the_minute_ends_and_the_next_is_free(into_the_minute: float, wait: int) -> None:
    gate = Gate(requests_per_minute=1)
    gate.clock.advance(seconds=into_the_minute)
    gate.admit()
    assert gate.refusal().retry_after_seconds == wait
    gate.clock.advance(seconds=wait)
    gate.admit()


def test_tokens_are_reserved_before_they_are_used() -> None:
    gate = Gate(tokens_per_day=150)
    gate.admit()
    gate.admit()
    assert "today" in str(gate.refusal())
    gate.admit(KIM)


def test_tokens_that_were_not_used_are_given_back() -> None:
    gate = Gate(tokens_per_day=100)
    for used in (20, 40, 39):
        gate.limits.settle(gate.admit(), Spend(tokens=used))
    gate.limits.settle(gate.admit(), Spend(tokens=1))
    gate.refusal()


def test_tokens_beyond_what_was_reserved_are_counted_too() -> None:
    gate = Gate(tokens_per_day=150)
    gate.limits.settle(gate.admit(), Spend(tokens=150))
    gate.refusal()


def test_the_day_ends_at_midnight_utc() -> None:
    gate = Gate(tokens_per_day=1000)
    gate.spend(Spend(tokens=1000))
    assert gate.refusal().retry_after_seconds == 12 * 3600
    gate.clock.advance(hours=12)
    gate.admit()


def test_a_turn_over_midnight_is_settled_on_the_day_of_its_start() -> None:
    gate = Gate(tokens_per_day=1000)
    gate.clock.advance(hours=11, minutes=59)
    late = gate.admit(estimate=Spend(tokens=900))
    gate.clock.advance(minutes=2)
    gate.limits.settle(late, Spend(tokens=100))
    gate.admit(estimate=Spend(tokens=1000))
    gate.refusal()


def test_the_budget_is_one_for_all_callers() -> None:
    gate = Gate(budget_micro_usd=100)
    gate.admit(JO)
    gate.admit(KIM)
    refusal = gate.refusal("address#198.51.100.9")
    assert isinstance(refusal, BudgetReached)
    assert refusal.retry_after_seconds == 12 * 3600


def test_the_budget_is_spent_as_soon_as_the_next_turn_is_refused() -> None:
    gate = Gate(budget_micro_usd=100)
    for _ in range(2):
        assert not gate.limits.is_budget_spent()
        gate.admit()
    assert gate.limits.is_budget_spent()
    gate.clock.advance(hours=12)
    assert not gate.limits.is_budget_spent()


def test_without_a_budget_none_is_ever_spent() -> None:
    gate = Gate()
    gate.spend(TURN)
    assert not gate.limits.is_budget_spent()


def test_that_the_budget_is_reached_is_said_once_a_day() -> None:
    gate = Gate(budget_micro_usd=50)
    gate.admit()
    for _ in range(3):
        gate.refusal()
        gate.clock.advance(minutes=1)
    assert gate.budgets_reached == 1
    gate.clock.advance(days=1)
    gate.admit()
    gate.refusal()
    assert gate.budgets_reached == 2
    assert [event.type for event in gate.events.kept] == ["budget.reached"] * 2
    assert gate.events.kept[0].data == {"budget_usd": 50 / 1_000_000}


def test_an_event_of_the_budget_that_could_not_be_kept_is_kept_later() -> None:
    gate = Gate(budget_micro_usd=50)
    gate.admit()
    gate.events.down = Unavailable("events")
    gate.refusal()
    gate.events.down = None
    gate.clock.advance(minutes=1)
    gate.refusal()
    assert len(gate.events.kept) == 1


def test_what_running_turns_give_back_to_the_budget_is_soon_found() -> None:
    gate = Gate(budget_micro_usd=50)
    running = gate.admit()
    gate.refusal()
    gate.limits.settle(running, Spend(micro_usd=5))
    gate.refusal()
    gate.clock.advance(seconds=5)
    gate.admit()


@pytest.mark.parametrize(
    "gate", [Gate(requests_per_minute=1), Gate(tokens_per_day=100), Gate(budget_micro_usd=50)]
)
def test_a_refusal_costs_one_write_and_the_next_none(gate: Gate) -> None:
    gate.admit()
    before = gate.counters.writes
    gate.refusal()
    assert gate.counters.writes == before + 1
    for _ in range(80):
        gate.refusal()
    assert gate.counters.writes == before + 1


def test_a_later_refusal_gives_back_what_was_reserved_before() -> None:
    gate = Gate(tokens_per_day=100, budget_micro_usd=50)
    gate.admit(KIM)
    gate.refusal(JO)
    assert gate.counters.value(f"tokens#{JO}", gate.clock(), DAY) == 0


def test_limits_of_zero_are_off_and_cost_no_call() -> None:
    gate = Gate()
    gate.counters.down = Unavailable("counters")
    admission = gate.admit()
    gate.limits.settle(admission, TURN)
    assert admission.outage is None


def test_counters_out_of_reach_leave_each_container_a_tenth() -> None:
    gate = Gate(requests_per_minute=20, budget_micro_usd=10_000)
    gate.counters.down = Unavailable("counters")
    assert [gate.admit().outage for _ in range(2)] == [gate.counters.down] * 2
    gate.refusal()
    gate.admit(KIM)
    gate.counters.down = None
    gate.clock.advance(seconds=5)
    assert gate.admit().outage is None


def test_a_budget_out_of_reach_bounds_what_a_container_spends() -> None:
    gate = Gate(budget_micro_usd=1000)
    gate.counters.down = Unavailable("counters")
    for _ in range(2):
        gate.limits.settle(gate.admit(), TURN)
    assert isinstance(gate.refusal(), BudgetReached)
    assert gate.budgets_reached == 1


def test_checks_are_few_for_each_caller() -> None:
    gate = Gate(visits_per_minute=120)
    for _ in range(CHECKS_PER_MINUTE):
        gate.limits.admit_check(JO)
    with pytest.raises(TooManyRequests):
        gate.limits.admit_check(JO)
    gate.limits.admit_check(KIM)


def test_visits_are_limited_by_the_day_too_and_a_refusal_is_remembered() -> None:
    gate = Gate(visits_per_minute=10, visits_per_day=12)
    for n in range(12):
        gate.clock.advance(minutes=n // 10)
        gate.limits.admit_visit(JO)
    before = gate.counters.writes
    for wait in (12 * 3600 - 120, 11 * 3600 - 120):
        with pytest.raises(TooManyRequests, match="today") as refused:
            gate.limits.admit_visit(JO)
        assert refused.value.retry_after_seconds == wait
        gate.clock.advance(hours=1)
    assert gate.counters.writes == before + 3
    gate.limits.admit_visit(KIM)


def test_a_visit_to_a_long_conversation_counts_for_its_length() -> None:
    gate = Gate(visits_per_day=10)
    for exchanges in (0, 1, EXCHANGES_A_VISIT):
        gate.limits.admit_visit(JO)
        gate.limits.count_length(JO, exchanges)
    gate.limits.admit_visit(JO)
    gate.counters.down = Unavailable("counters")
    gate.limits.count_length(JO, 10 * EXCHANGES_A_VISIT)
    gate.counters.down = None
    gate.limits.count_length(JO, 6 * EXCHANGES_A_VISIT + 1)
    with pytest.raises(TooManyRequests):
        gate.limits.admit_visit(JO)
    Gate().limits.count_length(JO, 1000)


def test_a_ticket_takes_from_the_budget_and_is_told_when_it_is_spent() -> None:
    gate = Gate(budget_micro_usd=100)
    assert [gate.limits.admit_ticket(Spend(micro_usd=60)) for _ in range(3)] == [True, True, False]
    assert gate.budgets_reached == 1
    gate.clock.advance(days=1)
    gate.counters.down = Unavailable("counters")
    assert [gate.limits.admit_ticket(Spend(micro_usd=60)) for _ in range(2)] == [True, False]


def test_a_caller_over_a_limit_may_still_open_a_few_tickets() -> None:
    gate = Gate(requests_per_minute=1)
    assert [gate.limits.admit_hand_over(JO) for _ in range(HAND_OVERS_PER_HOUR + 1)] == [True] * 3 + [False]
    assert gate.limits.admit_hand_over(KIM)
    gate.clock.advance(hours=1)
    gate.counters.down = Unavailable("counters")
    assert gate.limits.admit_hand_over(JO)


def test_no_more_refused_callers_are_remembered_than_there_is_room_for() -> None:
    gate = Gate(requests_per_minute=1)
    for n in range(MOST_REFUSED + 10):
        gate.admit(f"address#{n}")
        gate.refusal(f"address#{n}")
    assert len(gate.limits._refused_until) <= MOST_REFUSED


def test_many_turns_at_once_stay_within_every_limit() -> None:
    gate = Gate(requests_per_minute=150, tokens_per_day=9_000, budget_micro_usd=5_000)

    def turn(n: int) -> Spend:
        try:
            admission = gate.admit(f"address#{n % 3}")
        except TooManyRequests:
            return NOTHING
        used = Spend(tokens=90, micro_usd=45)
        gate.limits.settle(admission, used)
        return used

    with ThreadPoolExecutor(32) as threads:
        used = list(threads.map(turn, range(200)))
    assert 5_000 - 32 * TURN.micro_usd <= sum(each.micro_usd for each in used) < 5_000 + TURN.micro_usd
    assert gate.counters.value("budget", gate.clock(), DAY) == sum(each.micro_usd for each in used)
