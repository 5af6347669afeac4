"""What CloudFormation would change: a change set that can be executed, and its description."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.work import Work
from tooling.aws_errors import message_of
from tooling.errors import CommandError

HOLDS_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
KNOWLEDGE = frozenset({"AWS::Bedrock::DataSource", "AWS::Bedrock::KnowledgeBase"})
VERBS = {"Add": "add", "Import": "adopt", "Modify": "change", "Remove": "remove"}
FATES = {"Retain": "stays, outside the stack", "Snapshot": "leaves a snapshot"}
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
WAIT_SECONDS = 2


@dataclass(frozen=True)
class Change:
    """What becomes of one resource; `replaced` is True, Conditional or False, as CloudFormation says it."""

    action: str
    name: str
    kind: str
    replaced: str
    fate: str
    causes: tuple[str, ...]

    @property
    def ends_knowledge_base(self) -> bool:
        """Say whether the documents have to be indexed again after it."""
        return self.kind in KNOWLEDGE and (
            self.action == "Remove" or self.replaced in ("True", "Conditional")
        )

    @property
    def endangers_data(self) -> bool:
        """Say whether the app would, or might, lose the data that it keeps there."""
        return self.kind in HOLDS_DATA and (
            self.action == "Remove" or self.replaced in ("True", "Conditional")
        )


def read_changes(entries: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return the changes that DescribeChangeSet lists."""
    return [_change(entry["ResourceChange"]) for entry in entries if "ResourceChange" in entry]


def describe_changes(changes: Sequence[Change]) -> list[str]:
    """Return lines for a person; nothing but additions is counted by type."""
    if all(change.action == "Add" for change in changes):
        return _counted(changes)
    return [_line(change) for change in changes]


def _change(change: Mapping[str, Any]) -> Change:
    targets = (detail.get("Target", {}) for detail in change.get("Details", ()))
    causes = {target.get("Name") or target.get("Attribute", "") for target in targets}
    return Change(
        action=change["Action"],
        name=change["LogicalResourceId"],
        kind=change["ResourceType"],
        replaced=change.get("Replacement") or "False",
        fate=(change.get("PolicyAction") or "").removeprefix("ReplaceAnd"),
        causes=tuple(sorted(causes - {""})),
    )


def _counted(changes: Sequence[Change]) -> list[str]:
    kinds = Counter(_short(change.kind) for change in changes)
    return [f"  add      {count:>3} × {kind}" for kind, count in sorted(kinds.items())]


def _line(change: Change) -> str:
    verb = VERBS.get(change.action, change.action.lower())
    if change.replaced == "True":
        verb = "REPLACE"
    elif change.replaced == "Conditional":
        verb = "MAY REPLACE"
    line = f"  {verb:<12}{change.name} ({_short(change.kind)})"
    line += f": {', '.join(change.causes)}" if change.causes else ""
    return line + (f"; the old one {FATES[change.fate]}" if change.fate in FATES else "")


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::").replace("::", " ")


@dataclass(frozen=True)
class ChangeSet:
    """What an execution would do; without an id there is nothing to execute or delete."""

    change_set_id: str
    stack_id: str
    changes: list[Change]


def create_change_set(work: Work, client: Any, arguments: Mapping[str, Any]) -> ChangeSet:
    """Return the change set that these arguments make. Raises CommandError, ClientError."""
    try:
        made = client.create_change_set(
            ChangeSetName=f"{work.name}-{time.time_ns()}",
            Capabilities=["CAPABILITY_IAM"],
            # Tables and the bucket of an earlier stack of this name are taken over with what is in them.
            ImportExistingResources=True,
            **arguments,
        )
    except ClientError as error:
        # An emulator answers this at once; AWS says it in the change set.
        if not _says_nothing_changes(message_of(error)):
            raise
        return ChangeSet("", "", [])
    return _finished(work, client, {"ChangeSetName": made["Id"], "StackName": made["StackId"]})


def _finished(work: Work, client: Any, name: Mapping[str, str]) -> ChangeSet:
    """Wait until CloudFormation has worked out a change set, and return it."""
    found = client.describe_change_set(**name)
    while found["Status"] not in ("CREATE_COMPLETE", "FAILED"):
        work.pause(WAIT_SECONDS)
        found = client.describe_change_set(**name)
    reason = found.get("StatusReason", "")
    if found["Status"] == "FAILED" and not _says_nothing_changes(reason):
        client.delete_change_set(**name)
        raise CommandError(f"CloudFormation does not accept the template or its parameters: {reason}")
    entries = list(found.get("Changes", ()))
    while token := found.get("NextToken"):
        found = client.describe_change_set(**name, NextToken=token)
        entries += found["Changes"]
    return ChangeSet(name["ChangeSetName"], name["StackName"], read_changes(entries))


def _says_nothing_changes(reason: str) -> bool:
    return any(words in reason for words in NOTHING_TO_DO)
