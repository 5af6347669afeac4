"""The command line of `dev.py`; read before anything is installed, so that mistakes are reported at once."""

import argparse
import os
import re
from pathlib import Path
from typing import Any

from tooling.project import ROOT
from tooling.throttling import BURST, REQUESTS_PER_SECOND

DEPLOYMENT = ("infra", "deploy", "destroy")
DEFAULT_DATA_DIR = ROOT / ".local"
SHARES = (
    "right",
    "answered",
    "right_first",
    "right_in_three",
    "citations_valid",
    "refusals_right",
    "hand_overs_right",
)
"""What `eval` can be held to."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; of `test`, only that and `--help`."""
    parser = argparse.ArgumentParser(prog="dev.py", description="Runs and tests the support assistant.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    _add_run(commands)
    _add_kb(commands.add_parser("kb", help="add, list and remove the documents that answers come from"))
    _add_webhooks(commands.add_parser("webhooks", help="see the webhooks that the local stage sends"))
    _add_eval(commands)
    _add_doctor(commands)
    _add_infra(commands)
    _add_deploy(commands)
    _add_destroy(commands)
    commands.add_parser(
        "test",
        help="lint, types and all tests; --quick leaves out what needs a server; see test --help",
        usage="dev.py test [--quick | [--live --stage STAGE] ARGUMENTS]",
        description="Runs lint, types, the template's lint and all tests. --quick leaves out the tests that "
        "need a server. Other ARGUMENTS go to pytest, and just that is run; with --live, the integration "
        "tests against a deployed stage.",
    )
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="start the whole product on this machine; Ctrl-C stops it")
    run.add_argument("--port", type=_port, default=8000, help="where the chat page is served (8000)")
    run.add_argument(
        "--host-page-port",
        type=_port,
        help="where a sample shop with the chat is served (--port + 1, or another free one)",
    )
    run.add_argument(
        "--set",
        type=_assignment,
        action="append",
        default=[],
        dest="settings",
        metavar="NAME=VALUE",
        help="another value for a setting of stage local (docs/settings.md), for this run; can be repeated",
    )
    stack = commands.add_parser("stack", help="start the stand-ins alone, for `chalice local --stage local`")
    for command in (run, stack):
        command.add_argument("--aws-port", type=_port, default=4566, help="where the stand-ins listen (4566)")
        command.add_argument(
            "--data-dir", type=_folder, default=DEFAULT_DATA_DIR, help="where data is kept (.local)"
        )


def _add_kb(kb: argparse.ArgumentParser) -> None:
    shared = argparse.ArgumentParser(add_help=False)
    _add_whose(shared)
    actions = kb.add_subparsers(dest="action", metavar="action", required=True)
    add = actions.add_parser("add", parents=[shared], help="upload files and folders, wait until they answer")
    add.add_argument("files", type=_path, nargs="+", metavar="FILE", help="a document, or a folder of them")
    add.add_argument("--prefix", default="", help="the folder in the bucket to put them in")
    add.add_argument("--no-wait", action="store_true", help="return when the upload is done")
    actions.add_parser("ls", parents=[shared], help="list the documents")
    rm = actions.add_parser("rm", parents=[shared], help="remove documents, each with its metadata file")
    rm.add_argument("keys", nargs="+", metavar="KEY", help="a name as `ls` shows it, or FOLDER/")
    actions.add_parser("sync", parents=[shared], help="start a sync now and follow it")
    actions.add_parser("status", parents=[shared], help="show how the last syncs went")


def _add_webhooks(webhooks: argparse.ArgumentParser) -> None:
    actions = webhooks.add_subparsers(dest="action", metavar="action", required=True)
    listen = actions.add_parser("listen", help="print what arrives, its signature checked; Ctrl-C stops")
    listen.add_argument("--port", type=_port, default=8600, help="where to listen (8600)")
    listen.add_argument("--aws-port", type=_port, default=4566, help="of the local stage (4566)")


