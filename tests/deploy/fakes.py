"""Stand-ins for an AWS account as the deployment sees it, written by hand: no network, no waiting."""

import io
import json
import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from cli.options import build_parser
from deployment.account import Account
from deployment.work import Terminal, Work
from tests.deploy.infra import WRITTEN
from tests.service_models import operations_of, require_acceptable, require_possible
from tooling.project import ROOT

ACCOUNT = "123456789012"
REGION = "eu-west-2"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/deployer"
STACK_TYPE = "AWS::CloudFormation::Stack"


def refusal(code: str, message: str = "", operation: str = "Operation") -> ClientError:
    """Return an error as AWS answers it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
ANSWERED: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}},
    "stopReason": "max_tokens",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}
"""What Converse answers."""
EMBEDDED: dict[str, Any] = {"body": b"{}", "contentType": "application/json"}
"""What InvokeModel answers."""


def model_details(**details: Any) -> dict[str, Any]:
    """Return what GetFoundationModel answers."""
    arn = f"arn:aws:bedrock:{REGION}::foundation-model/anthropic.first"
    return {"modelDetails": {"modelArn": arn, "modelId": "anthropic.first", **details}}


def role(name: str, arn: str | None = None) -> dict[str, Any]:
    """Return a role as IAM describes it."""
    arn = arn or f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return {"RoleName": name, "Arn": arn, "Path": "/", "RoleId": "AROAEXAMPLEEXAMPLE01", "CreateDate": MOMENT}


class FakeClient:
    """A client of any service: answers each operation as told, and remembers the calls.

    An answer is a value, an error to raise, a function of the arguments, or a list of these to take in turn.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self.answers:
            raise AttributeError(operation)
        return lambda **arguments: self._answer(operation, arguments)

    def get_paginator(self, operation: str) -> "FakePages":
        """Return the pages of an operation: here always one."""
        return FakePages(lambda arguments: self._answer(operation, arguments))

    def called(self, operation: str) -> list[dict[str, Any]]:
        """Return the arguments of each call of an operation."""
        return [arguments for name, arguments in self.calls if name == operation]

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        self.calls.append((operation, arguments))
        answer = self.answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer


@dataclass(frozen=True)
class FakePages:
    """The pages of one operation."""

    answer: Callable[[dict[str, Any]], Any]

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        """Yield the one page."""
        yield self.answer(arguments)


@dataclass
class FakeCloudFormation:
    """CloudFormation with at most one stack. What an operation does next is in `script`.

    Each entry is what one look finds: events that have come, as (name, type, status, reason), and the status.
    """

    status: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    is_protected: bool = False
    resources: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    change_set_status: tuple[str, str] = ("CREATE_COMPLETE", "")
    script: list[tuple[list[tuple[str, str, str, str]], str]] = field(default_factory=list)
    pending_looks: int = 0
    proposals: list[dict[str, Any]] = field(default_factory=list)
    executed: list[dict[str, Any]] = field(default_factory=list)
    deletions: int = 0
    discarded: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)
    _is_running: bool = False

    name = "customer-support-dev"
    stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/customer-support-dev/1"

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Return the stack."""
        is_known = StackName == self.stack_id or self.status != "DELETE_COMPLETE"
        if self.status is None or not is_known:
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [self._stack()]}

    def create_change_set(self, **arguments: Any) -> dict[str, Any]:
        """Keep a proposal."""
        self.proposals.append(arguments)
        if self.status in (None, "DELETE_COMPLETE"):
            self.status = "REVIEW_IN_PROGRESS"
        return {"Id": f"{self.stack_id}/change-set", "StackId": self.stack_id}

    def describe_change_set(self, **arguments: Any) -> dict[str, Any]:
        """Return the changes, two to a page."""
        if self.pending_looks:
            self.pending_looks -= 1
            return {"Status": "CREATE_IN_PROGRESS"}
        status, reason = self.change_set_status
        start = int(arguments.get("NextToken", 0))
        following = {"NextToken": str(start + 2)} if start + 2 < len(self.changes) else {}
        return {
            "Status": status,
            "StatusReason": reason,
            "Changes": self.changes[start : start + 2],
            **following,
        }

    def delete_change_set(self, **_arguments: Any) -> None:
        """Forget a proposal."""
        self.discarded += 1

    def execute_change_set(self, **arguments: Any) -> None:
        """Begin what the script says."""
        self.executed.append(arguments)
        self._is_running = True

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - AWS's name
        """Begin what the script says; without one the stack is gone."""
        self.deletions += 1
        self._is_running = bool(self.script)
        if not self.script:
            self._come([(self.name, STACK_TYPE, "DELETE_COMPLETE", "")], "DELETE_COMPLETE")

    def update_termination_protection(self, **arguments: Any) -> None:
        """Switch the protection."""
        self.is_protected = arguments["EnableTerminationProtection"]

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Return events, newest first; looking lets the script go on."""
        if self._is_running and self.script:
            self._come(*self.script.pop(0))
            self._is_running = bool(self.status and self.status.endswith("_IN_PROGRESS"))
        return {"StackEvents": self._events[::-1]}

    def get_paginator(self, operation: str) -> FakePages:
        """Return pages of events or resources."""
        if operation == "list_stack_resources":
            return FakePages(lambda _arguments: {"StackResourceSummaries": self._resources()})
        return FakePages(lambda arguments: self.describe_stack_events(**arguments))

    def begin(self) -> None:
        """Let somebody else have started what the script says."""
        self._is_running = True

    def _come(self, events: list[tuple[str, str, str, str]], status: str) -> None:
        for name, kind, event_status, reason in events:
            self._events.append(
                {
                    "StackId": self.stack_id,
                    "StackName": self.name,
                    "EventId": str(len(self._events)),
                    "LogicalResourceId": name,
                    "PhysicalResourceId": self.resources.get(name, ""),
                    "ResourceType": kind,
                    "ResourceStatus": event_status,
                    "Timestamp": MOMENT,
                    **({"ResourceStatusReason": reason} if reason else {}),
                }
            )
        self.status = status

    def _stack(self) -> dict[str, Any]:
        return {
            "StackId": self.stack_id,
            "StackName": self.name,
            "CreationTime": MOMENT,
            "StackStatus": self.status,
            "EnableTerminationProtection": self.is_protected,
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()],
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()
            ],
        }

    def _resources(self) -> list[dict[str, Any]]:
        return [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": identifier,
                "ResourceStatus": "CREATE_COMPLETE",
                "ResourceType": WRITTEN["Resources"][name]["Type"],
                "LastUpdatedTimestamp": MOMENT,
            }
            for name, identifier in self.resources.items()
        ]


