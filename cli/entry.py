"""What `dev.py` does: finds a Python, prepares `.venv`, then starts the command in it.

The imports of the first lines also work on Python 3.7: an old one restarts under a newer one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cli.interpreter import OLDEST, find_interpreter

STARTED_IN = "--started-in"
"""Before the command: the folder from which the user's relative paths count."""


def main(arguments: list[str]) -> int:
    """Run `dev.py`; return its exit code."""
    if sys.version_info < OLDEST:
        return _restart_with_newer_python(arguments)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("\nInterrupted; the next start goes on from here.", file=sys.stderr)
        return 130


def _run(arguments: list[str]) -> int:
    from cli.options import build_parser
    from cli.venv import prepare_environment
    from tooling import environment
    from tooling.errors import CommandError
    from tooling.project import ROOT

    parser = build_parser()
    if parser.parse_args(_without_those_of_pytest(arguments)).command is None:
        parser.print_help()
        return 0
    try:
        python = prepare_environment()
    except CommandError as problem:
        print(problem, file=sys.stderr)
        return 1
    command = [str(python), "-m", "cli", STARTED_IN, str(Path.cwd()), *arguments]
    os.chdir(ROOT)
    return _hand_over(command, environment.for_venv())


def _without_those_of_pytest(arguments: list[str]) -> list[str]:
    if arguments[:1] != ["test"]:
        return arguments
    return arguments if arguments[1:] in (["-h"], ["--help"]) else arguments[:1]


def _hand_over(command: list[str], environment: dict[str, str]) -> int:
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment)  # noqa: S606
    import signal

    # Windows cannot replace a process. Its console sends Ctrl-C to both: the child acts, this one waits.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.run(command, env=environment).returncode


def _restart_with_newer_python(arguments: list[str]) -> int:
    newer = find_interpreter()
    if newer is None or newer.version < OLDEST:
        print("Python 3.10 or newer is needed, best 3.12: https://www.python.org", file=sys.stderr)
        return 1
    script = Path(__file__).resolve().parent.parent / "dev.py"
    return subprocess.run([newer.executable, str(script), *arguments]).returncode
