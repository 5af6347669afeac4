"""Starts a Postgres again that has stopped: soon, then after longer and longer waits."""

import time
from collections.abc import Callable
from typing import Protocol

from tooling.errors import CommandError

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0


class Server(Protocol):
    """What is watched."""

    def is_running(self) -> bool:
        """Say whether it runs."""

    def start_again(self) -> None:
        """Start it. Raises CommandError."""


class PostgresWatch:
    """Says when the server stops and when it is back; the app copes with both."""

    def __init__(
        self, server: Server, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._say = say
        self._clock = clock
        self._runs = True
        self._back_at = clock()
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._try_at = 0.0

    def look(self) -> None:
        """Look after the server; to be called every few seconds."""
        if self._server.is_running():
            self._note_running()
        elif self._runs:
            self._runs = False
            self._try_at = self._clock() + self._wait_seconds
            self._say("Postgres stopped: the app goes on without customers until it is back")
        elif self._clock() >= self._try_at:
            self._try()

    def _note_running(self) -> None:
        now = self._clock()
        if not self._runs:
            self._runs = True
            self._back_at = now
            self._say("Postgres is back")
        elif now - self._back_at >= LONGEST_WAIT_SECONDS:
            self._wait_seconds = FIRST_WAIT_SECONDS

    def _try(self) -> None:
        self._wait_seconds = min(2 * self._wait_seconds, LONGEST_WAIT_SECONDS)
        try:
            self._server.start_again()
        except CommandError as problem:
            self._try_at = self._clock() + self._wait_seconds
            reason = str(problem).splitlines()[-1]
            self._say(f"Postgres did not start; next try in {self._wait_seconds:.0f} s ({reason})")
        else:
            self._note_running()
