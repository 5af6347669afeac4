"""A deployed stage as its clients reach it, for the tests that run against it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import Secrets
from deployment.account import Account, open_account
from deployment.chalice_cli import read_deployed
from deployment.stages import facts_in, read_config
from deployment.work import PROD
from tooling.errors import CommandError
from tooling.project import ROOT

OTHER_URL = "LIVE_API_URL"
"""Set it where the API is reached under another address than AWS's own: behind a domain, or emulated."""


@dataclass(frozen=True)
class LiveStage:
    """A stage's address and a token of its agents."""

    name: str
    url: str
    agent_token: str


def open_live_stage(
    stage: str,
    root: Path = ROOT,
    open_account: Callable[[str | None, str | None], Account] = open_account,
) -> LiveStage:
    """Return the stage. Raises CommandError, UnknownStage."""
    if stage == PROD:
        raise CommandError("The tests write tickets and erase customers: run them against another stage.")
    facts = facts_in(read_config(root), stage)
    deployed = read_deployed(root, stage)
    if facts is None or deployed is None:
        raise CommandError(
            f"Stage {stage} is not deployed from this copy of the project. "
            f"Run `python3 dev.py deploy {stage}`."
        )
    account = open_account(None, facts.region)
    provider = SecretsProvider(boto3_client=account.client("secretsmanager"))
    try:
        tokens = Secrets(provider, facts.app_secret_id, facts.agent_tokens_secret_id).agent_tokens()
    except Unavailable as error:
        raise CommandError(
            f"The agents' tokens of stage {stage} cannot be read. Either {facts.agent_tokens_secret_id} "
            "is not there, or these credentials may not do secretsmanager:GetSecretValue."
        ) from error
    url = os.environ.get(OTHER_URL) or deployed.api_url
    return LiveStage(stage, url.rstrip("/"), next(iter(tokens.values())))
