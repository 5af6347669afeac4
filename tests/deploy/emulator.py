"""An AWS account on this machine: an emulator that runs the functions and checks what each may do."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import psutil  # type: ignore[import-untyped]  # comes with the wheel of Postgres
import requests
from botocore.config import Config

from devstack.ports import HOST, free_port

ACCOUNT, REGION = "123456789012", "us-east-1"
START_SECONDS = 30
STOP_SECONDS = 10
LAST_LINES = 40
PASSED_ON = ("PATH", "SYSTEMROOT")
"""What of our own environment the functions may see."""


class Emulator:
    """MiniStack in a process of its own; closing it ends that and all that it started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._log = folder / "emulator.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}"
        self.client: Callable[[str], Any] = cache(self._client)
        """Returns a client of the account's owner by its service's name."""

    def start(self, python: Path, seen_by_functions: Mapping[str, str]) -> None:
        """Start it, and wait until it answers; its functions have its variables besides their own."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "ministack"],
                env={**self._environment(), **seen_by_functions},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.tail()
            assert time.monotonic() < deadline, self.tail()
            time.sleep(0.1)

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="emulated",
            config=Config(read_timeout=120, retries={"total_max_attempts": 1}),
        )

    def owner(self) -> dict[str, str]:
        """Return the variables by which AWS's own tools work on the account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "emulated",
        }

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run a deployed function and return its answer; insist that it has one."""
        result = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        answer = json.loads(result["Payload"].read())
        assert "FunctionError" not in result, f"{function}: {answer}\n{self.tail()}"
        return answer

    @contextmanager
    def one_at_a_time(self, function: str) -> Iterator[None]:
        """Hold a function to one container for a while; events that are too many come again, as on AWS.

        Here each container unpacks the package for itself: dozens of them at once would stall everything.
        """
        functions = self.client("lambda")
        functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
        try:
            yield
        finally:
            functions.delete_function_concurrency(FunctionName=function)

    def tail(self) -> str:
        """Return the last of what it, and its functions, wrote."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:])

    def close(self) -> None:
        """End the emulator and the functions that are still warm."""
        if self._process is None:
            return
        functions = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for function in functions:
            if function.is_running():
                function.kill()

    def _environment(self) -> dict[str, str]:
        ours = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        folders = {name: str(self._folder) for name in ("HOME", "TMPDIR", "TEMP", "TMP")}
        settings = {
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self._port),
            # Functions get their roles' credentials, and a call that a role does not allow is refused.
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            "S3_DATA_DIR": str(self._folder / "s3"),
            "STATE_DIR": str(self._folder / "state"),
        }
        return {**ours, **folders, **settings}

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_ministack/health", timeout=5).ok
        except requests.ConnectionError:
            return False
