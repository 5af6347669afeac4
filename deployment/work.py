"""What the steps of a command share: the stage, its account, the terminal, and how a step is run."""

import io
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from deployment.account import Account
from deployment.arns import APP
from tooling.aws_errors import explained
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import PROD
from tooling.template import Template

DONE = "already done"


@dataclass(frozen=True)
class Terminal:
    """Where lines go to and answers come from; with `is_sure`, yes-or-no questions are not asked."""

    is_sure: bool = False
    output: TextIO = field(default_factory=lambda: sys.stdout)
    answers: TextIO = field(default_factory=lambda: sys.stdin)

    def __post_init__(self) -> None:
        # A letter that the terminal cannot show becomes a question mark, instead of an error.
        if isinstance(self.output, io.TextIOWrapper):
            self.output.reconfigure(errors="replace")

    def say(self, *lines: str) -> None:
        """Print lines."""
        print(*lines, sep="\n", file=self.output, flush=True)

    def step(self, name: str, outcome: str) -> None:
        """Print what became of a step."""
        self.say(f"  {name:<16}{outcome}")

    def agrees(self, question: str) -> bool:
        """Ask for yes or no, unless the user said yes beforehand.

        Raises CommandError if nobody answers.
        """
        if self.is_sure:
            return True
        return self._ask(f"{question} [y/N] ", "Add --yes to go on without a question.") in {"y", "yes"}

    def types(self, word: str, question: str, otherwise: str) -> bool:
        """Ask for a word to be typed, even with `is_sure`.

        Raises CommandError if nobody answers; `otherwise` says what to do then.
        """
        return self._ask(f"{question} Type {word} to go on: ", otherwise) == word

    def _ask(self, question: str, otherwise: str) -> str:
        print(question, end="", file=self.output, flush=True)
        answer = self.answers.readline()
        if not answer:
            self.say("")
            raise CommandError(f"Nobody is here to answer. {otherwise}")
        return answer.strip().lower()


@dataclass(frozen=True)
class Work:
    """A stage, its account, and the terminal; `pause` waits for some seconds."""

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


def run_steps(work: Work, verb: str, steps: Mapping[str, Callable[[], str]]) -> None:
    """Do each step and print what it returns. Raises CommandError naming the step."""
    for name, step in steps.items():
        try:
            outcome = step()
        except CommandError as error:
            raise _failed(work, verb, name, error) from error
        except (BotoCoreError, ClientError) as error:
            raise _failed(work, verb, name, explained(error)) from error
        work.terminal.step(name, outcome)


def _failed(work: Work, verb: str, name: str, error: CommandError) -> CommandError:
    return CommandError(
        f"The step “{name}” failed: {error}\nThen run `{work.command(verb)}` again: what is done stays done."
    )
