"""A deployed stage as its clients reach it: where its API is, and a token of its agents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import read_tokens
from tooling import environment
from tooling.aws_errors import explained
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import PROD, deployable_stage, read_config, read_deployed

NEEDED = ("DOCUMENTS_BUCKET", "AGENT_TOKENS_SECRET_ID")
REGION = re.compile(r"arn:[^:]+:secretsmanager:([a-z0-9-]+):")
"""The stage's Region; that of the AWS profile or the environment may be meant for another stage."""


@dataclass(frozen=True)
class DeployedStage:
    """A stage that was deployed from this copy; without a `region` it is that of the AWS profile."""

    name: str
    url: str
    region: str | None
    documents_bucket: str
    agent_tokens_secret_id: str


@dataclass(frozen=True)
class LiveStage:
    """A stage's address and a token of its agents."""

    name: str
    url: str
    agent_token: str


def find_deployed_stage(name: str, root: Path = ROOT) -> DeployedStage:
    """Return a stage by its name. Raises UnknownStage, CommandError."""
    variables = deployable_stage(read_config(root), name)["environment_variables"]
    missing = [variable for variable in NEEDED if not variables.get(variable)]
    if missing:
        raise CommandError(f"Stage {name} has no {' and no '.join(missing)} yet. {_deploy(name)}")
    deployed = read_deployed(root, name)
    url = environment.api_url() or (deployed.api_url if deployed else "")
    if not url:
        raise CommandError(f"Stage {name} is not deployed from this copy of the project. {_deploy(name)}")
    region = REGION.match(variables["AGENT_TOKENS_SECRET_ID"])
    return DeployedStage(
        name=name,
        url=url.rstrip("/"),
        region=region[1] if region else None,
        documents_bucket=variables["DOCUMENTS_BUCKET"],
        agent_tokens_secret_id=variables["AGENT_TOKENS_SECRET_ID"],
    )


def read_agent_token(stage: DeployedStage, session: Any) -> str:
    """Return a token of the stage's agents. Raises CommandError when it has none, and as boto3 does."""
    secrets = session.client("secretsmanager")
    text = secrets.get_secret_value(SecretId=stage.agent_tokens_secret_id)["SecretString"]
    try:
        return next(iter(read_tokens(text).values()))
    except (Unavailable, StopIteration):
        raise CommandError(
            f"The secret {stage.agent_tokens_secret_id} of stage {stage.name} holds no agent token. "
            f"{_deploy(stage.name)}"
        ) from None


def open_live_stage(
    name: str, root: Path = ROOT, new_session: Callable[..., Any] = boto3.Session
) -> LiveStage:
    """Return a stage that tests may run against. Raises UnknownStage, CommandError."""
    if name == PROD:
        raise CommandError("The tests write tickets and erase customers: run them against another stage.")
    stage = find_deployed_stage(name, root)
    try:
        token = read_agent_token(stage, new_session(region_name=stage.region))
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
    return LiveStage(stage.name, stage.url, token)


def _deploy(stage: str) -> str:
    return f"Deploy it with `python3 dev.py deploy {stage}`."
