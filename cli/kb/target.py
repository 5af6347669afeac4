"""Whose documents the command manages: those of the local stack or of a deployed stage."""

import json
import os
import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from mypy_boto3_s3 import S3Client

from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import read_tokens
from cli.kb.sync_api import SyncApi
from devstack.aws.clients import connect
from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.ports import HOST
from devstack.stage import read_local_stage
from tooling.errors import CommandError

LOCAL = "local"
OTHER_URL = "LIVE_API_URL"
"""Set it where the API is reached under another address than AWS's own, as for `dev.py test --live`."""
NEEDED = ("DOCUMENTS_BUCKET", "AGENT_TOKENS_SECRET_ID")
REGION = re.compile(r"arn:[^:]+:secretsmanager:([a-z0-9-]+):")
"""Where a stage is: what the profile or the environment says may be meant for another one."""
START_LOCAL = "Start it with `python3 dev.py run`, or name its ports with --port and --aws-port."


@dataclass(frozen=True)
class Target:
    """A documents bucket and the app beside it; `open_api` may raise as boto3 does, and CommandError."""

    bucket: str
    s3: S3Client
    upload_arguments: Mapping[str, str]
    open_api: Callable[[], SyncApi]
    poll_seconds: float
    unreachable: str


def open_target(options: Namespace, root: Path) -> Target:
    """Find the stage. Raises CommandError, BotoCoreError."""
    return _local(options, root) if options.stage == LOCAL else _deployed(options.stage, root)


def _local(options: Namespace, root: Path) -> Target:
    stage = read_local_stage(root)
    aws = connect(f"http://{HOST}:{options.aws_port}", stage)
    app = f"http://{HOST}:{options.port}"
    return Target(
        bucket=stage.documents_bucket,
        s3=aws.s3,
        upload_arguments={},
        open_api=lambda: SyncApi(app, AGENT_TOKEN, START_LOCAL, is_local=True),
        poll_seconds=0.5,
        unreachable=f"The local stack does not answer at {HOST}:{options.aws_port}. {START_LOCAL}",
    )


def _deployed(stage: str, root: Path) -> Target:
    variables = _variables(stage, root)
    url = os.environ.get(OTHER_URL) or _api_url(stage, root)
    region = REGION.match(variables["AGENT_TOKENS_SECRET_ID"])
    session = boto3.Session(region_name=region[1] if region else None)
    return Target(
        bucket=variables["DOCUMENTS_BUCKET"],
        s3=session.client("s3"),
        upload_arguments={"StorageClass": "INTELLIGENT_TIERING"},
        open_api=lambda: _deployed_api(session, url, stage, variables["AGENT_TOKENS_SECRET_ID"]),
        poll_seconds=3,
        unreachable="AWS cannot be reached. Check the network connection, then try again.",
    )


def _variables(stage: str, root: Path) -> dict[str, str]:
    config = _read_json(root / ".chalice" / "config.json")
    stages = config.get("stages", {})
    if stage not in stages:
        raise CommandError(f"There is no stage {stage} in .chalice/config.json; it has {', '.join(stages)}.")
    variables = {
        **config.get("environment_variables", {}),
        **stages[stage].get("environment_variables", {}),
    }
    missing = [name for name in NEEDED if not variables.get(name)]
    if missing:
        raise CommandError(f"Stage {stage} has no {' and no '.join(missing)} yet. {_deploy(stage)}")
    return variables


def _api_url(stage: str, root: Path) -> str:
    path = root / ".chalice" / "deployed" / f"{stage}.json"
    resources = _read_json(path).get("resources", []) if path.exists() else []
    urls = [str(each["rest_api_url"]) for each in resources if "rest_api_url" in each]
    if not urls:
        raise CommandError(f"Stage {stage} is not deployed from this copy of the project. {_deploy(stage)}")
    return urls[0]


def _deployed_api(session: boto3.Session, url: str, stage: str, secret_id: str) -> SyncApi:
    secret = session.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
    try:
        token = next(iter(read_tokens(secret).values()))
    except (Unavailable, StopIteration):
        sentence = f"The secret {secret_id} of stage {stage} holds no agent token. {_deploy(stage)}"
        raise CommandError(sentence) from None
    return SyncApi(url, token, "Check the network connection, then try again.", is_local=False)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    return dict(content)


def _deploy(stage: str) -> str:
    return f"Deploy it with `python3 dev.py deploy {stage}`."
