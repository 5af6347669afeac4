"""The locked requirements: each package in one version, by its hashes, in step with what was asked for."""

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tooling.project import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt")
PINNED = re.compile(
    r"(?P<name>[\w.-]+)(\[(?P<extras>[\w, .-]+)\])?==(?P<version>[\w.!+]+)( ;(?P<marker>[^\\]*))?"
)
COMPILE = "Compile it again: see CONTRIBUTING.md"


def entries(path: Path) -> list[str]:
    """Return a file's requirements, each with its continuation lines, without comments."""
    lines = (line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    return [entry for entry in "\n".join(lines).replace("\\\n", " ").split("\n") if entry.strip()]


def pins(name: str) -> set[tuple[str, str]]:
    """Return the names and versions that a file pins, whichever system they are for."""
    found = (PINNED.match(entry) for entry in entries(ROOT / name) if not entry.startswith("-"))
    return {(re.sub(r"[-_.]+", "-", pin["name"]).lower(), pin["version"]) for pin in found if pin}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_takes_each_package_by_its_hashes(lock: str) -> None:
    for entry in entries(ROOT / lock):
        assert PINNED.match(entry), entry
        assert re.search(r" --hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock: str) -> None:
    options = re.findall(r"(?:^|\s)--?[a-z][a-z-]+", "\n".join(entries(ROOT / lock)))
    assert {option.strip() for option in options} == {"--hash"}
    assert "://" not in (ROOT / lock).read_text("utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_was_asked_for_in_that_version(lock: str) -> None:
    asked = (ROOT / lock).with_suffix(".in").name
    assert pins(asked)
    assert pins(asked) <= pins(lock), COMPILE


def test_a_lock_names_the_extras_that_packages_ask_of_others() -> None:
    """pip takes a package with an extra for another one: it would look for the newest, which has no hash."""
    locked: dict[str, set[str]] = {}
    for pin in filter(None, map(PINNED.match, entries(ROOT / "requirements-dev.txt"))):
        locked.setdefault(canonicalize_name(pin["name"]), set()).update(
            map(canonicalize_name, re.findall(r"[\w.-]+", pin["extras"] or ""))
        )
    asked = [
        (canonicalize_name(each.name), set(map(canonicalize_name, each.extras)))
        for found in distributions()
        if canonicalize_name(found.name) in locked
        for each in map(Requirement, found.requires or ())
        if each.extras and (not each.marker or each.marker.evaluate({"extra": ""}))
    ]
    assert asked
    assert [each for each in asked if not each[1] <= locked[each[0]]] == []


def test_tests_run_on_the_very_versions_that_ship() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt"), COMPILE
