"""A change set in words: what comes, changes, is replaced and goes, and which of it holds data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HOLDS_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
VERBS = {"Add": "add", "Import": "adopt", "Modify": "change", "Remove": "remove"}
FATES = {"Retain": "stays, outside the stack", "Snapshot": "leaves a snapshot"}


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
    def endangers_data(self) -> bool:
        """Say whether what the app keeps there will, or may, be out of its sight."""
        return self.kind in HOLDS_DATA and (
            self.action == "Remove" or self.replaced in ("True", "Conditional")
        )


def read_changes(entries: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return the changes that DescribeChangeSet lists."""
    return [_read(entry["ResourceChange"]) for entry in entries if "ResourceChange" in entry]


def describe_changes(changes: Sequence[Change]) -> list[str]:
    """Return lines for a person; nothing but additions is counted by type."""
    if all(change.action == "Add" for change in changes):
        return _counted(changes)
    return [_line(change) for change in changes]


def _read(change: Mapping[str, Any]) -> Change:
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