def _add_eval(commands: Any) -> None:
    text = "ask a stage a set of questions and say how many answers were right"
    evaluation = commands.add_parser("eval", help=text, description=f"{text}; docs/eval.md says more")
    evaluation.add_argument(
        "file", type=_path, nargs="?", metavar="FILE", help="the set (samples/eval.jsonl)"
    )
    _add_whose(evaluation)
    evaluation.add_argument("--repeat", type=_positive, default=1, metavar="K", help="ask each case K times")
    evaluation.add_argument("--at-once", type=_positive, default=4, metavar="N", help="cases at once (4)")
    evaluation.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    evaluation.add_argument("--json", action="store_true", help="print the figures as JSON")
    evaluation.add_argument("--report", type=_path, metavar="FILE", help="where the page of failures goes")
    evaluation.add_argument(
        "--least",
        type=_share,
        action="append",
        default=[],
        metavar="NAME=SHARE",
        help="fail when a share is lower, such as right_first=0.9; can be repeated",
    )
    evaluation.add_argument(
        "--make", action="store_true", help="write a set from the stage's documents to FILE"
    )
    evaluation.add_argument("--even-prod", action="store_true", help="without it, prod is refused")


def _add_doctor(commands: Any) -> None:
    text = "look at all that a stage needs, and say what to do where it is not right"
    doctor = commands.add_parser("doctor", help=text, description=text)
    _add_whose(doctor)
    doctor.add_argument("--json", action="store_true", help="print what was found as JSON")


def _add_whose(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stage", default="local", help="local or a deployed stage (local)")
    command.add_argument("--port", type=_port, default=8000, help="of the local stage (8000)")
    command.add_argument("--aws-port", type=_port, default=4566, help="of the local stage (4566)")
    command.add_argument(
        "--data-dir", type=_folder, default=DEFAULT_DATA_DIR, help="of the local stage (.local)"
    )


def _add_infra(commands: Any) -> None:
    infra = _add_for_stage(
        commands, "infra", "create or update a stage's CloudFormation stack; shows the changes first"
    )
    infra.add_argument(
        "--vector-store",
        choices=["S3_VECTORS", "OPENSEARCH_SERVERLESS"],
        help="where vectors are kept (S3_VECTORS, which costs nothing idle)",
    )
    infra.add_argument(
        "--alarm-email", metavar="ADDRESS", help="who is told of alarms, and when the account spends too much"
    )
    infra.add_argument(
        "--parameter",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of infra/rds_kb.yaml; can be repeated",
    )
    infra.add_argument(
        "--allow-data-loss", action="store_true", help="in prod, also replace or remove what holds data"
    )


def _add_deploy(commands: Any) -> None:
    deploy = _add_for_stage(commands, "deploy", "deploy the app to a stage whose stack is there, and try it")
    deploy.add_argument(
        "--requests-per-second",
        type=_positive,
        default=REQUESTS_PER_SECOND,
        help="let through by the API in all (%(default)s)",
    )
    deploy.add_argument("--burst", type=_positive, default=BURST, help="let through at once (%(default)s)")


def _add_destroy(commands: Any) -> None:
    destroy = _add_for_stage(commands, "destroy", "delete a stage; tables, documents and a snapshot stay")
    destroy.add_argument("--even-prod", action="store_true", help="without it, prod is refused")


def _add_for_stage(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument("stage", help="dev or prod, as .chalice/config.json names them")
    command.add_argument("--region", help="the AWS Region; else that of the stage, or of the AWS profile")
    command.add_argument("--yes", action="store_true", help="go on without questions")
    return command


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: a number from 1 to 65535")
    return int(text)


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _path(text: str) -> Path:
    """Return an absolute path; links stay, since a document is named after the link."""
    if not text:
        # An unset variable of a shell, and it would mean the folder we are in.
        raise argparse.ArgumentTypeError("a file needs a name")
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - absolute() would keep `..`


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text} is not of the form NAME=VALUE")
    return name, value


def _share(text: str) -> tuple[str, float]:
    name, share = _assignment(text)
    if name not in SHARES:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(SHARES)}")
    if not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", share):
        raise argparse.ArgumentTypeError(f"{share} is not a share: a number from 0 to 1")
    return name, float(share)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)
