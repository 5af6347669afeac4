"""How long each function takes to start and to serve its first event, from the package that is deployed.

    python -m bench.cold_start [--rounds 9] [--than OTHER.zip] [--check]

Chalice builds the package for this machine; it is unpacked and never written to, as on Lambda. Each start is
a process of its own, with the variables of stage `local`, against the local stand-ins for AWS. What is shown
is the median of its processor time, taken in turns, since seconds depend on what else the machine does.
`init` is what Lambda does before an event: the import, and the warm-up of `chalicelib/services.py`.

The floor is the libraries alone, from the same package, and as `first` the clients that the function's first
event needs. --than measures another package beside it, such as that of an earlier version. --check fails when
a goal is missed.
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
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from bench.load.product import running_product
from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.stage import read_local_stage
from tooling.bytecode import RUNTIME, compile_for_lambda, packager
from tooling.project import ROOT
from tooling.stages import LOCAL, read_config

HERE = Path(__file__).parent
ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
LIBRARIES = (
    "import chalice, botocore.session, pynamodb.models, psycopg2, pydantic, aws_lambda_powertools;"
    "pydantic.BaseModel; session = botocore.session.get_session()"
)
CLIENTS = {
    "app.app": ("bedrock-runtime", "bedrock-agent-runtime", "comprehend", "secretsmanager", "dynamodb"),
    "app.agent": ("secretsmanager",),
    "app.documents_changed": ("dynamodb", "bedrock-agent"),
    "app.sweep": ("dynamodb", "bedrock-agent"),
    "app.deliver": ("dynamodb",),
    "app.intake": ("dynamodb", "bedrock-agent-runtime", "comprehend"),
    "app.customers": ("secretsmanager",),
    "app.migrate": ("secretsmanager",),
}
NOT_WARMED_UP, OTHER = "app.app, not warmed up", "app.app of the other package"
IMPORT_OF_BEFORE, IMPORT_OF_LIBRARIES, OF_THE_API, OF_CLIENTS = 0.5, 1.15, 0.6, 1.3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--than", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="support-bench-") as name, running_product() as product:
        folder = Path(name)
        package = unpacked(built(folder / "project"), folder / "package")
        starts = starts_of(package, unpacked(options.than, folder / "other") if options.than else None)
        variables = environment(product.aws_port)
        rounds: dict[str, list[list[float]]] = {start: [] for start in starts}
        for _ in range(options.rounds):
            for start, (place, handler, steps) in starts.items():
                rounds[start].append(run(place, handler, steps, variables))
        medians = {start: list(map(statistics.median, zip(*rounds[start], strict=True))) for start in starts}
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


def event_of(handler: str) -> dict[str, Any]:
    """Return an event that a function serves in full."""
    match handler:
        case "app.app":
            context = {"httpMethod": "POST", "resourcePath": "/chat", "identity": {"sourceIp": "192.0.2.1"}}
            return {
                "requestContext": context,
                "headers": {"content-type": "application/json"},
                "pathParameters": None,
                "multiValueQueryStringParameters": None,
                "body": json.dumps({"query": "How do I reset my password?"}),
                "isBase64Encoded": False,
                "stageVariables": None,
            }
        case "app.agent":
            arn = "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/tickets"
            return {"type": "TOKEN", "authorizationToken": f"Bearer {AGENT_TOKEN}", "methodArn": arn}
        case "app.documents_changed":
            place = {"bucket": {"name": read_local_stage().documents_bucket}, "object": {"key": "a.md"}}
            return {"Records": [{"eventName": "ObjectCreated:Put", "s3": place}]}
        case "app.intake":
            ticket = {
                "customer_external_id": "CUST-1001",
                "subject": "A parcel",
                "description": "Where is it?",
            }
            attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000"}
            message = {"messageId": str(uuid.uuid4()), "body": json.dumps(ticket), "attributes": attributes}
            return {"Records": [message]}
        case "app.sweep":
            fields = ("account", "detail-type", "id", "region", "source", "time")
            return {**dict.fromkeys(fields, ""), "detail": {}, "resources": [], "version": "0"}
        case "app.deliver":
            image = {"event_id": {"S": "unknown"}}
            return {"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": image}}]}
    return {}


def environment(aws_port: int) -> dict[str, str]:
    """Return the variables of stage `local`, with limits that count but refuse nobody."""
    variables = read_config()["stages"][LOCAL]["environment_variables"]
    limits = {name: "1000000" for name in variables if "_PER_" in name}
    return {**variables, **limits, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}", "PATH": os.defpath}


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
        "import of the API to libraries and clients": (imported / (libraries + clients), IMPORT_OF_LIBRARIES),
        "its first event to its clients": (first / clients, OF_CLIENTS),
        "the authorizer to the API": (sum(medians["app.agent"]) / (init + first), OF_THE_API),
        "the S3 function to the API": (sum(medians["app.documents_changed"]) / (init + first), OF_THE_API),
    }
    if OTHER in medians:
        ratios["import to the other package's"] = (imported / medians[OTHER][0], IMPORT_OF_BEFORE)
    return {f"{name}: {ratio:.2f}, at most {most}": ratio <= most for name, (ratio, most) in ratios.items()}


if __name__ == "__main__":
    main()
