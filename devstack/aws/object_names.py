"""Turns the keys of a bucket into file names that every file system takes, and back.

A key may hold anything: `..`, letters of any script, 1,024 bytes. Two keys may differ in case alone. So what
is not a small ASCII letter, a digit or `._-` is written as `%` and two hexadecimal digits, slashes included.
A name too long for a file continues inside folders whose names end in `%`, which no file's name does.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 180
ESCAPED = re.compile(rb"[^a-z0-9._-]")
RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


def path_of_key(key: str) -> PurePosixPath:
    """Return the relative path of the file that holds the object of a key."""
    escaped = ESCAPED.sub(_escape, key.encode("utf-8", "surrogatepass")).decode("ascii")
    pieces = [escaped[start : start + LONGEST_NAME] for start in range(0, len(escaped), LONGEST_NAME)]
    *folders, name = (_portable(piece) for piece in pieces)
    return PurePosixPath(*(f"{folder}%" for folder in folders), name)


def key_of_path(path: PurePosixPath) -> str:
    """Return the key whose object a file holds: the inverse of `path_of_key`."""
    *folders, name = path.parts
    escaped = "".join(folder[:-1] for folder in folders) + name
    return unquote_to_bytes(escaped).decode("utf-8", "surrogatepass")


def _escape(match: re.Match[bytes]) -> bytes:
    return b"%%%02x" % match[0][0]


def _portable(piece: str) -> str:
    """Escape a leading dot, a trailing dot and the device names of Windows."""
    if piece.startswith(".") or RESERVED_ON_WINDOWS.match(piece):
        piece = f"%{ord(piece[0]):02x}{piece[1:]}"
    return f"{piece[:-1]}%2e" if piece.endswith(".") else piece
