"""A copy of the project whose stage `dev` is deployed to the emulator, with the commands that anyone uses."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tooling import stages
from tooling.bytecode import RUNTIME, packager
from tooling.project import ROOT
from tooling.stages import ChaliceConfig

STAGE = "dev"
COPIED = (
    "app.py",
    "chalicelib",
    "requirements.txt",
    ".chalice/config.json",
    "deployment",
    "cli",
    "devstack",
    "tooling",
    "infra",
    "pyproject.toml",
    "samples",
    "tests",
)
ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
COMMAND_TIMEOUT_SECONDS = 300


class Project:
    """A folder that `chalice` can deploy from; `environment` is added to its commands' own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        for name in COPIED:
            _copy(ROOT / name, folder / name)
        stages.write_config(_of_this_machine(stages.read_config(folder)), folder)

    def chalice(self, *arguments: str) -> str:
        """Run a Chalice command and return what it printed; insist that it succeeds."""
        return self._run("-c", "import sys; from chalice.cli import main; sys.exit(main())", *arguments)

    def deployment(self, *arguments: str) -> str:
        """Run `infra`, `deploy` or `destroy` and return what it printed; insist that it succeeds."""
        return self._run("-m", "cli", *arguments)

    def kb(self, url: str, action: str, *arguments: str) -> str:
        """Manage the stage's documents and return what was printed; insist that it succeeds."""
        return self._run("-m", "cli", "kb", action, "--stage", STAGE, *arguments, LIVE_API_URL=url)

    def doctor(self, url: str) -> dict[str, Any]:
        """Examine the stage; return by its name what each check found."""
        command = ("-m", "cli", "doctor", "--stage", STAGE, "--json")
        findings = json.loads(self._done(*command, LIVE_API_URL=url).stdout)
        return {each["check"]: each for each in findings}

    def live_tests(self, url: str, *arguments: str) -> str:
        """Run the integration tests against the stage and return what they printed; insist that they pass."""
        return self._run("-m", "cli", "test", "--live", "--stage", STAGE, *arguments, LIVE_API_URL=url)

    def _run(self, *arguments: str, **variables: str) -> str:
        done = self._done(*arguments, **variables)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}"
        return done.stdout

    def _done(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, **self._environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
        )

    def package(self, architecture: str = ARCHITECTURE) -> Path:
        """Return the package for an architecture, built by Chalice unless it has been already."""
        return Path(packager(architecture).create_deployment_package(str(self.folder), RUNTIME))


def _of_this_machine(config: ChaliceConfig) -> ChaliceConfig:
    """Return the configuration for functions that run on this machine, with a Postgres that speaks no TLS."""
    stage = config["stages"][STAGE]
    stage["lambda_architecture"] = ARCHITECTURE
    stage["environment_variables"]["DATABASE_TLS"] = "off"
    return config


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
