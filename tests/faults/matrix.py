"""Each dependency of each route in each way of being out of reach: what is tried, and what came of it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue

from tests.faults.app_process import Fault
from tests.faults.container import Container
from tests.faults.fault_server import FAULTS, SLOW
from tests.faults.promises import PROMISES, Promise
from tests.faults.routes import ROUTES, Route
from tests.faults.world import DONE, POSTGRES, World

WAITING = (SLOW, "throttled")
"""Faults with which a case waits most of the time; with the others it needs the processor."""
BY_NAME = {route.name: route for route in ROUTES}


@dataclass(frozen=True)
class Case:
    """A route, a dependency of it, and a fault that this has."""

    route: str
    dependency: str
    fault: str

    def __str__(self) -> str:
        """Return the name of the case."""
        return f"{self.route} | {self.dependency} | {self.fault}"


PLAUSIBLE = {("CountTokens", "wrong shape")}
"""Its answer is one number, and the wrong one is as good as the right one."""
CASES = [
    Case(route, dependency, fault)
    for route, promises in PROMISES.items()
    for dependency in promises
    for fault in FAULTS
    if (dependency, fault) not in PLAUSIBLE
]

SAMPLE = frozenset(
    case
    for n, case in enumerate(CASES)
    # Each line has all faults; of the first line this takes the first and the fifth, of the second the next.
    if (n % len(FAULTS) - n // len(FAULTS)) % (len(FAULTS) // 2) == 0
)
"""Two faults of each dependency, others for the next one: the whole matrix takes minutes."""


class Lane:
    """Some containers, each for one world at a time."""

    def __init__(self, containers: Sequence[Container], app_secret: str) -> None:
        self._app_secret = app_secret
        self._free: SimpleQueue[Container] = SimpleQueue()
        for container in containers:
            self._free.put(container)
        self._threads = ThreadPoolExecutor(len(containers), thread_name_prefix="lane")

    def start(self, case: Case) -> "Future[None]":
        """Try a case as soon as a container is free. The result raises AssertionError, as `try_out` does."""
        return self._threads.submit(self._try, case)

    @contextmanager
    def world(self) -> Iterator[World]:
        """Make a world in a container that is free."""
        container = self._free.get()
        try:
            yield World(container, self._app_secret)
        finally:
            self._free.put(container)

    def close(self) -> None:
        """Start nothing more, and wait for what is under way."""
        self._threads.shutdown(cancel_futures=True)

    def _try(self, case: Case) -> None:
        with self.world() as world:
            try_out(case, world)


@dataclass(frozen=True)
class Lanes:
    """The containers for the cases that wait, and fewer for those that need the processor."""

    busy: Lane
    waiting: Lane

    def start(self, case: Case) -> "Future[None]":
        """Start to try a case."""
        return (self.waiting if case.fault in WAITING else self.busy).start(case)


def calls_of(route: Route, world: World) -> dict[str, frozenset[str]]:
    """Ask a route without any fault; return what it depends on, with what a policy allows for it."""
    request = route.prepare(world)
    reply = world.call(request)
    assert reply.status in DONE, reply.body
    assert reply.outcome.elsewhere == frozenset(), "a dependency that no fault can be put on"
    of_postgres = {POSTGRES: frozenset[str]()} if world.container.gate.asked else {}
    return {**reply.outcome.calls, **of_postgres}


def try_out(case: Case, world: World) -> None:
    """Ask while the fault is on, and again when it is over. Raises AssertionError where a promise breaks."""
    route, promise = BY_NAME[case.route], PROMISES[case.route][case.dependency]
    request = route.prepare(world)
    reply = world.call(request, Fault(case.fault, case.dependency))
    assert reply.outcome.struck or case.dependency == POSTGRES, "the dependency was not asked"
    assert Promise(reply.status, reply.degraded) == promise, reply.body
    assert reply.status != 503 or int(reply.headers["Retry-After"]) > 0
    assert reply.seconds < route.longest_seconds
    route.kept(world, request, reply)
    again = world.call(replace(request, is_cold=False))
    assert again.status in DONE, again.body
    route.kept(world, request, again)
    if again.degraded:
        # An answer that was kept says what it went without; a new one lacks nothing.
        assert again.degraded == reply.degraded
        world.insist(route.prepare(world))
