"""Keeps `.venv` in step with the locked requirements: makes it, again after an interruption, or leaves it."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cli.display import InstallProgress
from cli.interpreter import OLDEST, PREFERRED, find_interpreter
from tooling import environment
from tooling.errors import CommandError
from tooling.file_lock import held_in_turn
from tooling.project import ROOT

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
LOCK = Path(".local") / "setup.lock"
STAMP = "requirements.installed"
UNFINISHED = "installation.unfinished"


def prepare_environment(root: Path = ROOT) -> Path:
    """Return the Python of a `.venv` that holds what the requirement files name.

    Raises CommandError.
    """
    with held_in_turn(root / LOCK, _say):
        folder = root / ".venv"
        version = _version_of(folder)
        stamp = _stamp(root, version)
        if version and _read(folder / STAMP) == stamp:
            return python_of(folder)
        if not _is_worth_keeping(folder, version):
            _create(folder)
            stamp = _stamp(root, _version_of(folder))
        _install(root, folder)
        (folder / STAMP).write_text(stamp, "utf-8")
        return python_of(folder)


def python_of(folder: Path) -> Path:
    """Return where a virtual environment keeps its Python."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _version_of(folder: Path) -> str:
    """Return the version of the environment's Python, or nothing when it does not run or has no pip."""
    question = "import sys, importlib.util as u; print(sys.version if u.find_spec('pip') else '')"
    try:
        answer = subprocess.run(
            [python_of(folder), "-c", question],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment.for_venv(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _stamp(root: Path, version: str) -> str:
    content = b"".join((root / name).read_bytes().replace(b"\r\n", b"\n") for name in REQUIREMENTS)
    return f"{version}\n{hashlib.sha256(content).hexdigest()}\n"


def _is_worth_keeping(folder: Path, version: str) -> bool:
    """Say whether an installation may go on in this environment rather than in a new one."""
    if not version or (folder / UNFINISHED).exists():
        return False
    major, minor = version.split(".", 2)[:2]
    current = (int(major), int(minor))
    if current == PREFERRED:
        return True
    best = find_interpreter()
    return current >= OLDEST and (best is None or best.version == current)


def _create(folder: Path) -> None:
    interpreter = find_interpreter()
    if interpreter is None:
        raise CommandError(_no_python())
    _say(f"Creating .venv with Python {interpreter.version[0]}.{interpreter.version[1]}")
    if folder.exists():
        shutil.rmtree(folder)
    made = subprocess.run([interpreter.executable, "-m", "venv", folder], env=environment.for_venv())
    if made.returncode != 0:
        raise CommandError(f"{interpreter.executable} -m venv failed; see its message above.")


def _install(root: Path, folder: Path) -> None:
    _say("Installing requirements-dev.txt (once; a minute or two)")
    began = time.monotonic()
    (folder / UNFINISHED).touch()
    command = [str(python_of(folder)), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    process = subprocess.Popen(
        [*command, "--progress-bar", "off", "-r", "requirements-dev.txt"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment.for_venv(),
        cwd=root,
    )
    progress = InstallProgress(sys.stdout)
    with process:
        for line in process.stdout or ():
            progress.feed(line)
    # pip was not interrupted, so nothing is half-installed: the environment can be used, even offline.
    (folder / UNFINISHED).unlink()
    if process.returncode != 0:
        raise CommandError(f"{progress.last_lines()}\nThe installation failed, see above.")
    progress.finish(time.monotonic() - began)


def _no_python() -> str:
    return (
        "Python 3.10 or newer with `venv` and `ensurepip` is needed, best 3.12 (https://www.python.org).\n"
        "On Debian and Ubuntu `apt install python3-venv` adds what is missing there."
    )


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _say(line: str) -> None:
    print(line, flush=True)
