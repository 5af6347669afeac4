"""The command lines of `infra`, `deploy` and `destroy`; `dev.py` reads them before anything is installed."""

import argparse
from typing import Any

COMMANDS = ("infra", "deploy", "destroy")


def add_deployment(commands: Any) -> None:
    """Add the commands to a parser's sub-parsers."""
    infra = _add(
        commands, "infra", "create or update a stage's CloudFormation stack; shows the changes first"
    )
    infra.add_argument(
        "--vector-store",
        choices=["S3_VECTORS", "OPENSEARCH_SERVERLESS"],
        help="where vectors are kept (S3_VECTORS, which costs nothing idle)",
    )
    infra.add_argument(
        "--alarm-email", metavar="ADDRESS", help="who is told when the account spends too much"
    )
    infra.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of infra/rds_kb.yaml; can be repeated",
    )
    infra.add_argument(
        "--allow-data-loss", action="store_true", help="in prod, also replace or remove what holds data"
    )
    deploy = _add(commands, "deploy", "deploy the app to a stage whose stack is there, and try it")
    deploy.add_argument(
        "--requests-per-second", type=_positive, default=50, help="let through by the API in all (50)"
    )
    deploy.add_argument("--burst", type=_positive, default=100, help="let through at once (100)")
    destroy = _add(commands, "destroy", "delete a stage; tables, documents and a snapshot stay")
    destroy.add_argument("--even-prod", action="store_true", help="without it, prod is refused")


def _add(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument("stage", help="dev or prod, as .chalice/config.json names them")
    command.add_argument("--region", help="the AWS Region; else that of the stage, or of the AWS profile")
    command.add_argument("--yes", action="store_true", help="go on without questions")
    return command


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text} is not of the form NAME=VALUE")
    return name, value


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)
