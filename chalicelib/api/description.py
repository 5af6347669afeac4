"""The description of this API, written by `python -m deployment.openapi`: the app only reads it."""

from functools import cache
from pathlib import Path

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-cache"}


@cache
def api_description() -> str:
    """Return the OpenAPI document, read once per process."""
    return Path(__file__).with_name("openapi.json").read_text("utf-8")
