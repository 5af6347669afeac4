"""Build the script with the libraries that make markup of Markdown: the page loads it when it needs them.

They are more than half of what a page with them weighs, and who only looks at the page needs none.
"""

import functools
import hashlib
from collections.abc import Mapping

from chalicelib.web.files import read_file

FILES = ("vendor/marked.umd.js", "vendor/purify.min.js")
_FOREVER = "public, max-age=31536000, immutable"


@functools.cache
def libraries_script() -> str:
    """Return the libraries as one script."""
    return "\n".join(map(read_file, FILES))


def libraries_address() -> str:
    """Return where a page finds them, from the address of the API: other libraries have another address."""
    return f"libraries.js?v={_version()}"


def headers(version: str | None) -> Mapping[str, str]:
    """Return the headers of the script for who asked for a version: a browser keeps the one that it is."""
    return {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": _FOREVER if version == _version() else "no-cache",
    }


@functools.cache
def _version() -> str:
    return hashlib.sha256(libraries_script().encode()).hexdigest()[:16]
