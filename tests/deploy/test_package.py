"""The package that travels to Lambda: what it holds, for this machine's processor and for Lambda's."""

import re
import struct
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

from bench.cold_start.__main__ import LIBRARIES, run
from tests.deploy.emulator_stage import API, RUNTIME_ONLY, DeployedStage
from tooling.project import ROOT

pytestmark = [pytest.mark.deploy, RUNTIME_ONLY]
MOST_BYTES = 45 * 1024 * 1024
"""Lambda takes 50 MB without a bucket in between."""
AARCH64 = 183
ELF_MACHINE_OFFSET = 18
OURS = {"app.py", "chalicelib"}
CACHE = "__pycache__"
CHECKED_BY_HASH = 0b11
GLIBC = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?=[.\0])")
NEWEST_GLIBC = (2, 34)
"""That of Amazon Linux 2023, which Lambda's Python 3.12 runs on."""
NATIVE = re.compile(r"\.so(\.[\d.]+)?$")
PROCESSOR = re.compile(r"\.cpython-[\w-]+(?=\.so$)")
"""What the name of a compiled module says of what it was compiled for."""
ROUNDS = 4
OF_LIBRARIES = 1.35
OF_THE_API = 0.75


@pytest.fixture(scope="module")
def arm64(deployed: DeployedStage) -> Iterator[ZipFile]:
    """The package that a real deployment ships."""
    with ZipFile(deployed.project.package("arm64")) as package:
        yield package


@pytest.fixture(scope="module", params=["arm64", "of this machine"])
def package(request: pytest.FixtureRequest, deployed: DeployedStage) -> Iterator[ZipFile]:
    """The package for Lambda, and the one that the other tests run."""
    built = deployed.project.package(*(["arm64"] if request.param == "arm64" else []))
    with ZipFile(built) as opened:
        yield opened


def files_of(package: ZipFile) -> set[str]:
    return {name for name in package.namelist() if not name.endswith("/")}


def portable(package: ZipFile) -> set[str]:
    """Return the files by names without a processor, less the C libraries that a wheel brings for it."""
    names = (name for name in files_of(package) if not PurePosixPath(name).parts[0].endswith(".libs"))
    return {PROCESSOR.sub("", name) for name in names}


def distributions(package: ZipFile) -> set[str]:
    """Return the names of the distributions that were installed."""
    folders = {PurePosixPath(name).parts[0] for name in files_of(package)}
    return {_plain(each.split("-")[0]) for each in folders if each.endswith(".dist-info")}


def named_in(requirements: str) -> set[str]:
    """Return the names of the distributions that a file of requirements names."""
    lines = (ROOT / requirements).read_text("utf-8").splitlines()
    return {_plain(re.split(r"[=\[<>]", line)[0]) for line in lines if line[:1].isalnum()}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def test_it_is_smaller_than_45_mb(package: ZipFile) -> None:
    assert Path(str(package.filename)).stat().st_size < MOST_BYTES


def test_it_holds_what_the_app_requires_and_nothing_for_development(package: ZipFile) -> None:
    assert named_in("requirements.txt") <= distributions(package)
    only_for_development = named_in("requirements-dev.txt") - named_in("requirements.txt")
    assert not only_for_development & distributions(package)


def test_of_this_project_it_holds_the_app_alone(package: ZipFile) -> None:
    ours = {path.name for path in ROOT.iterdir()}
    assert {PurePosixPath(name).parts[0] for name in files_of(package)} & ours - {CACHE} == OURS


def test_no_file_is_in_it_twice(package: ZipFile) -> None:
    assert len(package.namelist()) == len(set(package.namelist()))


def test_each_module_comes_with_bytecode_that_its_hash_proves(package: ZipFile) -> None:
    modules = {name for name in files_of(package) if name.endswith(".py")}
    assert {"app.py", "chalice/app.py", "chalicelib/services.py", "botocore/session.py"} < modules
    for name in modules:
        header = package.read(cache_from_source(name))[:16]
        flags, proof = struct.unpack("<I8s", header[4:])
        assert (header[:4], flags) == (MAGIC_NUMBER, CHECKED_BY_HASH), name
        assert proof == source_hash(package.read(name)), name


def test_no_bytecode_is_for_another_python_or_a_module_that_is_gone(package: ZipFile) -> None:
    compiled = {name for name in files_of(package) if CACHE in PurePosixPath(name).parts}
    assert compiled == {cache_from_source(name) for name in files_of(package) if name.endswith(".py")}


def test_it_holds_the_whole_of_chalicelib(package: ZipFile) -> None:
    source = ROOT / "chalicelib"
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in source.rglob("*")
        if path.is_file() and CACHE not in path.parts
    }
    assert {"chalicelib/certificates/amazon-rds.pem", "chalicelib/web/chat.html"} < wanted
    assert wanted <= files_of(package)


def test_it_holds_no_secret(package: ZipFile, deployed: DeployedStage) -> None:
    for name in files_of(package):
        content = package.read(name)
        assert not any(secret.encode() in content for secret in deployed.secrets), name


def test_every_library_in_the_one_for_lambda_is_for_its_processor(arm64: ZipFile) -> None:
    libraries = [name for name in files_of(arm64) if NATIVE.search(name)]
    assert libraries
    for name in libraries:
        header = arm64.read(name)[: ELF_MACHINE_OFFSET + 2]
        assert header.startswith(b"\x7fELF"), name
        assert struct.unpack_from("<H", header, ELF_MACHINE_OFFSET) == (AARCH64,), name


def test_no_library_in_it_needs_a_newer_glibc_than_lambda_has(package: ZipFile) -> None:
    libraries = [name for name in files_of(package) if NATIVE.search(name)]
    needed = {
        name: max((int(major), int(minor)) for major, minor in found)
        for name in libraries
        if (found := GLIBC.findall(package.read(name)))
    }
    assert needed
    assert {name: version for name, version in needed.items() if version > NEWEST_GLIBC} == {}


def test_the_two_hold_the_same_files_but_for_their_processors(
    arm64: ZipFile, deployed: DeployedStage
) -> None:
    with ZipFile(deployed.project.package()) as other:
        assert portable(arm64) == portable(other)


def test_no_function_starts_with_much_that_it_does_not_need(deployed: DeployedStage, tmp_path: Path) -> None:
    # The least processor time of several starts, in turns: what else runs here hardly touches that. Looser
    # than the goals of `python -m bench.cold_start`.
    with ZipFile(deployed.project.package()) as package:
        package.extractall(tmp_path)
    stage = deployed.client("lambda").get_function_configuration(FunctionName=API)["Environment"]["Variables"]
    variables = {**stage, **deployed.account.owner}
    starts = {"libraries": ("", LIBRARIES), "import": ("", "import app")}
    starts |= {each: (f"app.{each}", "import app") for each in ("app", "agent", "documents_changed")}
    rounds = [
        {start: run(tmp_path, handler, [step], variables)[0] for start, (handler, step) in starts.items()}
        for _ in range(ROUNDS)
    ]
    least = {start: min(each[start] for each in rounds) for start in starts}
    assert least["import"] <= OF_LIBRARIES * least["libraries"], least
    assert least["agent"] <= OF_THE_API * least["app"], least
    assert least["documents_changed"] <= OF_THE_API * least["app"], least
