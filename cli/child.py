"""A child process that dies with its parent and writes to a log."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tooling import environment

STOP_TIMEOUT_SECONDS = 5
TAIL_LINES = 20


class Child:
    """A running process. The end of its standard input means stop to it, also when we were killed."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start a command; its output goes to the log, the previous log stays as `….1`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        self._log = log
        with log.open("wb") as output:
            # Away from the terminal's signals: Ctrl-C is for the parent, which stops its children in order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment.extended(PYTHONUNBUFFERED="1"),
                start_new_session=True,
                creationflags=_windows_flags(),
            )

    def is_running(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:]) or "(it wrote nothing)"

    def close(self) -> None:
        """Ask the process to stop, then make it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _windows_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0
