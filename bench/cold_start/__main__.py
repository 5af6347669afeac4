"""How long each function takes to start and to serve its first event, from the package that is deployed.

    python -m bench.cold_start [--rounds 9] [--than OTHER.zip] [--check]

Chalice builds the package for this machine; it is unpacked and never written to, as on Lambda. Each start is
a process of its own, with the variables of stage `local`, against the local stand-ins for AWS. What is shown
is the median of its processor time, taken in turns, since seconds depend on what else the machine does.
`init` is what Lambda does before an event: the import, and the warm-up of `chalicelib/services.py`.

The floor is the libraries alone that each start loads, from the same package, and as `first` what the first
event needs on top: clients, and for two functions psycopg2. Customers are read as in a stage: by a function
of their own, which is a stand-in here. --than measures another package beside it, such as that of an earlier
version. --check fails when a goal is missed.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3

from bench.cold_start.customers import FUNCTION, customers_function
from bench.cold_start.events import event_of
from bench.load.product import running_product
from deployment.facts import CUSTOMERS_FUNCTION, IN_VPC
from tooling.bytecode import RUNTIME, compile_for_lambda, packager
from tooling.project import ROOT
from tooling.stages import LOCAL, read_config

HERE = Path(__file__).parent
ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
LIBRARIES = (
    "import annotated_types, chalice, botocore.session, pynamodb.transactions, aws_lambda_powertools;"
    "session = botocore.session.get_session()"
)
CLIENTS = {
    "app.app": (
        *("bedrock-runtime", "bedrock-agent-runtime", "comprehend"),
        *("secretsmanager", "dynamodb", "lambda"),
    ),
    "app.agent": ("secretsmanager",),
    "app.documents_changed": ("dynamodb", "bedrock-agent"),
    "app.sweep": ("dynamodb", "bedrock-agent"),
    "app.deliver": ("dynamodb",),
    "app.count": ("dynamodb",),
    "app.intake": ("dynamodb", "bedrock-agent-runtime", "comprehend", "lambda"),
    "app.customers": ("secretsmanager",),
    "app.migrate": ("secretsmanager",),
}
NOT_WARMED_UP, OTHER = "app.app, not warmed up", "app.app of the other package"
IMPORT_OF_BEFORE, IMPORT_OF_LIBRARIES, OF_THE_API, OF_CLIENTS = 0.5, 1.3, 0.6, 1.3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--than", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="support-bench-") as name,
        running_product() as product,
        customers_function() as port,
    ):
        folder = Path(name)
        package = unpacked(built(folder / "project"), folder / "package")
        other = unpacked(options.than, folder / "other") if options.than else None
        variables = environment(product.aws_port, port)
        rounds: dict[str, list[list[float]]] = {}
        for _ in range(options.rounds):
            for start, (place, handler, steps) in starts_of(package, other).items():
                rounds.setdefault(start, []).append(run(place, handler, steps, variables))
        medians = {
            start: list(map(statistics.median, zip(*each, strict=True))) for start, each in rounds.items()
        }
    print_table(medians)
    reached = goals(medians)
    for goal, is_met in reached.items():
        print(f"{'met' if is_met else 'MISSED':8}{goal}")
    if options.check and not all(reached.values()):
        sys.exit(1)


def built(project: Path) -> Path:
    """Return the package that `dev.py deploy` would ship from here, built for this machine."""
    for part in ("app.py", "chalicelib", "requirements.txt"):
        copy: Callable[[Path, Path], object] = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        project.mkdir(exist_ok=True)
        copy(ROOT / part, project / part)
    compile_for_lambda(project, ARCHITECTURE)
    return Path(packager(ARCHITECTURE).create_deployment_package(str(project), RUNTIME))


def unpacked(package: Path, folder: Path) -> Path:
    """Unpack a package; return the folder."""
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    print(f"{package.stat().st_size / 2**20:.1f} MB: {package.name}")
    return folder


def starts_of(package: Path, other: Path | None) -> dict[str, tuple[Path, str, list[str]]]:
    """Return what is measured by its name: where it lies, how Lambda calls it, and its steps."""
    boto3_of_the_tools = f"import sys; sys.path += [{str(Path(boto3.__file__).parents[1])!r}, {str(HERE)!r}]"
    starts: dict[str, tuple[Path, str, list[str]]] = {}
    for handler, clients in CLIENTS.items():
        made = [f"session.create_client({client!r})" for client in clients]
        made += ["import psycopg2"] if handler.removeprefix("app.") in IN_VPC else []
        starts[f"libraries for {handler}"] = (package, "", [LIBRARIES, ";".join(made)])
        starts[handler] = (package, handler, ["import app", f"{handler}({event_of(handler)!r}, None)"])
    event = event_of("app.app")
    ours = ["import app", f"app.app({event!r}, None)"]
    theirs = [f"{boto3_of_the_tools};import reference", f"reference.handler({event!r}, None)"]
    starts[NOT_WARMED_UP] = (package, "", ours)
    starts["the reference"] = (package, "", theirs)
    if other:
        starts[OTHER] = (other, "", ours)
    return starts


def environment(aws_port: int, lambda_port: int) -> dict[str, str]:
    """Return the variables of stage `local`, with limits that refuse nobody, and customers elsewhere."""
    variables = read_config()["stages"][LOCAL]["environment_variables"]
    limits = {name: "1000000" for name in variables if "_PER_" in name}
    return {
        **variables,
        **limits,
        CUSTOMERS_FUNCTION: FUNCTION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}",
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{lambda_port}",
        "PATH": os.defpath,
    }


def run(package: Path, handler: str, steps: list[str], variables: Mapping[str, str]) -> list[float]:
    """Start a container; return the milliseconds of processor time of each step."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [str(python), "-S", "-E", "-s", "-B", str(HERE / "container.py"), str(package), *steps]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        env={**variables, **({"_HANDLER": handler} if handler else {})},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [processor * 1000 for processor, _ in json.loads(done.stdout.splitlines()[-1])]


def print_table(medians: Mapping[str, list[float]]) -> None:
    """Print milliseconds of processor time."""
    print(f"\n{'':36}{'init':>8}{'first':>8}{'in all':>8}")
    for start, (init, first) in medians.items():
        print(f"{start:36}{init:8.0f}{first:8.0f}{init + first:8.0f}")
    print()


def goals(medians: Mapping[str, list[float]]) -> dict[str, bool]:
    """Say by goal whether it is met."""
    libraries, clients = medians["libraries for app.app"]
    imported, (init, first) = medians[NOT_WARMED_UP][0], medians["app.app"]
    ratios = {
        "import of the API to its libraries": (imported / libraries, IMPORT_OF_LIBRARIES),
        "its first event to its clients": (first / clients, OF_CLIENTS),
        "the authorizer to the API": (sum(medians["app.agent"]) / (init + first), OF_THE_API),
        "the S3 function to the API": (sum(medians["app.documents_changed"]) / (init + first), OF_THE_API),
    }
    if OTHER in medians:
        ratios["import to the other package's"] = (imported / medians[OTHER][0], IMPORT_OF_BEFORE)
    return {f"{name}: {ratio:.2f}, at most {most}": ratio <= most for name, (ratio, most) in ratios.items()}


if __name__ == "__main__":
    main()
