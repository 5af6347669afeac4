"""Read the files of `web/` as they are served."""

import re
from pathlib import Path

_WEB = Path(__file__).parent
# What our files have for their readers, comments and indents, is not served: it is a tenth of the page.
_FOR_READERS = re.compile(r"^[ \t]*(?:(?://.*|/\*.*\*/)\n)?", re.MULTILINE)
# The source maps of the libraries are not served.
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def read_file(name: str) -> str:
    """Return a file of `web/` as it is served."""
    # Reading as text makes every line end a `\n`, as the browser does before it takes the hash.
    text = (_WEB / name).read_text(encoding="utf-8")
    return (_SOURCE_MAP if name.startswith("vendor/") else _FOR_READERS).sub("", text)
