"""`dev.py test`: lint, types, the template, then every test; stops at the first that fails.

With arguments it runs just pytest, with these arguments.
"""

import subprocess
import sys
import time

STEPS: dict[str, list[str]] = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    # Not a module that can be run without a warning.
    "template": [
        *["-c", "from cfnlint.runner import main; main()"],
        *["--regions", "us-east-1", "eu-west-2", "--", "infra/rds_kb.yaml"],
    ],
    "tests": ["-m", "pytest", "--cov=chalicelib", "--cov-report=term-missing"],
}


def main(pytest_arguments: list[str]) -> int:
    """Run the checks; return 0 when all passed."""
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


def _run(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
