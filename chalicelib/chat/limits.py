"""What may be asked and spent: by one caller in a minute and a day, and by the whole stage in a day.

Before a turn spends anything, it is counted and what it is expected to cost is reserved; afterwards the
difference to what it did cost is given back. A turn is admitted while its counters are below their limits: so
a limit can be used up, and turns that come at once overshoot it by the last one's cost at most.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.chat.spending import MICRO, NOTHING, Spend
from chalicelib.domain.event import Event
from chalicelib.domain.protocols import CounterStore
from chalicelib.errors import BudgetReached, SpentForToday, TooManyRequests, Unavailable
from chalicelib.times import to_millis

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAY_MILLIS = DAY // timedelta(milliseconds=1)
CHECKS_PER_MINUTE = 2
EXCHANGES_A_VISIT = 20
"""A visit to a longer conversation counts again for each so many."""
HAND_OVERS_PER_HOUR = 3
"""How many tickets a caller may still open when over a limit: a person needs one."""
OWN_SHARE = 10
"""While the counters are out of reach, each container lets through a tenth of every limit."""
RECHECK = timedelta(seconds=5)
"""How soon a container asks again about what may have been given back."""
MOST_REFUSED = 10_000
"""How many callers a container remembers as refused."""
BUDGET = "budget"
LIMIT_OF_TODAY = "You have reached today's limit of this chat."


@dataclass(frozen=True)
class LimitOptions:
    """The limits; 0 is off and costs no call. Tokens and dollars are counted by UTC day."""

    requests_per_minute: int
    tokens_per_day: int
    budget_micro_usd: int
    visits_per_minute: int = 0
    visits_per_day: int = 0


@dataclass(frozen=True)
class Admission:
    """The right to spend up to what is reserved; `outage` is why it was not counted in common."""

    caller: str
    admitted_at: datetime
    reserved: Spend
    outage: Unavailable | None = None


@dataclass(frozen=True)
class Limits:
    """Counts in fixed windows of UTC time. `own` counts for this container alone.

    That the stage's budget is spent is an event of the day, for which `announce` says whether it is new; then
    `budget_reached` is told.
    """

    counters: CounterStore
    own: CounterStore
    options: LimitOptions
    clock: Callable[[], datetime]
    announce: Callable[[Event], bool]
    budget_reached: Callable[[], None]
    _refused_until: dict[str, datetime] = field(default_factory=dict)

    def admit(self, caller: str, estimate: Spend, outage: Unavailable | None = None) -> Admission:
        """Count a request and reserve what it is expected to cost.

        A refusal is remembered for a while, so that the next ones cost no call at all. With an `outage`
        of the counters, the container counts for itself.
        Raises TooManyRequests when the caller is over a limit, BudgetReached when the stage is.
        """
        now = self.clock()
        admission = Admission(caller, now, NOTHING, outage)
        options = self.options
        try:
            admission = self._take(admission, "requests", 1, options.requests_per_minute, MINUTE)
            admission = self._take(admission, "tokens", estimate.tokens, options.tokens_per_day, DAY)
            return self._take(admission, BUDGET, estimate.micro_usd, options.budget_micro_usd, DAY)
        except TooManyRequests:
            self._give_back(admission)
            raise

    def admit_visit(self, caller: str) -> None:
        """Count a request that asks no model: to read, rate or erase a conversation. Raises TooManyRequests.

        A refusal is remembered to the end of the minute or day.
        """
        visit = Admission(caller, self.clock(), NOTHING)
        visit = self._take(visit, "visits", 1, self.options.visits_per_minute, MINUTE)
        self._take(visit, "daily visits", 1, self.options.visits_per_day, DAY)

    def count_length(self, caller: str, exchanges: int) -> None:
        """Count the visit to a conversation of so many exchanges for more than one, where it is long.

        What a visit costs grows with what it has to read.
        """
        if (more := (exchanges - 1) // EXCHANGES_A_VISIT) < 1 or not self.options.visits_per_day:
            return
        try:
            self.counters.add(f"daily visits#{caller}", more, self.clock(), DAY)
        except Unavailable:
            self.own.add(f"daily visits#{caller}", more, self.clock(), DAY)

    def admit_check(self, caller: str) -> None:
        """Count a look at all that the app depends on, which anybody may ask for. Raises TooManyRequests."""
        most = CHECKS_PER_MINUTE if self.options.visits_per_minute else 0
        self._take(Admission(caller, self.clock(), NOTHING), "checks", 1, most, MINUTE)

    def admit_ticket(self, cost: Spend, outage: Unavailable | None = None) -> bool:
        """Take what is looked up around a ticket from the budget; tell whether there was room for it.

        The ticket itself is never refused. With an `outage` of the counters, the container counts for itself.
        """
        ticket = Admission("", self.clock(), NOTHING, outage)
        try:
            self._take(ticket, BUDGET, cost.micro_usd, self.options.budget_micro_usd, DAY)
        except BudgetReached:
            return False
        return True

    def admit_hand_over(self, caller: str) -> bool:
        """Tell whether a caller who is over a limit may still open a ticket, and count it."""
        now = self.clock()
        try:
            return self.counters.reserve(f"hand-overs#{caller}", 1, HAND_OVERS_PER_HOUR, now, HOUR)
        except Unavailable:
            return self.own.reserve(f"hand-overs#{caller}", 1, HAND_OVERS_PER_HOUR, now, HOUR)

    def is_budget_spent(self) -> bool:
        """Tell whether the next turn would find today's budget spent. Raises Unavailable."""
        budget = self.options.budget_micro_usd
        return bool(budget) and not self.counters.reserve(BUDGET, 0, budget, self.clock(), DAY)

    def settle(self, admission: Admission, used: Spend) -> None:
        """Give back what was reserved and not used, or count what was used beyond it. Raises Unavailable."""
        reserved, counters = admission.reserved, self.own if admission.outage else self.counters
        for name, amount in (
            (f"tokens#{admission.caller}", used.tokens - reserved.tokens if reserved.tokens else 0),
            (BUDGET, used.micro_usd - reserved.micro_usd if reserved.micro_usd else 0),
        ):
            if amount:
                # In the window that it was reserved in: a turn may end after midnight.
                counters.add(name, amount, admission.admitted_at, DAY)

    def _give_back(self, admission: Admission) -> None:
        try:
            self.settle(admission, NOTHING)
        except Unavailable:
            # What stays reserved errs on the side of spending less, and only until the day ends.
            return

    def _take(self, admission: Admission, kind: str, amount: int, limit: int, window: timedelta) -> Admission:
        """Return the admission with more reserved. Raises TooManyRequests."""
        if not limit:
            return admission
        name = BUDGET if kind == BUDGET else f"{kind}#{admission.caller}"
        if admission.admitted_at < self._refused_until.get(name, admission.admitted_at):
            raise _refusal(kind, admission.admitted_at, window)
        try:
            if admission.outage:
                raise admission.outage
            is_taken = self.counters.reserve(name, amount, limit, admission.admitted_at, window)
        except Unavailable as error:
            admission = replace(admission, outage=error)
            is_taken = self.own.reserve(
                name, amount, max(1, limit // OWN_SHARE), admission.admitted_at, window
            )
        if not is_taken:
            self._refuse(name, kind, admission.admitted_at, window, admission.outage)
        reserved = {"tokens": Spend(tokens=amount), BUDGET: Spend(micro_usd=amount)}.get(kind, NOTHING)
        return replace(admission, reserved=admission.reserved + reserved)

    def _refuse(
        self, name: str, kind: str, now: datetime, window: timedelta, outage: Unavailable | None
    ) -> None:
        # Of tokens and the budget, running turns may give something back.
        is_final = kind not in ("tokens", BUDGET) and not outage
        remembered = timedelta(seconds=_seconds_left(now, window)) if is_final else RECHECK
        if kind == BUDGET:
            self._announce(now)
        if len(self._refused_until) >= MOST_REFUSED:
            self._refused_until.clear()
        self._refused_until[name] = now + remembered
        raise _refusal(kind, now, window)

    def _announce(self, now: datetime) -> None:
        """Tell once a day that the budget is reached: whose event is new tells all who should hear it."""
        day, budget_usd = to_millis(now) // DAY_MILLIS, self.options.budget_micro_usd / MICRO
        try:
            is_first = self.announce(Event("budget.reached", BUDGET, day, now, {"budget_usd": budget_usd}))
        except Unavailable:
            # The next refusal that counts tries again.
            is_first = self.own.reserve("budget.reached", 1, 1, now, DAY)
        if is_first:
            self.budget_reached()


def _refusal(kind: str, now: datetime, window: timedelta) -> TooManyRequests:
    wait_seconds = _seconds_left(now, window)
    if kind == BUDGET:
        return BudgetReached(
            "I have answered as much as I may for today. Please come back tomorrow, "
            "or tell me that you would like a person to help you.",
            wait_seconds,
        )
    if kind == "tokens":
        return SpentForToday(LIMIT_OF_TODAY, wait_seconds)
    if kind == "requests":
        sentence = "You are sending messages faster than I can answer. Please wait a moment."
    elif kind in ("visits", "checks"):
        sentence = "You are asking too often. Please wait a moment."
    else:
        sentence = LIMIT_OF_TODAY
    return TooManyRequests(sentence, wait_seconds)


def _seconds_left(now: datetime, window: timedelta) -> int:
    window_seconds = int(window.total_seconds())
    return window_seconds - int(now.timestamp()) % window_seconds
