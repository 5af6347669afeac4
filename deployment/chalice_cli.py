"""What Chalice has deployed of a stage, and its commands."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.work import Work
from tooling.errors import CommandError

# Not a module that can be run by its name.
CHALICE = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")

Run = Callable[[Sequence[str], Mapping[str, str], Path], int]


@dataclass(frozen=True)
class Deployed:
    """What Chalice notes in `.chalice/deployed/` of its own deployments."""

    api_id: str
    api_url: str
    functions: dict[str, str]
    """ARNs by Chalice's names."""


def read_deployed(root: Path, stage: str) -> Deployed | None:
    """Return what was deployed from this copy of the project; None when nothing was, or all is deleted."""
    path = root / ".chalice" / "deployed" / f"{stage}.json"
    resources = json.loads(path.read_text("utf-8"))["resources"] if path.exists() else []
    if not resources:
        return None
    api: dict[str, Any] = next((each for each in resources if each["resource_type"] == "rest_api"), {})
    return Deployed(
        api_id=api.get("rest_api_id", ""),
        api_url=api.get("rest_api_url", ""),
        functions={each["name"]: each["lambda_arn"] for each in resources if "lambda_arn" in each},
    )


def insist_on_same_place(work: Work) -> None:
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
    """Run `chalice deploy` or `chalice delete` with its output in sight. Raises CommandError."""
    region = {"AWS_DEFAULT_REGION": work.account.region, "AWS_REGION": work.account.region}
    command = [*CHALICE, verb, "--stage", work.stage]
    if run(command, {**os.environ, **region}, work.root) != 0:
        raise CommandError(f"`chalice {verb}` failed; its message is above.")


def run_in_sight(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
    """Run a command whose output goes to the terminal; return its exit code."""
    return subprocess.run(command, env=environment, cwd=folder).returncode  # noqa: S603 - Chalice, as made above
