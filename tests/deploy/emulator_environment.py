"""The emulator's own virtual environment: made once, then left alone until its requirements change."""

import hashlib
import subprocess
import sys
from pathlib import Path

from cli.venv import python_of
from tooling import environment
from tooling.file_lock import held_in_turn
from tooling.project import ROOT

REQUIREMENTS = Path(__file__).with_name("requirements-emulator.txt")
FOLDER = ROOT / ".venv-emulator"
LOCK = ROOT / ".local" / "emulator.lock"
STAMP = "requirements.installed"
INSTALL_TIMEOUT_SECONDS = 300


def emulator_python() -> Path:
    """Return the Python that has the emulator; it runs the functions too, so it is of our own version."""
    with held_in_turn(LOCK, print):
        stamp = FOLDER / STAMP
        if not stamp.exists() or stamp.read_text("utf-8") != _wanted():
            _install()
            # Git asks no further: whoever looks for changes of theirs finds nothing in here.
            (FOLDER / ".gitignore").write_text("*\n", "utf-8")
            stamp.write_text(_wanted(), "utf-8")
    return python_of(FOLDER)


def _wanted() -> str:
    return f"{sys.version}\n{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}\n"


def _install() -> None:
    _run(sys.executable, "-m", "venv", "--clear", FOLDER)
    options = ("--no-input", "--disable-pip-version-check", "--quiet")
    _run(python_of(FOLDER), "-m", "pip", "install", *options, "-r", REQUIREMENTS)


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment.for_venv(),
        timeout=INSTALL_TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
