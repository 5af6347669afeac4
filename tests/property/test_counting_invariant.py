"""The numbers equal a recount from the conversations, in whatever order things come, fail and come again.

The stream's function, the sweep and refused requests run as workers that stop before and after every call of
the store. The machine chooses who goes on, who dies there, which call fails, and what is said meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

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

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
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


@dataclass
class Conversation:
    """What really happened in a conversation; `told` has its exchanges by their time."""

    began_at: datetime
    told: dict[datetime, Exchange] = field(default_factory=dict)
    refusals: list[datetime] = field(default_factory=list)
    is_erased: bool = False

    @property
    def last_at(self) -> datetime:
        return max([self.began_at, *self.told, *self.refusals])


@dataclass
class History:
    """The conversations of each session, and all that was ever answered."""

    conversations: dict[str, list[Conversation]] = field(default_factory=lambda: {s: [] for s in SESSIONS})
    answers: dict[tuple[str, datetime], Exchange] = field(default_factory=dict)

    def current(self, session_id: str, moment: datetime) -> Conversation:
        """Return the conversation that goes on in a session, or a new one."""
        known = self.conversations[session_id]
        if not known or known[-1].is_erased or moment - known[-1].last_at > WEEK:
            known.append(Conversation(moment))
        return known[-1]

    def write(self, exchange: Exchange) -> None:
        """Note an exchange, or its rating."""
        if exchange.author:
            return
        key, known = (exchange.session_id, exchange.timestamp), self.conversations[exchange.session_id]
        is_new = key not in self.answers
        self.answers[key] = exchange
        if is_new:
            self.current(*key).told[exchange.timestamp] = exchange
        elif exchange.timestamp in known[-1].told and not known[-1].is_erased:
            known[-1].told[exchange.timestamp] = exchange

    def recount(self, now: datetime) -> dict[tuple[date, str], int]:
        """Return the numbers by counting all that happened once more."""
        counts: Counter[tuple[date, str]] = Counter()
        for conversations in self.conversations.values():
            for each in conversations:
                is_over = each is not conversations[-1] or each.is_erased or each.last_at + QUIET <= now
                day = each.began_at.date()
                counts[day, "conversations:started"] += 1
                counts[day, f"conversations:{_outcome(each) if is_over else 'open'}"] += 1
        for exchange in self.answers.values():
            day = exchange.timestamp.date()
            counts[day, "tokens:input"] += exchange.usage.input_tokens
            counts[day, "feature:chat"] += exchange.costs_micro_usd["chat"]
            counts[day, "model:fake"] += exchange.costs_micro_usd["chat"]
            counts[day, "latency:1000"] += 1
            if exchange.feedback:
                counts[day, f"feedback:{exchange.feedback.rating}"] += 1
        return {key: count for key, count in counts.items() if count}


def _outcome(conversation: Conversation) -> str:
    told = [each for _, each in sorted(conversation.told.items())]
    reasons = [each.handed_over.reason for each in told if each.handed_over]
    if reasons:
        return f"handed_over:{reasons[0]}"
    results = {each.timestamp: each for each in told if each.citations or each.unanswered}
    blocked = [each.timestamp for each in told if each.guardrail.intervened]
    refused_at = max([*blocked, *conversation.refusals], default=None)
    answered_at = max(results, default=None)
    if refused_at and (answered_at is None or answered_at <= refused_at):
        return "refused"
    asked: dict[str, list[datetime]] = {}
    for each in told:
        if each.citations or each.unanswered or each.guardrail.intervened:
            asked.setdefault(each.question, []).append(each.timestamp)
    is_again = any(b - a < DAY for times in asked.values() for a, b in pairwise(times))
    is_down = any(each.feedback and each.feedback.rating == "down" for each in told)
    is_answered = answered_at is not None and bool(results[answered_at].citations)
    return "resolved" if is_answered and not is_down and not is_again else "abandoned"


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
            self.history.conversations[session_id][-1].is_erased = True

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
        self.history.current(session_id, self.clock.now).refusals.append(self.clock.now)
        self.counting.refuse(session_id, self.clock.now)

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
        assert self.numbers.all_numbers() == self.history.recount(self.clock.now)

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
