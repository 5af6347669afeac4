"""`dev.py test`: lint, types, the template, then every test; stops at the first that fails.

With arguments it runs just pytest, with these arguments. With `--live --stage dev` before them, it runs the
integration tests against that stage, as it is deployed.
"""

import argparse
import subprocess
import sys
import time

from tooling.environment import LIVE_STAGE, extended

STEPS: dict[str, list[str]] = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    # Not a module that can be run without a warning.
    "template": [
        *["-c", "from cfnlint.runner import main; main()"],
        *["--regions", "us-east-1", "eu-west-2", "--", "infra/rds_kb.yaml"],
    ],
    "tests": [
        *["-m", "pytest", "--cov=chalicelib", "--cov-report=term-missing"],
        # Much of the time is spent waiting for servers. A file stays together, for it may share one.
        *["-n", "2", "--dist", "loadfile"],
    ],
}


def run_tests(pytest_arguments: list[str]) -> int:
    """Run the checks; return 0 when all passed."""
    if pytest_arguments[:1] == ["--live"]:
        return _run_live(pytest_arguments[1:])
    if pytest_arguments:
        return _run(["-m", "pytest", *pytest_arguments])
    results: list[str] = []
    for name, arguments in STEPS.items():
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
    # Only here: who just runs the tests need not wait for what talks to AWS.
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
