"""The app under a stage's settings, loaded as Chalice's own commands do, for processes of the local stack."""

import argparse
import os
import sys
from collections.abc import Mapping

from chalice import Chalice
from chalice.cli.factory import CLIFactory
from chalice.config import Config

from devstack.ports import HOST
from devstack.stop_request import StopRequest
from tooling import environment
from tooling.project import ROOT


def load_app(stage: str, aws_port: int, overrides: Mapping[str, str]) -> tuple[Chalice, Config]:
    """Load the app as a stage runs it, with what listens on the port for AWS, and overridden settings."""
    environment.forget_own_aws_settings()
    variables = environment.of_this_process()
    variables["AWS_CHALICE_CLI_MODE"] = "true"
    config = CLIFactory(str(ROOT), environ=variables).create_config_obj(chalice_stage_name=stage)
    app = config.chalice_app
    # Reading `chalice_app` sets the stage's variables, so the endpoint is replaced after it.
    variables.update(overrides)
    variables[environment.AWS_ENDPOINT_URL] = f"http://{HOST}:{aws_port}"
    return app, config


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Let a process of the local stack be told other values of settings."""
    parser.add_argument(
        "--set", type=lambda text: text.partition("=")[::2], action="append", default=[], dest="settings"
    )


def stop_with_parent(stop: StopRequest) -> None:
    """Ask to stop once the parent closes our standard input or is gone."""
    # Unbuffered: a thread in the buffered reader at the end of the program makes Python fail.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.ask()
