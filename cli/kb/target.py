"""Whose documents the command manages: those of the local stack or of a deployed stage."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
from mypy_boto3_s3 import S3Client

from cli.kb.sync import SyncApi
from devstack.aws.clients import AwsClients
from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.ports import HOST
from devstack.stage import read_local_stage
from tooling.deployed_stage import find_deployed_stage, read_agent_token
from tooling.stages import LOCAL

START_LOCAL = "Start it with `python3 dev.py run`, or name its ports with --port and --aws-port."
CHECK_NETWORK = "Check the network connection, then try again."


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
    """Return the documents and the app of a stage. Raises CommandError, BotoCoreError."""
    return _local(options, root) if options.stage == LOCAL else _deployed(options.stage, root)


def _local(options: Namespace, root: Path) -> Target:
    stage = read_local_stage(root=root)
    app = f"http://{HOST}:{options.port}"
    return Target(
        bucket=stage.documents_bucket,
        s3=AwsClients(f"http://{HOST}:{options.aws_port}", stage).s3,
        upload_arguments={},
        open_api=lambda: SyncApi(app, AGENT_TOKEN, START_LOCAL, is_local=True),
        poll_seconds=0.2,
        unreachable=f"The local stack does not answer at {HOST}:{options.aws_port}. {START_LOCAL}",
    )


def _deployed(name: str, root: Path) -> Target:
    stage = find_deployed_stage(name, root)
    session = boto3.Session(region_name=stage.region)
    return Target(
        bucket=stage.documents_bucket,
        s3=session.client("s3"),
        upload_arguments={"StorageClass": "INTELLIGENT_TIERING"},
        open_api=lambda: SyncApi(stage.url, read_agent_token(stage, session), CHECK_NETWORK, is_local=False),
        poll_seconds=3,
        unreachable=f"AWS cannot be reached. {CHECK_NETWORK}",
    )
