"""`dev.py doctor`: looks at all that a stage needs, and says for each what to do where it is not right."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.answers import OF_ANOTHER_SHAPE
from cli.display import printable
from cli.doctor import app, bedrock, deployed, storage
from cli.doctor.stage import Problem, Stage
from tooling import environment
from tooling.aws_errors import explained
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import LOCAL

AT_ONCE = 8
NAME_WIDTH = 21
IF_AWS_FAILS = ("Check who you are for AWS, and your rights.", "Start it with `python3 dev.py run`.")
"""What to do when AWS does not answer or refuses, by whether the stage is local."""
IF_NOT_THIS_APP = "Name the right stage or ports, or deploy this version."


@dataclass(frozen=True)
class Finding:
    """What a check found; `fix` is empty where all is right."""

    check: str
    ok: bool
    detail: str
    fix: str


def examine(options: Namespace) -> int:
    """Run the command; return its exit code: 1 when something is not right."""
    if options.stage == LOCAL:
        environment.forget_own_aws_settings()
    findings = _findings(options)
    if options.json:
        print(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        print(*_lines(findings), _summary(findings), sep="\n")
    return 0 if all(each.ok for each in findings) else 1


def _findings(options: Namespace) -> list[Finding]:
    try:
        stage = Stage(options, ROOT)
    except CommandError as problem:
        detail, _, fix = str(problem).partition(". ")
        return [Finding("stage", False, detail, fix)]
    return look(stage)


def look(stage: Stage) -> list[Finding]:
    """Make all checks, several at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(finding, stage), checks_of(stage)))


def checks_of(stage: Stage) -> list[Callable[[Stage], str]]:
    """Return the checks of a stage: functions that return what is well, or raise Problem."""
    return [*app.CHECKS, *storage.CHECKS, *bedrock.CHECKS, *(() if stage.is_local else deployed.CHECKS)]


def finding(stage: Stage, check: Callable[[Stage], str]) -> Finding:
    """Make one check."""
    name = check.__name__
    try:
        return Finding(name, True, check(stage), "")
    except Problem as problem:
        return Finding(name, False, problem.detail, problem.fix)
    except CommandError as problem:
        return Finding(name, False, str(problem), "Do what it says, and look again.")
    except (BotoCoreError, ClientError) as error:
        return Finding(name, False, str(explained(error, stage.unreachable)), IF_AWS_FAILS[stage.is_local])
    except (ResponseParserError, *OF_ANOTHER_SHAPE) as error:
        detail = f"something else answers, or another version ({type(error).__name__})"
        return Finding(name, False, detail, IF_NOT_THIS_APP)


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Return a line for each finding, and one for what to do, unless the failure above has the same one."""
    fix = ""
    for each in findings:
        mark, name = "ok  " if each.ok else "FAIL", each.check.replace("_", " ")
        yield f"{mark}  {name:<{NAME_WIDTH}}  {printable(each.detail)}"
        if each.fix and each.fix != fix:
            yield f"{'':6}{'':{NAME_WIDTH}}  {printable(each.fix)}"
        fix = each.fix


def _summary(findings: Sequence[Finding]) -> str:
    wrong = sum(not each.ok for each in findings)
    return f"{len(findings)} checks, all right." if not wrong else f"{len(findings)} checks, {wrong} failed."
