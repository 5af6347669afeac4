"""The command line of `dev.py`, shared with `python -m devstack`, which it hands over to."""

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATA_DIR = ROOT / ".local"


def build_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of `run` and `stack`; `test` takes pytest's arguments as they are."""
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
    commands.add_parser(
        "test", help="lint, types and all tests; arguments go to pytest and run just that", add_help=False
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: a number from 1 to 65535")
    return int(text)


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()
