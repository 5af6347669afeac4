"""Whether the stack has Postgres, and so a network: decided when it is made, or added later."""

from collections.abc import Mapping

from deployment.stack import UNMADE, StackView
from deployment.work import Work
from tooling.errors import CommandError

PARAMETER = "CustomerDatabase"
POSTGRES, NONE = "POSTGRES", "NONE"


def will_make_network(work: Work, parameters: Mapping[str, str], view: StackView | None) -> bool:
    """Say whether the stack is about to get a network for Postgres.

    Raises CommandError where it would lose them: Lambda holds on to a network that functions are in.
    """
    there = None if view is None or view.status == UNMADE else view.parameters.get(PARAMETER, POSTGRES)
    wanted = parameters.get(PARAMETER) or there or POSTGRES
    if there == POSTGRES and wanted == NONE:
        raise CommandError(
            f"Stage {work.stage} has Postgres, and functions in its network. To go on without it, run "
            f"`{work.command('destroy')}` first: tables and documents stay, and a last snapshot of Postgres. "
            f"Then `{work.command('infra')} --parameter {PARAMETER}={NONE}`."
        )
    return wanted == POSTGRES and there != POSTGRES
