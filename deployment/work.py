"""What all steps of a command share."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployment.account import Account
from deployment.arns import APP
from deployment.terminal import Terminal
from tooling.project import ROOT
from tooling.stages import PROD
from tooling.template import Template


@dataclass(frozen=True)
class Work:
    """A stage, the account it lives in, and the person who looks on; `pause` waits for seconds."""

    stage: str
    account: Account
    terminal: Terminal
    root: Path = ROOT
    pause: Callable[[float], None] = time.sleep

    @property
    def is_prod(self) -> bool:
        """Say whether customers depend on the stage."""
        return self.stage == PROD

    @property
    def name(self) -> str:
        """Return the name of the stage's stack, and of its API's function."""
        return f"{APP}-{self.stage}"

    def template(self) -> Template:
        """Read the template of the stage's stack."""
        return Template(self.root / "infra" / "rds_kb.yaml")

    def command(self, verb: str) -> str:
        """Return the command that does something to the stage, as the user types it."""
        return f"python3 dev.py {verb} {self.stage}"
