"""`python -m cli`: the commands of `dev.py`, which hands over to this inside `.venv`."""

import os
import sys
from argparse import Namespace

from cli.entry import STARTED_IN
from cli.options import DEPLOYMENT, build_parser
from devstack.stop_request import StopRequest
from tooling.project import ROOT


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    if arguments[:1] == [STARTED_IN]:
        os.chdir(arguments[1])
        arguments = arguments[2:]
    if arguments[:1] == ["test"]:
        os.chdir(ROOT)
        from cli.test import run_tests

        return run_tests(arguments[1:])
    parser = build_parser()
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    if options.command is None:
        parser.error("name a command")
    return _run(options)


def _run(options: Namespace) -> int:
    if options.command in DEPLOYMENT:
        from deployment.command import run_command

        return run_command(options)
    if options.command == "kb":
        return _manage_documents(options)
    if options.command == "eval":
        from cli.eval.command import evaluate

        return evaluate(options)
    if options.command == "doctor":
        from cli.doctor.command import examine

        return examine(options)
    stop = StopRequest()
    stop.listen()
    if options.command == "webhooks":
        from cli.webhooks import listen

        return listen(options, stop)
    # This takes half a second to load, so only after `listen`: Ctrl-C then always ends in the same way.
    from cli.run import run

    return run(options, stop)


def _manage_documents(options: Namespace) -> int:
    try:
        from cli.kb.command import manage_documents

        code = manage_documents(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # `kb ls | head` has read enough; Python would complain of it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nInterrupted; what was uploaded stays, and the sync goes on by itself.", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
