"""The command line of `dev.py`, shared with `python -m cli`, which it hands over to."""

import argparse
import os
from pathlib import Path

from deployment.options import add_deployment
from tooling.project import ROOT

DEFAULT_DATA_DIR = ROOT / ".local"
ENDS_OPTIONS = "--"


def build_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of all commands; `test` takes pytest's arguments as they are."""
    parser = argparse.ArgumentParser(prog=program, description="Runs and tests the support assistant.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    run = commands.add_parser("run", help="start the whole product on this machine; Ctrl-C stops it")
    run.add_argument("--port", type=_port, default=8000, help="where the chat page is served (8000)")
    stack = commands.add_parser("stack", help="start the stand-ins alone, for `chalice local --stage local`")
    for command in (run, stack):
        command.add_argument("--aws-port", type=_port, default=4566, help="where the stand-ins listen (4566)")
        command.add_argument(
            "--data-dir", type=_folder, default=DEFAULT_DATA_DIR, help="where data is kept (.local)"
        )
    _add_kb(commands.add_parser("kb", help="add, list and remove the documents that answers come from"))
    add_deployment(commands)
    commands.add_parser(
        "test", help="lint, types and all tests; arguments go to pytest and run just that", add_help=False
    )
    return parser


def to_arguments(parsed: argparse.Namespace) -> list[str]:
    """Return arguments that mean the same from any folder."""
    options = ["--aws-port", str(parsed.aws_port)]
    if parsed.command != "stack":
        options += ["--port", str(parsed.port)]
    if parsed.command != "kb":
        return [parsed.command, *options, "--data-dir", str(parsed.data_dir)]
    options += [f"--stage={parsed.stage}"]
    if parsed.action != "add":
        return [
            "kb",
            parsed.action,
            *options,
            *([ENDS_OPTIONS, *parsed.keys] if parsed.action == "rm" else []),
        ]
    options += [f"--prefix={parsed.prefix}", *["--no-wait"] * parsed.no_wait]
    return ["kb", "add", *options, ENDS_OPTIONS, *map(str, parsed.files)]


def _add_kb(kb: argparse.ArgumentParser) -> None:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--stage", default="local", help="whose documents: local or a deployed stage (local)")
    shared.add_argument("--aws-port", type=_port, default=4566, help="of the local stage (4566)")
    shared.add_argument("--port", type=_port, default=8000, help="of the local stage (8000)")
    actions = kb.add_subparsers(dest="action", metavar="action", required=True)
    add = actions.add_parser("add", parents=[shared], help="upload files and folders, wait until they answer")
    add.add_argument("files", type=_path, nargs="+", metavar="FILE", help="a document, or a folder of them")
    add.add_argument("--prefix", default="", help="the folder in the bucket to put them in")
    add.add_argument("--no-wait", action="store_true", help="return when the upload is done")
    actions.add_parser("ls", parents=[shared], help="list the documents")
    rm = actions.add_parser("rm", parents=[shared], help="remove documents, each with its metadata file")
    rm.add_argument("keys", nargs="+", metavar="KEY", help="a name as `ls` shows it")
    actions.add_parser("sync", parents=[shared], help="start a sync now and follow it")
    actions.add_parser("status", parents=[shared], help="show how the last syncs went")


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
