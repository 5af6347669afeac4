"""Whether the app and what it depends on can be reached."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from chalicelib.errors import Unavailable
from chalicelib.parallel import Call, Deadline

LOOK_SECONDS = 2.5
"""Who asks wants to know within three seconds, and the answer takes some time too."""
ADMISSION_SECONDS = 0.5
REMEMBERED_SECONDS = 10.0
"""Anyone may ask, so a container looks at most this often."""


class Health:
    """Runs the checks side by side; a check raises Unavailable when its dependency is out of reach.

    `admit` is asked with the caller before each look, and may refuse it. One that hangs refuses nobody: then
    what a container remembers is the limit.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[], object]],
        admit: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._checks = checks
        self._admit = admit
        self._look_seconds = look_seconds
        self._clock = clock
        self._lock = Lock()
        self._found: dict[str, str] = {}
        self._found_until = 0.0
        self._calls: dict[str, Call[object]] = {}
        # Threads of its own, so that it does not report a dependency as lost because the app is busy.
        self._executor = ThreadPoolExecutor(len(checks) + 1, thread_name_prefix="health")

    def check(self, caller: str) -> dict[str, str]:
        """Return `ok` or `unreachable` for each dependency, a moment ago. Raises TooManyRequests."""
        with self._lock:
            if self._clock() >= self._found_until:
                deadline = Deadline(self._look_seconds)
                self._require_admission(caller, deadline)
                self._found = self._look(deadline)
                self._found_until = self._clock() + REMEMBERED_SECONDS
            return dict(self._found)

    def _require_admission(self, caller: str, deadline: Deadline) -> None:
        admitting = Call("admission", self._executor.submit(self._admit, caller))
        with suppress(Unavailable):
            admitting.result(deadline.within(ADMISSION_SECONDS).remaining_seconds())

    def _look(self, deadline: Deadline) -> dict[str, str]:
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
