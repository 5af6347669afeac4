"""Lets Chalice deploy, only in the account and Region of the stage, and from what is there already."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployment.made.record import remember_api, restore_record
from deployment.work import Work
from tooling import environment
from tooling.errors import CommandError
from tooling.stages import Deployed, read_deployed

LOCK = "requirements.txt"
# It has no module to run with -m.
CHALICE = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")

ATTEMPTS, PAUSE_SECONDS = 4, 15
NOT_YET = (
    # The permission that was just given to S3 is not known everywhere.
    "Unable to validate the following destination configurations",
    # A function is still being made, or changed.
    "The operation cannot be performed at this time",
    "TooManyRequestsException",
)
"""What AWS says of something that works some seconds later."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it has printed."""

    code: int
    text: str


Run = Callable[[Sequence[str], Mapping[str, str], Path], Ended]


class NotReadyYet(CommandError):
    """Chalice failed on something that passes."""


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


def deploy_functions(work: Work, bucket: str, run: Run) -> str:
    """Let Chalice go on from what there is, until it is done; return what was done. Raises CommandError."""
    for _ in range(ATTEMPTS - 1):
        work.terminal.say(f"  In the account: {restore_record(work, bucket)}. chalice deploy:")
        try:
            run_chalice(work, run)
            break
        except NotReadyYet:
            work.terminal.say("  AWS is not ready for that yet. Trying again in some seconds.")
            work.pause(PAUSE_SECONDS)
    else:
        restore_record(work, bucket)
        run_chalice(work, run)
    remember_api(work, deployed_by_chalice(work).api_id)
    return "deployed"


def deployed_by_chalice(work: Work) -> Deployed:
    """Return what Chalice has noted. Raises CommandError."""
    deployed = read_deployed(work.root, work.stage)
    if deployed is None or not deployed.api_id:
        raise CommandError(f"Chalice noted no API. Run `{work.command('deploy')}` again.")
    return deployed


def compile_app(work: Work, run: Run) -> str:
    """Compile what Chalice will pack; return what was done. Raises CommandError."""
    _run(work, run, "python -m tooling.bytecode", [sys.executable, "-m", "tooling.bytecode"])
    return "compiled, so that no cold start has to"


def run_chalice(work: Work, run: Run) -> None:
    """Run `chalice deploy` with its output on the terminal. Raises CommandError, NotReadyYet."""
    _run(work, run, "chalice deploy", [*CHALICE, "deploy"])


def _run(work: Work, run: Run, name: str, command: Sequence[str]) -> None:
    region = {"AWS_DEFAULT_REGION": work.account.region, "AWS_REGION": work.account.region}
    # Chalice asks pip for Lambda's wheels by name and version alone; this constraint adds the lock's hashes.
    locked = {"PIP_CONSTRAINT": LOCK}
    # Its lines come as they are written, though it is not a terminal that they go to.
    at_once = {"PYTHONUNBUFFERED": "1"}
    variables = environment.extended(**region, **locked, **at_once)
    ended = run([*command, "--stage", work.stage], variables, work.root)
    if ended.code != 0:
        is_passing = any(words in " ".join(ended.text.split()) for words in NOT_YET)
        raise (NotReadyYet if is_passing else CommandError)(f"`{name}` failed; its message is above.")


def run_on_terminal(command: Sequence[str], variables: Mapping[str, str], folder: Path) -> Ended:
    """Run a command whose output goes to the terminal."""
    lines = []
    with subprocess.Popen(  # noqa: S603 - Chalice, as made above
        command,
        env=variables,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    return Ended(process.returncode, "".join(lines))
