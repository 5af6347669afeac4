"""Starts the product, or the stand-ins alone, watches them, and leaves nothing running."""

import http.client
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from chalicelib.errors import InvalidSettings
from cli import announcement
from devstack.aws.local_secrets import load_or_create_secrets
from devstack.ports import HOST, LAST_PORT, free_port, is_free, require_free_port
from devstack.stack import Stack
from devstack.stage import read_local_stage
from devstack.stop_request import StopRequest, StopRequested
from tooling import environment
from tooling.errors import CommandError
from tooling.file_lock import LockHeldError, held
from tooling.processes import OWN_GROUP
from tooling.project import ROOT

APP_START_SECONDS = 60
READINESS_POLL_SECONDS = 0.1
HEALTH_TIMEOUT_SECONDS = 5
WATCH_SECONDS = 1.0
STOP_TIMEOUT_SECONDS = 5
TAIL_LINES = 20


class Child:
    """A running process. It stops when its standard input ends, which also happens when we are killed."""

    def __init__(self, command: Sequence[str], log: Path, **variables: str) -> None:
        """Start a command; its output goes to the log, the previous log stays as `….1`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        self._log = log
        with log.open("wb") as output:
            # In a session of its own: Ctrl-C goes to the parent alone, which stops its children in order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment.extended(PYTHONUNBUFFERED="1", **variables),
                start_new_session=True,
                creationflags=OWN_GROUP,
            )

    def is_running(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the last lines of the log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:]) or "(it wrote nothing)"

    def close(self) -> None:
        """Ask the process to stop; kill it when it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run(options: Namespace, stop: StopRequest) -> int:
    """Run until somebody asks to stop; return the exit code."""
    try:
        with ExitStack() as resources:
            _start_and_watch(options, resources, stop)
    except StopRequested:
        _say(announcement.goodbye(options))
    except InvalidSettings as problem:
        print(problem, file=sys.stderr, flush=True)
        return 2
    except CommandError as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    return 0


def _start_and_watch(options: Namespace, resources: ExitStack, stop: StopRequest) -> None:
    with_app = options.command == "run"
    overrides = dict(options.settings) if with_app else {}
    stage = read_local_stage(overrides)
    models = environment.model_endpoints()
    _require_ports(options, with_app)
    _require_own_folder(options.data_dir, resources)
    _say(f"Starting; the data is in {options.data_dir}")
    children = {"the host page": _start_host_page(options, resources)} if with_app else {}
    stack = Stack(options.data_dir, stage, models, resources, stop, _say_step)
    stack.start(options.aws_port)
    if with_app:
        children["the app"] = _start_app(options, resources, stop)
    children["what calls the event handlers"] = _start_events(options, resources)
    _say(announcement.ready(options, models))
    while True:
        stop.pause(WATCH_SECONDS)
        for name, child in children.items():
            _require_alive(name, child)
        stack.watch_postgres()
        dead = stack.find_dead()
        if dead is not None:
            raise CommandError(f"Stopping everything: {dead} stopped unexpectedly.")


def _require_ports(options: Namespace, with_app: bool) -> None:
    require_free_port(options.aws_port, "--aws-port")
    if not with_app:
        return
    require_free_port(options.port, "--port")
    if options.port == options.aws_port:
        raise CommandError("--port and --aws-port must differ.")
    choose_host_page_port(options)


def choose_host_page_port(options: Namespace) -> None:
    """Take the port that is asked for, or else the one after the app's, or else any: nobody depends on it.

    Raises CommandError where the one that is asked for can't be had.
    """
    if options.host_page_port is not None:
        require_free_port(options.host_page_port, "--host-page-port")
        if options.host_page_port in (options.port, options.aws_port):
            raise CommandError("--host-page-port must differ from the other ports.")
        return
    next_port = options.port + 1
    is_usable = next_port <= LAST_PORT and next_port != options.aws_port and is_free(next_port)
    options.host_page_port = next_port if is_usable else free_port()


def _require_own_folder(folder: Path, resources: ExitStack) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        resources.enter_context(held(folder / "running.lock"))
    except LockHeldError as other:
        raise CommandError(
            f"{folder} is in use by another running copy (process {other.holder}); "
            "stop that one or choose another folder with --data-dir."
        ) from None
    except OSError as error:
        raise CommandError(
            f"{folder} cannot be used: {error.strerror}. Choose another with --data-dir."
        ) from error


def _start_app(options: Namespace, resources: ExitStack, stop: StopRequest) -> Child:
    ports = ["--port", str(options.port), "--aws-port", str(options.aws_port)]
    command = [sys.executable, "-m", "devstack.app.server", "--stage", "local", *ports, *_set_by(options)]
    app = Child(command, announcement.app_log(options.data_dir))
    resources.callback(app.close)
    deadline = time.monotonic() + APP_START_SECONDS
    while not _is_healthy(options.port, app):
        _require_alive("the app", app)
        if time.monotonic() > deadline:
            raise CommandError(f"The app did not get ready in {APP_START_SECONDS} s:\n{app.tail()}")
        stop.pause(READINESS_POLL_SECONDS)
    return app


def _start_events(options: Namespace, resources: ExitStack) -> Child:
    command = [sys.executable, "-m", "devstack.app.events", "--stage", "local"]
    command += ["--aws-port", str(options.aws_port), *(_set_by(options) if options.command == "run" else ())]
    events = Child(command, announcement.events_log(options.data_dir))
    resources.callback(events.close)
    return events


def _start_host_page(options: Namespace, resources: ExitStack) -> Child:
    program = ROOT / "samples" / "host-page" / "shop.py"
    ports = ["--port", str(options.host_page_port), "--assistant", f"http://{HOST}:{options.port}/"]
    secrets = load_or_create_secrets(options.data_dir / "secrets.json")
    log = announcement.host_page_log(options.data_dir)
    shop = Child([sys.executable, str(program), *ports], log, APP_SECRET=secrets.app_secret)
    resources.callback(shop.close)
    return shop


def _set_by(options: Namespace) -> list[str]:
    # The links in mails lead to this page, and the host page may show it, wherever they are.
    page = ("CHAT_URL", f"http://{HOST}:{options.port}/")
    hosts = ",".join(f"http://{name}:{options.host_page_port}" for name in (HOST, "localhost"))
    settings = (page, ("WIDGET_HOSTS", hosts), *options.settings)
    return [f"--set={name}={value}" for name, value in settings]


def _require_alive(name: str, child: Child) -> None:
    if not child.is_running():
        raise CommandError(f"Stopping everything: {name} stopped unexpectedly. Its log ends:\n{child.tail()}")


def _is_healthy(port: int, app: Child) -> bool:
    """Say whether the app answers yet. Raises CommandError when it answers with an error."""
    connection = http.client.HTTPConnection(HOST, port, timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    if status != http.client.OK:
        raise CommandError(f"The app cannot work (its health check answers {status}):\n{app.tail()}")
    return True


def _say(text: str) -> None:
    print(text, flush=True)


def _say_step(text: str) -> None:
    _say(f"  {text}")
