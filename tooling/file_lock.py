"""A file lock that the operating system releases when its holder ends, in whatever way."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

RETRY_SECONDS = 0.2
# Windows lets nobody read a locked byte, so it is far behind the text that names the holder.
LOCKED_OFFSET = 1 << 20


class LockHeldError(Exception):
    """Another process holds the lock."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by process {holder}")
        self.holder = holder


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock for the length of a `with` block.

    Raises LockHeldError at once when another process has it.
    """
    descriptor = _acquire(path)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def held_in_turn(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock for the length of a `with` block, waiting until it is free."""
    descriptor = _acquire_in_turn(path, say)
    try:
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if not _try_lock(descriptor):
        os.close(descriptor)
        raise LockHeldError(path.read_text("utf-8").strip() or "unknown")
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _acquire_in_turn(path: Path, say: Callable[[str], None]) -> int:
    told = False
    while True:
        try:
            return _acquire(path)
        except LockHeldError as other:
            if not told:
                say(f"Waiting for process {other.holder}, which is preparing the environment.")
            told = True
            time.sleep(RETRY_SECONDS)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, LOCKED_OFFSET, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
