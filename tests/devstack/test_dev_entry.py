"""`dev.py`: which Python it takes, when it installs, and what it says when it cannot."""

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.display import InstallProgress
from cli.interpreter import OLDEST, find_interpreter, probe
from cli.venv import prepare_environment, python_of
from tooling.errors import CommandError
from tooling.file_lock import LockHeldError, held
from tooling.project import ROOT


def dev(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that needs no packages, with its environment prepared."""
    root = tmp_path_factory.mktemp("project")
    (root / "requirements.txt").write_text("# none\n")
    (root / "requirements-dev.txt").write_text("-r requirements.txt\n")
    prepare_environment(root)
    return root


def make_shim(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shim = folder / "python3.12"
    shim.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return shim


def test_without_a_command_it_shows_what_it_can_do() -> None:
    answer = dev()
    assert answer.returncode == 0
    for command in ("run", "stack", "kb", "test"):
        assert command in answer.stdout


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "８０００x"])
def test_what_is_no_port_is_refused_before_anything_is_installed(port: str) -> None:
    answer = dev("run", f"--port={port}")
    assert answer.returncode == 2
    assert "is not a port" in answer.stderr


def test_a_file_is_looked_for_from_where_the_user_is(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    answer = dev("kb", "add", "../guide.md", folder=tmp_path / "here")
    assert answer.returncode == 1
    assert f"{tmp_path / 'guide.md'}: there is no such file" in answer.stderr


def test_the_first_file_can_be_read_by_any_old_python() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text("utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.arg)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]


@pytest.mark.parametrize(
    "module",
    [
        *("cli/__init__.py", "cli/entry.py", "cli/interpreter.py"),
        *("tooling/__init__.py", "tooling/environment.py", "tooling/errors.py"),
    ],
)
def test_what_looks_for_a_newer_python_can_be_read_by_an_older_one(module: str) -> None:
    ast.parse((ROOT / module).read_text("utf-8"), feature_version=(3, 7))


def test_a_python_that_runs_says_its_version() -> None:
    found = probe([sys.executable])
    assert found is not None
    assert found.version == sys.version_info[:2]


@pytest.mark.parametrize("command", [["no-such-python"], [sys.executable, "-c", "print('3|x')", "--"]])
def test_what_does_not_answer_as_python_does_is_no_python(command: list[str]) -> None:
    assert probe(command) is None


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script")
def test_a_shim_that_refuses_to_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = make_shim(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    assert probe([str(shim)]) is None
    found = find_interpreter()
    assert found is not None
    assert found.version >= OLDEST


def test_a_prepared_environment_is_left_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare_environment(project) == python_of(project / ".venv")
    assert capsys.readouterr().out == ""


def test_changed_requirements_are_installed_into_the_same_environment(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = project / ".venv" / "kept"
    kept.touch()
    (project / "requirements.txt").write_text("# none either\n")
    prepare_environment(project)
    assert "Installing" in capsys.readouterr().out
    assert kept.exists()


def test_an_interrupted_installation_is_started_again(project: Path) -> None:
    half = project / ".venv" / "half-installed"
    half.touch()
    (project / ".venv" / "installation.unfinished").touch()
    (project / ".venv" / "requirements.installed").unlink()
    prepare_environment(project)
    assert not half.exists()


def test_a_failed_installation_says_why_and_is_tried_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "requirements.txt").write_text("./no-such-folder\n")
    with pytest.raises(CommandError, match="no-such-folder"):
        prepare_environment(project)
    (project / "requirements.txt").write_text("# none\n")
    prepare_environment(project)
    assert "Installing" in capsys.readouterr().out


def test_an_environment_whose_python_was_removed_is_rebuilt(project: Path) -> None:
    python = python_of(project / ".venv")
    python.unlink()
    if sys.platform != "win32":  # where an environment links to its Python rather than copying it
        python.symlink_to(project / "removed" / "python3")
    prepare_environment(project)
    assert subprocess.run([python, "-c", ""]).returncode == 0


def test_two_starts_at_once_prepare_it_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".venv" / "requirements.installed").unlink()
    starts = [threading.Thread(target=prepare_environment, args=(project,)) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    output = capsys.readouterr().out
    assert output.count("Installing") == 1
    assert "Waiting for process" in output


def test_a_lock_names_its_holder_and_is_free_afterwards(tmp_path: Path) -> None:
    with held(tmp_path / "lock"), pytest.raises(LockHeldError) as refused, held(tmp_path / "lock"):
        pass
    assert refused.value.holder == str(os.getpid())
    with held(tmp_path / "lock"):
        pass


def test_a_lock_whose_holder_was_killed_is_free(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from tooling.file_lock import held\n"
    code += "with held(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "lock"], stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(LockHeldError), held(tmp_path / "lock"):
            pass
        holder.kill()
    with held(tmp_path / "lock"):
        pass


class Terminal:
    """Collects what is written to it."""

    def __init__(self, is_terminal: bool) -> None:
        self.text = ""
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Keep nothing back."""


def test_the_progress_of_an_installation_moves_on_one_line_of_a_terminal() -> None:
    terminal = Terminal(is_terminal=True)
    progress = InstallProgress(terminal)
    for number in range(45):
        progress.feed(f"Collecting package{number}==1 (from -r x)\n")
    progress.finish(12.3)
    assert "45 packages found: package44==1" in terminal.text
    assert terminal.text.count("\n") == 1


def test_the_progress_of_an_installation_is_a_few_lines_of_a_log() -> None:
    log = Terminal(is_terminal=False)
    progress = InstallProgress(log)
    for number in range(45):
        progress.feed(f"Collecting package{number}==1\n")
    progress.feed("Installing collected packages: a, b\n")
    progress.finish(12.3)
    assert "40 packages found: package39==1" in log.text
    assert log.text.count("\n") == 4
    assert "Installing collected packages" in progress.last_lines()
