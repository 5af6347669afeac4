"""Keeps the bucket's objects in a folder, because moto forgets them when it stops.

A key may hold anything: `..`, letters of any script, 1,024 bytes. Two keys may differ in case alone. So what
is not a small ASCII letter, a digit or `._-` is written as `%` and two hexadecimal digits, slashes included.
A name too long for a file continues inside folders whose names end in `%`, which no file's name does.
"""

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote_to_bytes

from devstack.private_files import write_private

LONGEST_NAME = 180
ESCAPED = re.compile(rb"[^a-z0-9._-]")
RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


class Objects(Protocol):
    """What is mirrored."""

    def objects(self) -> Mapping[str, str]:
        """Return for each key what changes with the content, such as an ETag."""

    def read(self, key: str) -> bytes:
        """Return an object's content; raises KeyError when it is gone."""


class DocumentsMirror:
    """A folder that holds what a bucket holds; without a folder there never was a bucket."""

    def __init__(self, folder: Path, bucket: Objects) -> None:
        self._folder = folder
        self._bucket = bucket
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}

    def exists(self) -> bool:
        """Say whether an earlier run kept its objects, even if there were none."""
        return self._folder.exists()

    def saved(self) -> Iterator[tuple[str, Path]]:
        """Yield the key and the file of each object that an earlier run left."""
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield key_of_path(PurePosixPath(path.relative_to(self._folder).as_posix())), path

    def begin(self) -> None:
        """Begin to follow the bucket; write all its objects when there is no folder yet."""
        with self._lock:
            if self.exists():
                self._kept = dict(self._bucket.objects())
                return
            # Under another name first: a start that is interrupted here begins with the samples next time.
            unfinished = self._folder.with_name(f"{self._folder.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            self._kept = self._follow(unfinished, {})
            unfinished.rename(self._folder)

    def update(self) -> None:
        """Write what changed in the bucket since the last call."""
        with self._lock:
            self._kept = self._follow(self._folder, self._kept)

    def _follow(self, folder: Path, kept: Mapping[str, str]) -> dict[str, str]:
        now = dict(self._bucket.objects())
        for key in kept.keys() - now.keys():
            (folder / path_of_key(key)).unlink(missing_ok=True)
        for key in [key for key, mark in now.items() if kept.get(key) != mark]:
            try:
                content = self._bucket.read(key)
            except KeyError:
                # Deleted meanwhile; the request that deleted it will call update() too.
                del now[key]
                (folder / path_of_key(key)).unlink(missing_ok=True)
                continue
            path = folder / path_of_key(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, content)
        return now


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