def ends(status: str, *failures: tuple[str, str, str, str]) -> tuple[list[tuple[str, str, str, str]], str]:
    """Return the script's entry in which an operation ends."""
    return [*failures, (FakeCloudFormation.name, STACK_TYPE, status, "")], status


def change(action: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return a change as DescribeChangeSet lists it."""
    fields = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": fields}


@dataclass(frozen=True)
class Held:
    """A fake client of a service whose requests and answers are held to the service's model."""

    service: str
    fake: Any

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.fake, name)
        if name not in operations_of(self.service):
            return found
        return lambda **arguments: self._held(name, found, arguments)

    def get_paginator(self, operation: str) -> FakePages:
        """Return the pages of an operation."""
        pages = self.fake.get_paginator(operation)
        return FakePages(
            lambda arguments: self._held(operation, lambda **of: next(pages.paginate(**of)), arguments)
        )

    def _held(self, operation: str, call: Callable[..., Any], request: dict[str, Any]) -> Any:
        require_acceptable(self.service, operation, request)
        answer = call(**request)
        if answer is not None:
            require_possible(self.service, operation, answer)
        return answer


@dataclass
class Scene:
    """A command's surroundings: what was said, what AWS is made of, and how long it would have waited."""

    work: Work
    output: io.StringIO
    pauses: list[float]

    @property
    def said(self) -> str:
        """Return all lines so far."""
        return self.output.getvalue()


def scene(
    clients: Mapping[str, Any],
    stage: str = "dev",
    answers: str = "",
    is_sure: bool = False,
    root: Path = ROOT,
    caller: str = CALLER,
    is_emulated: bool = False,
) -> Scene:
    """Return surroundings with these clients by their services' names; `answers` is what the user types."""
    output = io.StringIO()
    pauses: list[float] = []

    def client(service: str) -> Any:
        found = clients[service]
        return found if isinstance(found, BaseClient) else Held(service, found)

    account = Account(REGION, caller, client, is_emulated)
    terminal = Terminal(is_sure, output, io.StringIO(answers))
    return Scene(Work(stage, account, terminal, root, pauses.append), output, pauses)


def options(*arguments: str) -> Namespace:
    """Return a command's options as its parser reads them."""
    return build_parser().parse_args(arguments)


def project(folder: Path) -> Path:
    """Return a copy of what the deployment reads and writes of the project."""
    shutil.copytree(ROOT / ".chalice", folder / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    shutil.copytree(ROOT / "infra", folder / "infra")
    return folder


def note_deployed(root: Path, account: str = ACCOUNT, region: str = REGION) -> None:
    """Write what Chalice writes after a deployment."""
    arn = f"arn:aws:lambda:{region}:{account}:function:customer-support-dev"
    resources = [
        {"name": "api_handler", "resource_type": "lambda_function", "lambda_arn": arn},
        {
            "name": "rest_api",
            "resource_type": "rest_api",
            "rest_api_id": "api1",
            "rest_api_url": f"https://api1.execute-api.{region}.amazonaws.com/api/",
        },
    ]
    folder = root / ".chalice" / "deployed"
    folder.mkdir(exist_ok=True)
    (folder / "dev.json").write_text(json.dumps({"resources": resources}))


def invoked(answer: Any, error: bool = False) -> dict[str, Any]:
    """Return what Invoke answers."""
    content: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(answer).encode())}
    return {**content, "FunctionError": "Unhandled"} if error else content
