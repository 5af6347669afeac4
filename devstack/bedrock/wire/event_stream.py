"""AWS's event-stream encoding: frames of headers and a payload, each with two checksums.

See https://smithy.io/2.0/aws/amazon-eventstream.html.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

STRING = 7
"""The type of a header's value; the operations that are used here send no other."""


def event(name: str, payload: bytes) -> bytes:
    """Encode an event."""
    return _frame({":message-type": "event", ":event-type": name}, payload)


def exception(name: str, payload: bytes) -> bytes:
    """Encode an error that ends a stream."""
    return _frame({":message-type": "exception", ":exception-type": name}, payload)


def _frame(kind: Mapping[str, str], payload: bytes) -> bytes:
    headers = b"".join(
        _header(name, value) for name, value in {**kind, ":content-type": "application/json"}.items()
    )
    # Two lengths, three checksums and lengths of four bytes each.
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    checked = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return checked + struct.pack("!I", zlib.crc32(checked))


def _header(name: str, value: str) -> bytes:
    return struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), STRING, len(value)) + value.encode()
