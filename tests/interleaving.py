"""Lets work go on step by step: each piece of it stops before and after every call, and others come between.

A step may also fail: the call is refused, or it is made and its answer gets lost.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeVar

import greenlet  # type: ignore[import-untyped]

from chalicelib.errors import Unavailable

Fault = Literal["none", "refused", "answer lost"]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Stage:
    """Who is at work."""

    worker: "Worker | None" = None


class Worker:
    """One invocation, which `fault` befalls at its next call."""

    def __init__(self, stage: Stage, work: Callable[[], object]) -> None:
        self._stage = stage
        self._work = work
        self._thread = greenlet.greenlet(self._run)
        self.fault: Fault = "none"

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return bool(self._thread.dead)

    def go_on(self, steps: int, fault: Fault = "none") -> None:
        """Make so many steps; a fault befalls the first call that it can befall."""
        self.fault = fault
        self._stage.worker = self
        while steps and not self.is_done:
            self._thread.switch()
            steps -= 1
        self._stage.worker = None

    def die(self) -> None:
        """Stop for good, in the middle of whatever it is."""
        self._thread.throw()

    def stop(self) -> None:
        """Let the others go on."""
        self._thread.parent.switch()

    def _run(self) -> None:
        try:
            self._work()
        except Unavailable:
            return  # whoever called it calls again


class Stepwise:
    """Stops the worker before and after each call of a part, where the call may also fail."""

    def __init__(self, stage: Stage, part: object, error: Unavailable) -> None:
        self._stage = stage
        self._part = part
        self._error = error

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._part, name)

        def call(*arguments: object, **options: object) -> object:
            worker = self._stage.worker
            if worker is None:
                return operation(*arguments, **options)
            self._stop(worker, "refused")
            result = operation(*arguments, **options)
            self._stop(worker, "answer lost")
            return result

        return call

    def _stop(self, worker: Worker, fault: Fault) -> None:
        worker.stop()
        if worker.fault == fault:
            worker.fault = "none"
            raise self._error


class AtOnce(Executor):
    """Makes a call when it is submitted, in the worker that submits it."""

    def submit(self, function: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> "Future[T]":
        """Make the call."""
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - it is the caller's, as in any executor
            future.set_exception(error)
        return future
