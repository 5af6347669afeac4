"""Ctrl-C, SIGTERM and their kin, turned into one flag that is looked at where stopping is safe."""

import signal
import threading
from types import FrameType

# SIGHUP: the terminal was closed. SIGBREAK: the same on Windows, and what one program can send another there.
SIGNAL_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
# On Windows a wait is not interrupted by Ctrl-C, so no wait is longer than this.
LONGEST_WAIT_SECONDS = 0.25


class StopRequested(Exception):
    """Somebody asked the stack to stop."""


class StopRequest:
    """Whether somebody asked the stack to stop; a second request while it stops changes nothing."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        """Take over the signals that ask a program to stop."""
        for name in SIGNAL_NAMES:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def check(self) -> None:
        """Raises StopRequested when somebody asked."""
        if self._asked.is_set():
            raise StopRequested

    def pause(self, seconds: float) -> None:
        """Wait. Raises StopRequested as soon as somebody asks."""
        remaining = seconds
        while remaining > 0:
            self._asked.wait(min(remaining, LONGEST_WAIT_SECONDS))
            self.check()
            remaining -= LONGEST_WAIT_SECONDS

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()
