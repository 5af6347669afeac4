"""The product, run for a measurement: `dev.py run` in a process of its own."""

import http.client
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # comes with the wheel of Postgres

from bench.load.clients import Client
from devstack.ports import free_port
from tooling.processes import OWN_GROUP
from tooling.project import ROOT

MODULES = {"app": "devstack.app.server", "events": "devstack.app.events"}
READY_SECONDS = 120
READINESS_POLL_SECONDS = 0.2
STOP_SECONDS = 30


@dataclass(frozen=True)
class Product:
    """A running copy: the app's port, the port of the stand-ins for AWS, and its processes by name."""

    port: int
    aws_port: int
    processes: Mapping[str, psutil.Process]


@contextmanager
def running_product() -> Iterator[Product]:
    """Run the product on free ports of 127.0.0.1, with an empty folder."""
    port, aws_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="support-bench-", ignore_cleanup_errors=True) as folder:
        options = ["--port", str(port), "--aws-port", str(aws_port), "--data-dir", folder]
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli", "run", *options],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            creationflags=OWN_GROUP,
        )
        try:
            yield _when_ready(process, port, aws_port)
        finally:
            _stop(process)


def _when_ready(process: "subprocess.Popen[bytes]", port: int, aws_port: int) -> Product:
    gives_up_at = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < gives_up_at:
        time.sleep(READINESS_POLL_SECONDS)
        is_healthy = Client(port).send("GET", "/health")[0] == http.client.OK
        if is_healthy and MODULES.keys() <= (processes := _processes(process.pid)).keys():
            return Product(port, aws_port, processes)
    raise SystemExit("The product did not start.")


def _processes(supervisor_id: int) -> dict[str, psutil.Process]:
    supervisor = psutil.Process(supervisor_id)
    by_module = {part: child for child in supervisor.children() for part in child.cmdline()}
    found = {name: by_module[module] for name, module in MODULES.items() if module in by_module}
    return {"stand-ins": supervisor, **found}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        # The one signal that a program can send to another there.
        process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        process.terminate()
    process.wait(STOP_SECONDS)
