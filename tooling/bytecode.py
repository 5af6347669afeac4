"""Compiles what travels to Lambda, so that no cold start has to: `python -m tooling.bytecode --stage dev`.

Chalice unpacks wheels without compiling them, and a function cannot keep what it compiles: `/var/task` is
read-only. So bytecode goes into `vendor/`, whose content Chalice puts beside the modules, and for
`chalicelib/`, which Chalice ships with whatever `__pycache__` lies there, into those.

It is checked by a hash of the source (PEP 552), not by its date, which Chalice sets to 1980 in a package.
What has changed since is compiled at the start, as without this: slower, but never an old version.
"""

import argparse
import compileall
import shutil
import sys
import tempfile
from inspect import getfile
from pathlib import Path
from py_compile import PycInvalidationMode

import chalice
from chalice import app as chalice_app
from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager, PipRunner, SubprocessPip
from chalice.utils import UI, OSUtils

from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import deployable_stage, read_config

RUNTIME = "python3.12"
ABI = "cp312"
TASK = "/var/task"
"""Where Lambda unpacks a package; tracebacks name files there."""
CACHE = "__pycache__"
LOCK = "requirements.txt"


def packager(architecture: str) -> LambdaDeploymentPackager:
    """Return what `chalice deploy` packs with."""
    return LambdaDeploymentPackager(OSUtils(), _dependencies(architecture), UI(), architecture)


def compile_for_lambda(root: Path, architecture: str) -> None:
    """Put bytecode for all that `chalice deploy` will pack into the project. Raises CommandError."""
    remove_bytecode(root)
    with tempfile.TemporaryDirectory() as folder:
        modules = Path(folder)
        _dependencies(architecture).build_site_packages(ABI, str(root / LOCK), folder)
        # Of Chalice these two files travel, whatever the requirements say.
        shutil.rmtree(modules / "chalice", ignore_errors=True)
        (modules / "chalice").mkdir()
        for source in (chalice, chalice_app):
            shutil.copy(getfile(source), modules / "chalice")
        shutil.copy(root / "app.py", modules)
        _compile(modules)
        for cache in tuple(modules.rglob(CACHE)):
            shutil.copytree(cache, root / "vendor" / cache.relative_to(modules))
    _compile(root / "chalicelib", "chalicelib")


def remove_bytecode(root: Path) -> None:
    """Remove all bytecode that Chalice would ship: what Python has written there arrives out of date."""
    for folder in (root / "chalicelib", root / "vendor"):
        for cache in tuple(folder.rglob(CACHE)):
            shutil.rmtree(cache)


def main() -> int:
    """Compile for a stage of this copy of the project."""
    parser = argparse.ArgumentParser(
        prog="python -m tooling.bytecode",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", default="dev")
    config = read_config()
    stage = deployable_stage(config, parser.parse_args().stage)
    compile_for_lambda(ROOT, {**config, **stage}["lambda_architecture"])
    return 0


def _dependencies(architecture: str) -> DependencyBuilder:
    osutils = OSUtils()
    return DependencyBuilder(osutils, PipRunner(SubprocessPip(osutils), osutils), architecture)


def _compile(folder: Path, place: str = "") -> None:
    """Compile every module below a folder that will lie in this place of the package."""
    done = compileall.compile_dir(
        folder,
        maxlevels=99,
        quiet=1,
        force=True,
        stripdir=folder,
        prependdir=f"{TASK}/{place}",
        invalidation_mode=PycInvalidationMode.CHECKED_HASH,
    )
    if not done:
        raise CommandError(f"A module below {folder} could not be compiled; its error is above.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandError as error:
        sys.exit(str(error))
