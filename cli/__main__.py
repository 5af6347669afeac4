"""`python -m cli run`, `… stack` and `… kb`: what `dev.py` hands over to inside `.venv`."""

import sys
from argparse import Namespace

from cli.options import build_parser
from devstack.stop_request import StopRequest


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    parser = build_parser("python -m cli")
    options = parser.parse_args(arguments)
    if options.command == "kb":
        return _manage_documents(options)
    if options.command not in {"run", "stack"}:
        parser.error("choose run, stack or kb")
    stop = StopRequest()
    stop.listen()
    # Only now what takes half a second to load: Ctrl-C in that time ends in the same way as later.
    from cli.run import run

    return run(options, stop)


def _manage_documents(options: Namespace) -> int:
    try:
        from cli.kb.command import manage_documents

        return manage_documents(options)
    except KeyboardInterrupt:
        print("\nInterrupted; what was uploaded stays, and the sync goes on by itself.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
