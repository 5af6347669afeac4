"""Ctrl-C, SIGTERM and similar signals, as one flag that is checked where stopping is safe."""

import signal
import time
from types import FrameType

# SIGHUP: the terminal was closed. SIGBREAK: the same on Windows, and what one program can send another there.
SIGNAL_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
LONGEST_WAIT_SECONDS = 0.1


class StopRequested(Exception):
    """Somebody asked the stack to stop."""


class StopRequest:
    """Whether somebody asked the stack to stop; a second request while it stops changes nothing."""

    def __init__(self) -> None:
        # Not an Event: a signal may interrupt the thread that holds its lock, which would wait for itself.
        self._asked = False

    def listen(self) -> None:
        """Take over the signals that ask a program to stop."""
        for name in SIGNAL_NAMES:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def ask(self) -> None:
        """Ask to stop."""
        self._asked = True

    def check(self) -> None:
        """Raises StopRequested when somebody asked."""
        if self._asked:
            raise StopRequested

    def pause(self, seconds: float) -> None:
        """Wait. Raises StopRequested soon after somebody asks."""
        ends = time.monotonic() + seconds
        self.check()
        while (remaining := ends - time.monotonic()) > 0:
            time.sleep(min(remaining, LONGEST_WAIT_SECONDS))
            self.check()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.ask()
