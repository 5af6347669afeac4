"""Whether the app and what it depends on can be reached."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from chalicelib.errors import Unavailable
from chalicelib.parallel import Call

CHECK_SECONDS = 6.0


@dataclass(frozen=True)
class Health:
    """Runs the checks side by side; a check raises Unavailable when its dependency is out of reach."""

    checks: Mapping[str, Callable[[], object]]
    executor: Executor

    def check(self) -> dict[str, str]:
        """Return `ok` or `unreachable` for each dependency."""
        calls = [Call(name, self.executor.submit(check)) for name, check in self.checks.items()]
        return {call.name: _state(call) for call in calls}


def _state(call: Call[object]) -> str:
    try:
        call.result(CHECK_SECONDS)
    except Unavailable:
        return "unreachable"
    return "ok"
