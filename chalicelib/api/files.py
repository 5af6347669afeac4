"""Answers that change with a deployment alone: a client that has one gets it once."""

import hashlib
import re
from collections.abc import Mapping

from chalice import Response

from chalicelib.api.http import current_request

_TAG = re.compile(r'"[^"]*"')


def file_answer(text: str, headers: Mapping[str, str]) -> Response:
    """Return the file, or 304 for a client that says it has it, and no body where only headers are wanted.

    The tag covers the headers: a page whose policy has changed is another page.
    """
    request = current_request()
    digest = hashlib.sha256("\n".join((text, *map(": ".join, headers.items()))).encode()).hexdigest()
    tag = f'"{digest[:32]}"'
    # Weak: the gateway sends the same text compressed or as it is.
    tagged: dict[str, str | list[str]] = {**headers, "ETag": f"W/{tag}"}
    if tag in _TAG.findall(request.headers.get("if-none-match", "")):
        return Response("", tagged, status_code=304)
    return Response("" if request.method == "HEAD" else text, tagged)
