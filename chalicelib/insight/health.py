"""Whether the app and what it depends on can be reached."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from chalicelib.errors import Unavailable
from chalicelib.parallel import Call, Deadline

CHECK_SECONDS = 8.0
REMEMBERED_SECONDS = 10.0
"""Anyone may ask, and each check costs a model call, so a container checks at most this often."""


class Health:
    """Runs the checks side by side; a check raises Unavailable when its dependency is out of reach.

    `admit` is asked with the caller before each look, and may refuse it.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[], object]],
        admit: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._checks = checks
        self._admit = admit
        self._check_seconds = check_seconds
        self._clock = clock
        self._lock = Lock()
        self._found: dict[str, str] = {}
        self._found_until = 0.0
        self._calls: dict[str, Call[object]] = {}
        # Threads of its own, so that it does not report a dependency as lost because the app is busy.
        self._executor = ThreadPoolExecutor(len(checks) or 1, thread_name_prefix="health")

    def check(self, caller: str) -> dict[str, str]:
        """Return `ok` or `unreachable` for each dependency, a moment ago. Raises TooManyRequests."""
        with self._lock:
            if self._clock() >= self._found_until:
                self._admit(caller)
                self._found = self._look()
                self._found_until = self._clock() + REMEMBERED_SECONDS
            return dict(self._found)

    def _look(self) -> dict[str, str]:
        deadline = Deadline(self._check_seconds)
        for name, check in self._checks.items():
            # A check that still hangs keeps its thread; another one of it would take a thread of the others.
            if name not in self._calls or self._calls[name].is_done():
                self._calls[name] = Call(name, self._executor.submit(check))
        return {name: _state(call, deadline) for name, call in self._calls.items()}


def overall(checks: Mapping[str, str]) -> str:
    """Return `ok` if all checks are, else `degraded`."""
    return "ok" if all(state == "ok" for state in checks.values()) else "degraded"


def _state(call: Call[object], deadline: Deadline) -> str:
    try:
        call.result(deadline.remaining_seconds())
    except Unavailable:
        return "unreachable"
    return "ok"
