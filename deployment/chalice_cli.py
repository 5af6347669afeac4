"""Runs Chalice's commands, and only in the account and Region of the stage."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deployment.work import Work
from tooling import environment
from tooling.errors import CommandError
from tooling.stages import read_deployed

LOCK = "requirements.txt"
# It has no module to run with -m.
CHALICE = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")

Run = Callable[[Sequence[str], Mapping[str, str], Path], int]


def require_same_place(work: Work) -> None:
    """Refuse to deploy a stage a second time somewhere else. Raises CommandError."""
    deployed = read_deployed(work.root, work.stage)
    for arn in deployed.functions.values() if deployed else ():
        _, _, _, region, account, _ = arn.split(":", 5)
        if (region, account) != (work.account.region, work.account.number):
            raise CommandError(
                f"Stage {work.stage} is deployed in account {account}, Region {region}, and this is "
                f"account {work.account.number}, Region {work.account.region}. "
                "Choose that one with AWS_PROFILE and --region, "
                f"or run `{work.command('destroy')}` there first."
            )


def run_chalice(work: Work, verb: str, run: Run) -> None:
    """Run `chalice deploy` or `chalice delete` with its output on the terminal. Raises CommandError."""
    _run(work, run, f"chalice {verb}", [*CHALICE, verb])


def compile_app(work: Work, run: Run) -> str:
    """Compile what Chalice will pack; return what was done. Raises CommandError."""
    _run(work, run, "python -m tooling.bytecode", [sys.executable, "-m", "tooling.bytecode"])
    return "compiled, so that no cold start has to"


def _run(work: Work, run: Run, name: str, command: Sequence[str]) -> None:
    region = {"AWS_DEFAULT_REGION": work.account.region, "AWS_REGION": work.account.region}
    # Chalice asks pip for Lambda's wheels by name and version alone; this constraint adds the lock's hashes.
    locked = {"PIP_CONSTRAINT": LOCK}
    if run([*command, "--stage", work.stage], environment.extended(**region, **locked), work.root) != 0:
        raise CommandError(f"`{name}` failed; its message is above.")


def run_on_terminal(command: Sequence[str], variables: Mapping[str, str], folder: Path) -> int:
    """Run a command whose output goes to the terminal; return its exit code."""
    return subprocess.run(command, env=variables, cwd=folder).returncode  # noqa: S603 - Chalice, as made above
