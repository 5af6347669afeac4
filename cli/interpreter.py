"""Finds the Python that the project runs on: a 3.12 that really runs, else any from 3.10 up.

This module runs on Python 3.7 too, so that `dev.py` works when it is started with an old one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator  # noqa: UP035 - see above

from tooling import environment

OLDEST = (3, 10)
PREFERRED = (3, 12)
OTHERS = ((3, 13), (3, 11), (3, 10), (3, 14))
PROBE = (
    "import sys, ensurepip, venv;"
    "print(*sys.version_info[:2], getattr(sys, '_base_executable', '') or sys.executable, sep='|')"
)
PROBE_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Interpreter:
    """A Python that ran when it was asked and can create virtual environments."""

    executable: str
    version: tuple[int, int]


def find_interpreter() -> Interpreter | None:
    """Return the best Python of this machine, or None when none is new enough."""
    for command in _commands_for(PREFERRED):
        found = probe(command)
        if found is not None and found.version == PREFERRED:
            return found
    for command in _other_commands():
        found = probe(command)
        if found is not None and found.version >= OLDEST:
            return found
    return None


def probe(command: list[str]) -> Interpreter | None:
    """Ask a Python for its version; None when it does not run, as a pyenv shim may not."""
    try:
        answer = subprocess.run(
            [*command, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    parts = answer.stdout.decode("utf-8", "replace").strip().split("|", 2)
    if answer.returncode != 0 or len(parts) != 3:
        return None
    return Interpreter(executable=parts[2], version=(int(parts[0]), int(parts[1])))


def _commands_for(version: tuple[int, int]) -> Iterator[list[str]]:
    name = f"{version[0]}.{version[1]}"
    if sys.version_info[:2] == version:
        yield [sys.executable]
    on_path = shutil.which("python" + name)
    if on_path:
        yield [on_path]
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher:
        yield [launcher, "-" + name]
    for executable in _kept_by_pyenv(name):
        yield [str(executable)]


def _kept_by_pyenv(name: str) -> Iterator[Path]:
    root = environment.pyenv_root()
    yield from sorted(root.glob(f"versions/{name}*/bin/python{name}"), reverse=True)
    yield from sorted(root.glob(f"pyenv-win/versions/{name}*/python.exe"), reverse=True)


def _other_commands() -> Iterator[list[str]]:
    yield [sys.executable]
    for version in OTHERS:
        yield from _commands_for(version)
    for name in ("python3", "python"):
        on_path = shutil.which(name)
        if on_path:
            yield [on_path]
