"""Texts for a person at a terminal: sizes, times, columns, and lines that move."""

import shutil
import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

KEPT_LINES = 25
EVERY = 20
UNITS = ("KB", "MB", "GB", "TB")
LONGEST_CELL = 70
WIDE = frozenset({"W", "F"})


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
    """Counts the packages that pip collects, and keeps its last lines for an error message."""

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


def counted(count: int, noun: str) -> str:
    """Return a count of things, such as `1 document` or `3 documents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def human_size(size_bytes: int) -> str:
    """Return a size such as `1.4 MB`."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    power = min((size_bytes.bit_length() - 1) // 10, len(UNITS))
    return f"{size_bytes / 1024**power:.1f} {UNITS[power - 1]}"


def local_time(moment: datetime) -> str:
    """Return a time to the second, as the clock of this machine shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def printable(text: str) -> str:
    """Return a text without what could move the cursor or colour the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Return rows whose cells stand below one another."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [min(max(map(_width, cells)), LONGEST_CELL) for cells in zip(*shown, strict=True)]
    lines = ["  ".join(_padded(*each) for each in zip(row, widths, strict=True)) for row in shown]
    return "\n".join(line.rstrip() for line in lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Return how many columns a text takes: letters of East Asia take two, combining marks none."""
    letters = (letter for letter in text if not unicodedata.combining(letter))
    return sum(2 if unicodedata.east_asian_width(letter) in WIDE else 1 for letter in letters)


class Line:
    """A line of the terminal that is written over until it is done; a log gets only its final text."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._shown = 0

    def show(self, text: str) -> None:
        """Write over the line, where that is possible."""
        if self._output.isatty():
            self._write(text)

    def done(self, text: str) -> None:
        """Write the line for good."""
        self._write(text)
        self._output.write("\n")
        self._shown = 0
        self._output.flush()

    def _write(self, text: str) -> None:
        text = printable(text)
        if self._output.isatty():
            text = text[: shutil.get_terminal_size().columns - 1]
            self._output.write("\r")
        self._output.write(text + " " * (self._shown - len(text)))
        self._output.flush()
        self._shown = len(text)
