"""Calls that run side by side against one deadline, and what could not be reached among them."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from chalicelib.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D")


class Deadline:
    """A moment by which an answer has to be out."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def remaining_seconds(self, reserved_seconds: float = 0) -> float:
        """Return the time left, less what is reserved for later steps; never below zero."""
        return max(0.0, self._ends - self._clock() - reserved_seconds)

    def within(self, seconds: float) -> "Deadline":
        """Return the deadline of a step that may take so long, but no longer than this one."""
        return Deadline(min(seconds, self.remaining_seconds()), self._clock)


class Call(Generic[T]):
    """A call under way. `name` is what the answer's `degraded` says when it fails."""

    def __init__(self, name: str, future: "Future[T]") -> None:
        self.name = name
        self._future = future

    def is_done(self) -> bool:
        """Tell whether there is a result, or a failure."""
        return self._future.done()

    def result(self, timeout_seconds: float) -> T:
        """Wait for the result. Raises Unavailable when it is not there in time, else what the call raised."""
        try:
            return self._future.result(timeout=timeout_seconds)
        except FutureTimeout as error:
            self._future.cancel()
            raise Unavailable(self.name) from error


@dataclass(frozen=True)
class Threads:
    """The threads that calls run on; the model has its own, so one that hangs leaves the others theirs."""

    calls: Executor
    model: Executor


class Parallel:
    """Starts calls on shared threads; collects the names of those that a turn has to do without."""

    def __init__(self, executor: Executor, on_degraded: Callable[[str, Unavailable], None]) -> None:
        self._executor = executor
        self._on_degraded = on_degraded
        self.degraded: tuple[str, ...] = ()

    def start(self, name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """Start a call."""
        return Call(name, self._executor.submit(function, *args, **kwargs))

    def settle(self, call: Call[T], default: D, deadline: Deadline) -> T | D:
        """Return a call's result, or the default when it is out of reach: then it is noted as degraded.

        Only for calls that fail in no other way.
        """
        try:
            return call.result(deadline.remaining_seconds())
        except Unavailable as error:
            self.note(call.name, error)
            return default

    def finish(self, call: Call[None], deadline: Deadline) -> None:
        """Wait for a call that nothing goes without: of its failure only the log hears."""
        try:
            call.result(deadline.remaining_seconds())
        except Unavailable as error:
            self._on_degraded(call.name, error)

    def note(self, name: str, error: Unavailable) -> None:
        """Note that the turn goes on without `name`."""
        self._on_degraded(name, error)
        self.degraded = tuple(dict.fromkeys((*self.degraded, name)))
