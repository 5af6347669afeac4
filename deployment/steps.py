"""Runs the steps of a command in their order and says of one that fails which it was and how to go on."""

from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from deployment.work import Work
from tooling.aws_errors import explained
from tooling.errors import CommandError

DONE = "already done"


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
