"""One of the app's event handlers, run as Lambda runs a function."""

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

from chalice.local import LambdaContext

from devstack.stop_request import StopRequest

LOG = logging.getLogger(__name__)
LOOK_UP_EVERY_SECONDS = 0.1

Event = Mapping[str, Any]
Handler = Callable[[dict[str, Any], LambdaContext], Any]


class LambdaFunction:
    """A handler with one container: it handles one event at a time, and keeps running when a call fails."""

    def __init__(self, name: str, handler: Handler, memory_mb: int = 128, timeout_seconds: int = 60) -> None:
        self.name = name
        self._handler = handler
        self._memory_mb = memory_mb
        self._timeout_ms = timeout_seconds * 1000
        self._container = ThreadPoolExecutor(1, thread_name_prefix=name)

    def invoke(self, event: Event) -> bool:
        """Call the handler; say whether it returned."""
        context = LambdaContext(self.name, self._memory_mb, self._timeout_ms)
        error = self._container.submit(self._handler, dict(event), context).exception()
        if error is None:
            return True
        # Where it failed but not the error's text, which can hold what a customer wrote.
        where = "".join(traceback.format_tb(error.__traceback__))
        LOG.error("%s failed: %s\n%s", self.name, type(error).__name__, where)
        return False


class AsynchronousCalls:
    """The events that wait for a function, as Lambda queues them for asynchronous calls.

    As on AWS an event whose call fails is tried twice more and then given up, but after 2 and 5 seconds
    instead of 1 and 2 minutes: a developer is waiting. Those that wait are lost when this process ends; then
    the whole stack ends, and its next start ingests every document.
    """

    def __init__(self, function: LambdaFunction, retry_after_seconds: tuple[float, ...] = (2, 5)) -> None:
        self._function = function
        self._retry_after_seconds = retry_after_seconds
        self._waiting: SimpleQueue[tuple[Event, int]] = SimpleQueue()

    def add(self, event: Event, attempt: int = 1) -> None:
        """Let an event wait for its turn."""
        self._waiting.put((event, attempt))

    def work(self, stop: StopRequest) -> None:
        """Call the function with each event. Raises StopRequested, and never ends otherwise."""
        while True:
            stop.check()
            try:
                event, attempt = self._waiting.get(timeout=LOOK_UP_EVERY_SECONDS)
            except Empty:
                continue
            if not self._function.invoke(event):
                self._try_again(event, attempt)

    def _try_again(self, event: Event, attempt: int) -> None:
        if attempt > len(self._retry_after_seconds):
            LOG.error("%s: an event is given up after %d attempts", self._function.name, attempt)
            return
        timer = threading.Timer(self._retry_after_seconds[attempt - 1], self.add, (event, attempt + 1))
        timer.daemon = True
        timer.start()
