"""`python -m devstack run` and `… stack`: what `dev.py` hands over to inside `.venv`."""

import sys

from devstack.options import build_parser
from devstack.stop_request import StopRequest


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    parser = build_parser("python -m devstack")
    options = parser.parse_args(arguments)
    if options.command not in {"run", "stack"}:
        parser.error("choose run or stack")
    stop = StopRequest()
    stop.listen()
    # Only now what takes half a second to load: Ctrl-C in that time ends in the same way as later.
    from devstack.run import run

    return run(options, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
