"""The numbers equal a recount from the conversations, in whatever order things come, fail and come again.

The stream's function, the sweep and refused requests run as workers that stop before and after every call of
the store. The machine chooses who goes on, who dies there, which call fails, and what is said meanwhile.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from bench.week.recount import History
from chalicelib.domain.conversation import (
    Citation,
    Exchange,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Rating,
    Usage,
)
from chalicelib.errors import Unavailable
from chalicelib.insight.counting import Counting
from tests.fakes import FakeClock
from tests.insight_fakes import QUIET, ChangeStream, FakeNumbers
from tests.interleaving import Fault, Stage, Stepwise, Worker

BATCH = 3
TO_THE_END = 99
SOURCE = Citation(1, "Reset", None, "Choose…", 0.5)
ANSWERS: dict[str, dict[str, Any]] = {
    "answered": {"citations": (SOURCE,)},
    "unanswered": {"unanswered": True},
    "blocked": {"guardrail": GuardrailVerdict(True, ("topic:Legal advice",))},
    "thanks": {},
    "handed over": {"handed_over": HandOverTicket("T-1", "customer_request")},
    "given up": {"unanswered": True, "handed_over": HandOverTicket("T-2", "missing_knowledge")},
    "an agent's": {"author": "Jo", "question": ""},
}
SESSIONS = ("s1", "s2")


sessions = st.sampled_from(SESSIONS)
steps = st.integers(1, 9) | st.just(TO_THE_END)
faults: st.SearchStrategy[Fault] = st.sampled_from(["none", "none", "none", "refused", "answer lost"])


class CountingMachine(RuleBasedStateMachine):
    """Interleaves everything that can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.stage = FakeClock(), Stage()
        self.numbers, self.stream, self.history = FakeNumbers(self.clock), ChangeStream(), History()
        store = cast("FakeNumbers", Stepwise(self.stage, self.numbers, Unavailable("insights")))
        self.counting = Counting(store, QUIET, self.clock, cast("Any", _NoLog()))
        self.position = 0
        self.workers: list[Worker] = []

    @rule(session_id=sessions, kind=st.sampled_from(sorted(ANSWERS)), question=st.sampled_from("ab"))
    def say(self, session_id: str, kind: str, question: str) -> None:
        """Let something be said."""
        self.clock.advance(seconds=1)
        given = {"question": question, "answer": "…", "model": "fake", "usage": Usage(10), **ANSWERS[kind]}
        exchange = Exchange(
            session_id,
            f"m{self.clock.now.timestamp()}",
            self.clock.now,
            **given,
            took_ms=900,
            costs_micro_usd={"chat": 7},
        )
        self.stream.put(exchange)
        self.history.write(exchange)

    @rule(session_id=sessions, which=st.integers(0, 3), rating=st.sampled_from(["up", "down"]))
    def rate(self, session_id: str, which: int, rating: Rating) -> None:
        """Let one of the newest messages be rated."""
        newest = self.stream.of(session_id)[-4:]
        if which < len(newest):
            rated = replace(newest[which], feedback=Feedback(rating, None, self.clock.now))
            self.stream.put(rated)
            self.history.write(rated)

    @rule(session_id=sessions)
    def erase(self, session_id: str) -> None:
        """Let a conversation be erased."""
        was_there = any(not each.author for each in self.stream.of(session_id))
        self.stream.erase(session_id)
        if was_there:
            self.history.erase(session_id)

    @rule(hours=st.sampled_from([1, 12, 24, 30, 24 * 7, 24 * 8]))
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.drain()
        self.clock.advance(hours=hours)

    @precondition(lambda self: self.position == len(self.stream.changes))
    @rule(session_id=sessions)
    def refuse(self, session_id: str) -> None:
        """Let a message be refused by a limit; what was said before is counted by then."""
        self.clock.advance(seconds=1)
        self.history.refuse(session_id, self.clock.now)
        self.counting.refuse(session_id, "caller", self.clock.now)

    @rule()
    def begin_batch(self) -> None:
        """Let the stream's function be called."""
        self._start(self._take_batch)

    @rule()
    def begin_sweep(self) -> None:
        """Let the minute come."""
        self._start(self.counting.judge_due)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 3), count=steps, fault=faults)
    def go_on(self, which: int, count: int, fault: Fault) -> None:
        """Let a worker go on."""
        worker = self.workers[which % len(self.workers)]
        worker.go_on(count, fault)
        self.workers = [each for each in self.workers if not each.is_done]

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 3))
    def kill(self, which: int) -> None:
        """Let a worker die."""
        self.workers.pop(which % len(self.workers)).die()

    def drain(self) -> None:
        """Let everything end that is under way."""
        while self.workers:
            self.go_on(0, TO_THE_END, "none")
        while self.position < len(self.stream.changes):
            self._take_batch()
        self.counting.judge_due()

    def teardown(self) -> None:
        """Compare the numbers with a recount."""
        self.drain()
        counted = {key: n for key, n in self.numbers.all_numbers().items() if "latency" not in key[1]}
        assert counted == self.history.recount(self.clock.now, QUIET)

    def _take_batch(self) -> None:
        """Count a batch; one that fails comes again, and one that was slow may come twice at once."""
        begins = self.position
        batch = self.stream.changes[begins : begins + BATCH]
        self.counting.count(batch)
        self.position = max(self.position, begins + len(batch))

    def _start(self, work: Callable[[], object]) -> None:
        if len(self.workers) < 3:
            self.workers.append(Worker(self.stage, work))


class _NoLog:
    def judged(self, _conversations: int) -> None:
        """Say nothing."""


TestCounting = CountingMachine.TestCase
TestCounting.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
