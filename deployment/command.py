"""Runs `dev.py infra`, `deploy` and `destroy`, and says what went wrong in a sentence."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deployment.account import Account, open_account
from deployment.checks import check_tools
from deployment.deploy import deploy_stage
from deployment.destroy import destroy_stage
from deployment.facts import facts_in
from deployment.infra import bring_up_infra
from deployment.work import Terminal, Work
from tooling.aws_errors import explained
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import read_config

COMMANDS: Mapping[str, Callable[[Work, argparse.Namespace], int]] = {
    "infra": bring_up_infra,
    "deploy": deploy_stage,
    "destroy": destroy_stage,
}
OpenAccount = Callable[[str | None, str | None], Account]


def run_command(
    options: argparse.Namespace,
    open_account: OpenAccount = open_account,
    root: Path = ROOT,
    python: tuple[int, int] = sys.version_info[:2],
) -> int:
    """Run the command that the options name; return its exit code."""
    try:
        filled_in = facts_in(read_config(root), options.stage)
        check_tools(python)
        account = open_account(options.region, filled_in.region if filled_in else None)
        work = Work(options.stage, account, Terminal(options.yes), root)
        return COMMANDS[options.command](work, options)
    except CommandError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        return _fail(str(explained(error)))
    except KeyboardInterrupt:
        _fail("\nInterrupted. What AWS has begun goes on; run the same command again.")
        return 130


def _fail(text: str) -> int:
    sys.stdout.flush()
    Terminal(output=sys.stderr).say(text)
    return 1
