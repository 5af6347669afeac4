"""Turns pip's many lines into one that moves, or into a few where nothing can move."""

from collections import deque
from typing import Protocol

KEPT_LINES = 25
EVERY = 20


class Output(Protocol):
    """A terminal or a log."""

    def isatty(self) -> bool:
        """Say whether a line can be written over."""
        ...

    def write(self, text: str, /) -> int:
        """Write some text."""
        ...

    def flush(self) -> None:
        """Show what was written."""
        ...


class InstallProgress:
    """Counts the packages that pip collects and remembers its last lines for when it fails."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._moves = output.isatty()
        self._packages = 0
        self._recent: deque[str] = deque(maxlen=KEPT_LINES)

    def feed(self, line: str) -> None:
        """Take one line of pip's output."""
        self._recent.append(line.rstrip())
        word, _, rest = line.strip().partition(" ")
        if word == "Collecting":
            self._packages += 1
            self._show(
                f"{self._packages} packages found: {rest.split()[0] if rest else ''}",
                self._packages % EVERY == 0,
            )
        elif line.startswith("Installing collected packages"):
            self._show(f"{self._packages} packages found, unpacking them", now=True)

    def finish(self, seconds: float) -> None:
        """End the moving line."""
        self._show(f"done in {seconds:.0f} s", now=True)
        if self._moves:
            print(file=self._output, flush=True)

    def last_lines(self) -> str:
        """Return what pip said last."""
        return "\n".join(self._recent)

    def _show(self, text: str, now: bool) -> None:
        if self._moves:
            print(f"\r  {text:<75}", end="", file=self._output, flush=True)
        elif now:
            print(f"  {text}", file=self._output, flush=True)
