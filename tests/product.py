"""Starts the product for a test as a user does, and says what became of it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import psutil  # type: ignore[import-untyped]  # comes with the wheel of Postgres

from devstack.ports import HOST, free_port
from devstack.postgres.programs import PostgresPrograms, choose_account
from devstack.postgres.server import LocalPostgres
from tooling.errors import CommandError
from tooling.processes import OWN_GROUP
from tooling.project import ROOT

READY = "  Stop "
MODULES = {"app": "devstack.app.server", "events": "devstack.app.events"}
START_SECONDS = 90
STOP_SECONDS = 30

if sys.platform == "win32":
    # The one signal that a program can send to another there.
    _STOP_SIGNAL = signal.CTRL_BREAK_EVENT
else:
    _STOP_SIGNAL = signal.SIGTERM


@contextmanager
def data_folder_for_a_run() -> Iterator[Path]:
    """Make an empty folder that a Postgres can live in."""
    # Not pytest's own: under root, each pytest that starts shuts all other accounts out of that one, even
    # while another run uses it, and Postgres is another account then.
    with tempfile.TemporaryDirectory(prefix="support-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


class Product:
    """`dev.py run` or `dev.py stack` in a process of its own."""

    def __init__(
        self,
        data_dir: Path,
        command: str = "run",
        environment: Mapping[str, str] | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.aws_port = free_port()
        self.host_page_port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.host_page_url = f"http://{HOST}:{self.host_page_port}"
        self.aws_url = f"http://{HOST}:{self.aws_port}"
        options = ["--aws-port", str(self.aws_port), "--data-dir", str(data_dir)]
        if command == "run":
            options += ["--port", str(self.port), "--host-page-port", str(self.host_page_port)]
        self._lines: list[str] = []
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli", command, *options, *extra],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
            creationflags=OWN_GROUP,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Product":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running():
            self.kill()

    @property
    def output(self) -> str:
        """Return what it has printed so far."""
        return "".join(self._lines)

    def wait_until_ready(self) -> "Product":
        """Wait for the block that says that everything runs."""
        self._ready.wait(START_SECONDS)
        assert READY in self.output, self.output
        return self

    def is_running(self) -> bool:
        """Say whether the supervisor still runs."""
        return self._process.poll() is None

    def stop(self) -> int:
        """Ask it to stop as a service manager does; return its exit code."""
        self._process.send_signal(_STOP_SIGNAL)
        return self.wait()

    def interrupt(self) -> int:
        """Press Ctrl-C; return its exit code."""
        self._process.send_signal(_STOP_SIGNAL if sys.platform == "win32" else signal.SIGINT)
        return self.wait()

    def kill_app(self) -> None:
        """End the app behind the supervisor's back."""
        self.processes()["app"].kill()

    def kill_events(self) -> None:
        """End what calls the event handlers behind the supervisor's back."""
        self.processes()["events"].kill()

    def processes(self) -> dict[str, psutil.Process]:
        """Return the processes: the stand-ins, which are the supervisor's, the app and the events."""
        supervisor = psutil.Process(self._process.pid)
        children = {
            name: child
            for child in supervisor.children()
            for name, module in MODULES.items()
            if module in child.cmdline()
        }
        return {"stand-ins": supervisor, **children}

    def kill(self) -> None:
        """End the supervisor without a chance to clean up."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait until the supervisor ends; return its exit code."""
        code = self._process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return code

    def leaves_nothing_behind(self) -> bool:
        """Say whether, within a moment, no server answers any more and Postgres has ended properly."""
        postgres = self.data_dir / "postgres" / "data" / "postmaster.pid"
        ports = (self.port, self.aws_port, self.host_page_port)
        return within(10, lambda: not (any(map(answers, ports)) or postgres.exists()))

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.append(line)
                if line.startswith(READY):
                    self._ready.set()
        self._ready.set()


class PostgresControl:
    """The Postgres of a folder, handled behind the back of whoever uses it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process_file = folder / "data" / "postmaster.pid"
        self._version_file = folder / "data" / "PG_VERSION"
        self._hidden_version_file = folder / "hidden_version"
        self._programs = PostgresPrograms(choose_account(folder), folder, _ignore)

    def stop(self) -> None:
        """Stop it, so that nobody can start it; open connections are cut."""
        self._programs.run("pg_ctl", "-D", self._folder / "data", "-m", "fast", "-W", "stop")
        assert within(STOP_SECONDS, lambda: not self._process_file.exists())
        self._version_file.rename(self._hidden_version_file)

    def allow_start(self) -> None:
        """Let whoever looks after it start it again."""
        if self._hidden_version_file.exists():
            self._hidden_version_file.rename(self._version_file)

    def start(self) -> None:
        """Start it where it was, even if somebody else tries at the same time."""
        self.allow_start()
        assert within(STOP_SECONDS, self._starts)

    def _starts(self) -> bool:
        try:
            LocalPostgres(self._folder, _ignore)
        except CommandError:
            return False
        return True

    def kill(self) -> None:
        """End the server without a chance to clean up, and wait until the rest of it is gone."""
        server, *others = self._processes()
        server.kill()
        psutil.wait_procs(others, STOP_SECONDS)

    def hang(self) -> None:
        """Let it accept connections and queries, and answer none."""
        for process in self._processes():
            process.suspend()

    def hang_sessions(self, process_ids: Iterable[int]) -> None:
        """Let sessions hang, while new ones are served."""
        for process_id in process_ids:
            psutil.Process(process_id).suspend()

    def recover(self) -> None:
        """Bring it back from whatever was done to it."""
        if not self._process_file.exists():
            self.start()
        for process in self._processes():
            # A session may end at this very moment.
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        server = psutil.Process(int(self._process_file.read_text("utf-8").splitlines()[0]))
        return [server, *server.children()]


def answers(port: int) -> bool:
    """Say whether something listens on a local port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Say whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _ignore(_line: str) -> None:
    """Say nothing."""
