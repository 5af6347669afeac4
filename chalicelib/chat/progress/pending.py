"""Progressive answers: while the model writes, what is there already can be read by who sent the message."""

import math
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from chalicelib.chat.sessions import Sessions, Visitor
from chalicelib.chat.turn_parts import Turn
from chalicelib.domain.pending import PendingAnswer, Writing
from chalicelib.domain.protocols import PendingStore
from chalicelib.errors import ErasedMeanwhile, NothingPending, Unavailable
from chalicelib.parallel import Call, Deadline

if TYPE_CHECKING:
    from chalicelib.logs import DegradedLogger

SECONDS_BETWEEN_WRITES = 0.4
HELD_BACK_SHARE = 0.2
"""How soon to see whether there is more to show, where there was not: to look takes processor time."""
END_SECONDS = 1.0
"""How long an answer that is ready waits for its end to be readable as well."""


class Progress:
    """Keeps what there is of one answer. What fails here is logged, and changes nothing of the answer."""

    def __init__(
        self,
        store: PendingStore,
        writing: Writing,
        start: Callable[[Callable[[], None]], "Future[None]"],
        failed: Callable[[Unavailable], None],
        seconds_between_writes: float,
    ) -> None:
        self._store = store
        self._writing = writing
        self._start = start
        self._failed = failed
        self._seconds_between_writes = seconds_between_writes
        self._lock = Lock()
        self._next_at = 0.0
        self._under_way: Future[None] | None = None
        self._kept = ""
        self._is_lost = False

    def heard(self, text: str, show: Callable[[str], str]) -> None:
        """Keep what an unfinished answer is shown as, one write at a time and not too many.

        Called while the model writes, which waits for none of the writes.
        """
        if not self._is_due():
            return
        so_far = show(text)
        is_more = not self._kept.startswith(so_far)
        with self._lock:
            if self._is_due():
                share = 1 if is_more else HELD_BACK_SHARE
                self._next_at = time.monotonic() + share * self._seconds_between_writes
                if is_more:
                    self._under_way = self._start(partial(self._keep, so_far))

    def end(self, answer: str) -> None:
        """Keep the whole answer, or nothing of it where there is none. Only the first call counts."""
        with self._lock:
            under_way, self._under_way, self._next_at = self._under_way, None, math.inf
        if under_way is None:
            return
        deadline = Deadline(END_SECONDS)
        try:
            Call("pending", under_way).result(deadline.remaining_seconds())
            ending = self._start(partial(self._end, answer))
            Call("pending", ending).result(deadline.remaining_seconds())
        except Unavailable as error:
            self._failed(error)

    def _is_due(self) -> bool:
        is_free = self._under_way is None or self._under_way.done()
        return is_free and not self._is_lost and time.monotonic() >= self._next_at

    def _keep(self, text: str) -> None:
        try:
            if self._kept:
                self._is_lost = not self._store.put(self._writing, text, done=False)
            else:
                self._store.begin(self._writing, text)
            self._kept = text
        except ErasedMeanwhile:
            self._is_lost = True
        except Unavailable as error:
            self._is_lost = True
            self._failed(error)

    def _end(self, answer: str) -> None:
        if answer and not self._is_lost:
            self._store.put(self._writing, answer, done=True)
        else:
            self._store.drop(self._writing)


@dataclass(frozen=True)
class PendingAnswers:
    """Lets those read an answer that is being written who sent its message."""

    sessions: Sessions
    store: PendingStore
    threads: Executor
    clock: Callable[[], datetime]
    log: "DegradedLogger"
    seconds_between_writes: float = SECONDS_BETWEEN_WRITES

    @contextmanager
    def writing(self, turn: Turn) -> Iterator[Progress | None]:
        """Give what keeps the progress of a turn that wants it; without an end, nothing of it stays."""
        if not (turn.progressive and self.sessions.is_derived(turn.message_id)):
            yield None
            return
        writing = Writing(uuid.uuid4().hex, turn.message_id, turn.session_id, turn.customer_id, turn.began_at)
        start, failed = self.threads.submit, partial(self.log.degraded, "pending")
        progress = Progress(self.store, writing, start, failed, self.seconds_between_writes)
        try:
            yield progress
        finally:
            progress.end("")

    def read(self, message_id: str, visitor: Visitor) -> PendingAnswer:
        """Return what is there of the answer to a message.

        Its id is random, so that who knows it sent it; a proven customer's answer needs the proof as well.
        Not counted by the limits: it costs less than to refuse it. Raises NothingPending, WrongCustomerHash,
        Unavailable.
        """
        customer_id = self.sessions.verified_customer(visitor.proof, self.clock())
        found = self.store.get(message_id, customer_id) if self.sessions.is_derived(message_id) else None
        if found is None:
            raise NothingPending
        return found
