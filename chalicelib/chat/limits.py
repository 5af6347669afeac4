"""How much one caller may ask: requests a minute, and tokens a day for the cost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.protocols import CounterStore
from chalicelib.errors import TooManyRequests

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """Counts by caller in fixed windows of UTC time; a limit of 0 is off and costs no call."""

    counters: CounterStore
    requests_per_minute: int
    tokens_per_day: int
    clock: Callable[[], datetime]

    def admit(self, caller: str) -> None:
        """Count a request. Raises TooManyRequests when the caller is over a limit, Unavailable."""
        now = self.clock()
        if self.requests_per_minute:
            count = self.counters.add(f"requests#{caller}", 1, now, MINUTE)
            if count > self.requests_per_minute:
                raise TooManyRequests(
                    "You are sending messages faster than I can answer. Please wait a moment.",
                    _seconds_left(now, MINUTE),
                )
        if self.tokens_per_day and self.counters.value(f"tokens#{caller}", now, DAY) >= self.tokens_per_day:
            raise TooManyRequests("You have reached today's limit of this chat.", _seconds_left(now, DAY))

    def record(self, caller: str, tokens: int) -> None:
        """Count the tokens of an answer. Raises Unavailable."""
        if self.tokens_per_day and tokens:
            self.counters.add(f"tokens#{caller}", tokens, self.clock(), DAY)


def _seconds_left(now: datetime, window: timedelta) -> int:
    window_seconds = int(window.total_seconds())
    return window_seconds - int(now.timestamp()) % window_seconds
