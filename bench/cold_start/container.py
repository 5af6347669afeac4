"""One cold start in a process of its own; prints a JSON list of [processor seconds, seconds], one a step.

    python -S -E -s -B container.py FOLDER STEP…

FOLDER is an unpacked package. A step is Python, and sees what the steps before it have named. This file
imports nothing that would not be there on Lambda already.
"""

import json
import sys
import time


def main(folder: str, *steps: str) -> None:
    """Run the steps."""
    sys.path[0] = folder
    names: dict[str, object] = {}
    seconds = []
    for step in steps:
        begun = time.process_time(), time.perf_counter()
        exec(step, names)  # noqa: S102 - of bench/cold_start/__main__.py
        seconds.append([time.process_time() - begun[0], time.perf_counter() - begun[1]])
    sys.stdout.write("\n" + json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
