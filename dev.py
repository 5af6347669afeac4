"""The one command of this project: `python3 dev.py` shows what it can do.

Any old Python can read this file, so that it can say which one is needed.
"""

import sys

if sys.version_info < (3, 7):  # noqa: UP036 - an old Python must be able to say which one is needed
    sys.exit(
        "Python 3.10 or newer is needed, this is Python "
        + sys.version.split()[0]
        + ": https://www.python.org"
    )

from cli.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
