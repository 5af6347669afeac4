"""The metadata file beside a document: `guide.md.metadata.json` for `guide.md`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SUFFIX = ".metadata.json"
MAX_BYTES = 1536
"""Bedrock takes 10 KB; S3 Vectors keeps 2,048 bytes beside a vector, Bedrock's own attributes among them."""
TYPED_VALUES = {
    "STRING": "stringValue",
    "NUMBER": "numberValue",
    "BOOLEAN": "booleanValue",
    "STRING_LIST": "stringListValue",
}


_FORM = 'It should look like {"metadataAttributes": {"title": "…"}}.'


class InvalidSidecar(Exception):
    """The file beside a document is not metadata that a knowledge base takes."""


def attributes_from(body: bytes) -> dict[str, Any]:
    """Return the attributes, plain or in the typed form (`{"value": {"type": "STRING", …}}`).

    Raises: InvalidSidecar.
    """
    if len(body) > MAX_BYTES:
        raise InvalidSidecar(
            "The metadata file is larger than 1.5 KB, the most that S3 Vectors keeps. Shorten its attributes."
        )
    try:
        content = json.loads(body)
        # Python also reads what is not JSON: NaN, and half a character written as an escape.
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeDecodeError as error:
        raise InvalidSidecar(
            "The metadata file is not UTF-8 text. Save it with the encoding UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidSidecar(f"The metadata file is not JSON. {_FORM}") from error
    attributes = content.get("metadataAttributes") if isinstance(content, dict) else None
    if not isinstance(attributes, dict):
        raise InvalidSidecar(f"The metadata file has no object metadataAttributes. {_FORM}")
    return {key: _checked(key, _plain(value)) for key, value in attributes.items()}


def title_of(attributes: Mapping[str, Any]) -> str | None:
    """Return the title that the attributes give; of a list, the first one."""
    title = attributes.get("title")
    first = title[0] if isinstance(title, list) and title else title
    is_name = isinstance(first, str | int | float) and not isinstance(first, bool)
    return " ".join(str(first).split()) or None if is_name else None


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    typed = value.get("value")
    return typed.get(TYPED_VALUES.get(str(typed.get("type")), "")) if isinstance(typed, dict) else None


def _checked(key: str, value: Any) -> Any:
    is_text_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if not is_text_list and not isinstance(value, str | int | float):
        raise InvalidSidecar(
            f"The metadata attribute {key!r} is not a string, number, boolean or list of strings. "
            "Change it or leave it out."
        )
    return value
