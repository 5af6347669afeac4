"""Keeps the bucket's objects in a folder, because moto forgets them when it stops."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from devstack.aws.object_names import key_of_path, path_of_key
from devstack.private_files import write_private


class Objects(Protocol):
    """What is mirrored."""

    def objects(self) -> Mapping[str, str]:
        """Return a mark of the content for each key."""

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
        """Say whether an earlier run left its objects, be it none."""
        return self._folder.exists()

    def saved(self) -> Iterator[tuple[str, Path]]:
        """Yield the key and the file of each object that an earlier run left."""
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield key_of_path(PurePosixPath(path.relative_to(self._folder).as_posix())), path

    def begin(self) -> None:
        """Take the bucket as it is for what the folder holds or, when there is no folder yet, write it."""
        with self._lock:
            if self.exists():
                self._kept = dict(self._bucket.objects())
                return
            # Under another name first: a start that is interrupted here begins anew with the samples.
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
                # Deleted in this moment, and the request that did it will call update() too.
                del now[key]
                (folder / path_of_key(key)).unlink(missing_ok=True)
                continue
            path = folder / path_of_key(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, content)
        return now
