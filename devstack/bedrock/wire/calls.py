"""How often each operation was called, for tests: `GET /_devstack/calls` → `{"calls": {"Converse": 2}}`."""

from __future__ import annotations

import json
import threading
from collections import Counter

from werkzeug.wrappers import Response

PATH = "/_devstack/calls"


class Calls:
    """Counts every call that reached the stand-in, those that it refused too."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, operation: str) -> None:
        """Add one to an operation."""
        with self._lock:
            self._counts[operation] += 1

    def answer(self) -> Response:
        """Return the counts since the start."""
        with self._lock:
            return Response(json.dumps({"calls": self._counts}), content_type="application/json")
