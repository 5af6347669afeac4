"""`dev.py test`: lint, types, the template, then the tests; stops at the first that fails.

`--quick` leaves out what needs a server. Any other arguments go to pytest, which alone is run then; with
`--live --stage dev` before them, it runs the integration tests against that stage, as it is deployed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping

from tooling.environment import LIVE_STAGE, extended

QUICK = "--quick"
CHECKS: dict[str, list[str]] = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    # Run with -m, it prints a warning.
    "template": [
        *["-c", "from cfnlint.runner import main; main()"],
        *["--regions", "us-east-1", "eu-west-2", "--", "infra/rds_kb.yaml"],
    ],
}
ALL_TESTS = [
    "-m",
    "pytest",
    # A file stays together, because its tests may share a server. The files go by name, which leaves the many
    # short ones of tests/unit for the end: neither process then waits long for the other.
    *["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"],
]
QUICK_TESTS = [
    *["-m", "pytest", "-n", "2", "--dist", "worksteal", "--hypothesis-profile", "quick"],
    *["tests/unit", "tests/property"],
]


def run_tests(pytest_arguments: list[str]) -> int:
    """Run the checks; return 0 when all passed."""
    if pytest_arguments[:1] == ["--live"]:
        return _run_live(pytest_arguments[1:])
    if pytest_arguments == [QUICK]:
        return _run_steps({**CHECKS, "tests": QUICK_TESTS})
    if pytest_arguments:
        return _run(["-m", "pytest", *pytest_arguments])
    return _run_steps({**CHECKS, "tests": ALL_TESTS})


def _run_steps(steps: Mapping[str, list[str]]) -> int:
    results: list[str] = []
    for name, arguments in steps.items():
        print(f"== {name}", flush=True)
        began = time.monotonic()
        exit_code = _run(arguments)
        verdict = "ok" if exit_code == 0 else "FAILED"
        results.append(f"{name} {verdict} ({time.monotonic() - began:.0f} s)")
        if exit_code != 0:
            break
    print(f"== {', '.join(results)}", flush=True)
    return exit_code


def _run_live(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("dev.py test --live")
    parser.add_argument("--stage", required=True, help="a deployed stage, such as dev")
    options, pytest_arguments = parser.parse_known_args(arguments)
    # Imported only here: loading boto3 would delay every other run.
    from tooling.deployed_stage import open_live_stage
    from tooling.errors import CommandError

    try:
        stage = open_live_stage(options.stage)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"== integration tests against {stage.url}", flush=True)
    return _run(["-m", "pytest", *(pytest_arguments or ["tests/integration"])], **{LIVE_STAGE: stage.name})


def _run(arguments: list[str], **variables: str) -> int:
    return subprocess.run([sys.executable, *arguments], env=extended(**variables)).returncode
