"""Chooses the account that Postgres runs as, because it refuses to be root, and lets it reach its files."""

import os
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

if sys.platform != "win32":
    import pwd

READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH


class ProcessOwner(TypedDict, total=False):
    """The part of `subprocess.run`'s arguments that says who the process is."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class PostgresAccount:
    """Who Postgres runs as; None is whoever runs the stack."""

    user_id: int | None
    group_id: int | None

    def process_owner(self) -> ProcessOwner:
        """Return what makes a subprocess run as this account."""
        if self.user_id is None or self.group_id is None:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if sys.platform != "win32" and self.user_id is not None and self.group_id is not None:
            os.chown(path, self.user_id, self.group_id)

    def let_enter(self, folder: Path, say: Callable[[str], None]) -> None:
        """Let this account pass through the folders that lead to one; that lets it list none of them."""
        if self.user_id is None:
            return
        for parent in folder.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                say(f"Letting other accounts pass through {parent}: Postgres does not run as root")
                parent.chmod(mode | stat.S_IXOTH)

    def let_read(self, paths: Iterable[Path]) -> None:
        """Let this account read files and folders that a strict umask closed."""
        if self.user_id is None:
            return
        for path in paths:
            mode = path.stat().st_mode
            wanted = READ_AND_ENTER if path.is_dir() or mode & stat.S_IXUSR else stat.S_IROTH
            if mode & wanted != wanted:
                path.chmod(mode | wanted)


def choose_account(folder: Path) -> PostgresAccount:
    """Return whoever runs the stack or, for root, the folder's owner or `nobody`."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = folder.stat()
        if owner.st_uid != 0:
            return PostgresAccount(owner.st_uid, owner.st_gid)
        nobody = pwd.getpwnam("nobody")
        return PostgresAccount(nobody.pw_uid, nobody.pw_gid)
    return PostgresAccount(None, None)
