"""Asks CloudFormation what would change, which makes a change set that can be executed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.changes import Change, read_changes
from deployment.work import Work
from tooling.aws_errors import message_of
from tooling.errors import CommandError

NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
WAIT_SECONDS = 2


@dataclass(frozen=True)
class ChangeSet:
    """What an execution would do; without an id there is nothing to execute or to forget."""

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
        # An emulator says at once what AWS says of the change set.
        if not _says_nothing_changes(message_of(error)):
            raise
        return ChangeSet("", "", [])
    return _read(work, client, {"ChangeSetName": made["Id"], "StackName": made["StackId"]})


def _read(work: Work, client: Any, name: Mapping[str, str]) -> ChangeSet:
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
