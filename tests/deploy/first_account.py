"""Takes a stage through its life in a real AWS account, and writes what came of it into one file.

`.venv/bin/python -m tests.deploy.first_account dev`; docs/first-deploy.md says what to look at meanwhile. The
account's number does not get into the file, nor does any secret: no command prints one.
"""

import argparse
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tooling.project import ROOT
from tooling.stages import PROD, record_path

ACCOUNT_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
ADDRESS = re.compile(r"ApiEndpoint +(\S+)")
SYNC = ("kb", "sync")


@dataclass(frozen=True)
class Step:
    """A command of `dev.py`, and what its output has to hold; `before` prepares it."""

    arguments: tuple[str, ...]
    proves: str
    holds: str = ""
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it has printed."""

    code: int
    text: str


Run = Callable[[Sequence[str]], Ended]


def steps(stage: str, options: Sequence[str] = (), with_opensearch: bool = True) -> list[Step]:
    """Return the steps in their order; `options` are given to each `infra`, `deploy` and `destroy`."""

    def command(verb: str, *more: str) -> tuple[str, ...]:
        return (verb, stage, "--yes", *options, *more)

    def forget() -> None:
        record_path(ROOT, stage).unlink(missing_ok=True)

    of_stage = ("--stage", stage)
    return [
        Step(command("infra"), "the stack is made", "Next: "),
        Step(command("infra"), "a second time nothing is to be done", "Nothing to change"),
        Step(command("deploy"), "the app answers", "Smoke test"),
        Step(command("deploy"), "another copy deploys to the same API", "ApiEndpoint", before=forget),
        Step(("kb", "add", "samples/kb", *of_stage), "documents are indexed", " 0 failed"),
        Step(("doctor", *of_stage), "nothing that the stage needs is wrong"),
        Step(("test", "--live", *of_stage, "tests/integration", "-q"), "the live tests pass", " passed"),
        *(_switches(command, of_stage) if with_opensearch else ()),
        Step(command("destroy"), "all is gone but what holds data", f"Stage {stage} is gone"),
        Step(command("infra"), "tables and documents are taken over", "adopt"),
        Step(command("deploy"), "the app answers from them", "Smoke test"),
        Step(command("destroy"), "all is gone again", f"Stage {stage} is gone"),
    ]


def _switches(command: Callable[..., tuple[str, ...]], of_stage: tuple[str, ...]) -> Iterator[Step]:
    """Yield a change of the vector store and back."""
    for store in ("OPENSEARCH_SERVERLESS", "S3_VECTORS"):
        yield Step(
            command("infra", "--vector-store", store), f"vectors move to {store}", "starts again from nothing"
        )
        yield Step(command("deploy"), "the app finds the new knowledge base", "Smoke test")
        yield Step((*SYNC, *of_stage), "documents are indexed there", " 0 failed")


def walk(todo: Sequence[Step], run: Run, report: Path) -> int:
    """Do the steps until one fails; return the exit code. The report grows with each."""
    report.write_text(_heading(), "utf-8")
    address = ""
    for number, step in enumerate(todo, 1):
        step.before()
        began = time.monotonic()
        ended = run(step.arguments)
        problem = _problem(step, ended, address)
        _append(report, number, step, ended, time.monotonic() - began, problem)
        found = ADDRESS.search(ended.text)
        address = "" if step.arguments[0] == "destroy" else found[1] if found else address
        if problem:
            _say(f"\nStep {number} of {len(todo)} failed: {problem}. {report} holds what came of it.")
            return 1
    _say(f"\nAll {len(todo)} steps are done. {report} holds what came of them.")
    return 0


def _problem(step: Step, ended: Ended, address: str) -> str | None:
    if ended.code != 0:
        return f"exit code {ended.code}"
    if step.holds not in ended.text:
        return f"“{step.holds}” is not in what it printed"
    found = ADDRESS.search(ended.text)
    if address and found and found[1] != address:
        return f"the API's address was {address} and is {found[1]}"
    return None


def _append(report: Path, number: int, step: Step, ended: Ended, seconds: float, problem: str | None) -> None:
    lines = [
        f"\n## {number}. {step.proves}: {'FAILED, ' + problem if problem else 'yes'}",
        f"$ dev.py {' '.join(step.arguments)}   ({seconds:.0f} s, exit code {ended.code})",
        ended.text,
    ]
    with report.open("a", encoding="utf-8") as file:
        file.write(ACCOUNT_NUMBER.sub("<account>", "\n".join(lines)))


def _heading() -> str:
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return (
        f"# A stage's life\n{platform.platform()}, Python {platform.python_version()}, revision {revision}\n"
    )


def _on_terminal(arguments: Sequence[str]) -> Ended:
    _say(f"\n$ dev.py {' '.join(arguments)}")
    command = [sys.executable, "-m", "cli", *arguments]
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        for line in process.stdout or ():
            _say(line.rstrip("\n"))
            lines.append(line)
    return Ended(process.returncode, "".join(lines))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", help="which one; it is made and deleted, so not prod")
    parser.add_argument("--region", help="for another Region than that of the AWS profile")
    parser.add_argument("--without-opensearch", action="store_true", help="don't change the vector store")
    chosen = parser.parse_args(arguments)
    if chosen.stage == PROD:
        parser.error("it deletes the stage: take another one than prod")
    options = ("--region", chosen.region) if chosen.region else ()
    todo = steps(chosen.stage, options, not chosen.without_opensearch)
    return walk(todo, _on_terminal, ROOT / f"first-deploy-{chosen.stage}.txt")


if __name__ == "__main__":
    sys.exit(main())
