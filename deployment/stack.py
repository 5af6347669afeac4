"""The stage's CloudFormation stack: its state, proposing changes, making them, deleting it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.arns import APP
from deployment.change_sets import ChangeSet, create_change_set
from deployment.work import Work
from tooling.aws_errors import message_of
from tooling.errors import CommandError
from tooling.template import Template

UNMADE = "REVIEW_IN_PROGRESS"
"""Of a stack that exists in name only: its first change set was never executed."""
BROKEN = frozenset(
    {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"}
)
"""In these states CloudFormation accepts nothing but a deletion."""
STUCK = "UPDATE_ROLLBACK_FAILED"
POLL_SECONDS = 5
STACK = "AWS::CloudFormation::Stack"
CANCELLED = "cancelled"
"""In the reason of a resource that was stopped because another one had failed."""


@dataclass(frozen=True)
class StackView:
    """The state of a stack."""

    stack_id: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    is_protected: bool

    @property
    def is_busy(self) -> bool:
        """Say whether CloudFormation is changing it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != UNMADE


@dataclass(frozen=True)
class Outcome:
    """How an operation ended, the first failure on the way, if any, and what had failed in the end."""

    status: str
    failure: str | None
    left: tuple[str, ...] = ()


class Stack:
    """The stack of a stage. Any method may raise as boto3 does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = work.account.client("cloudformation")
        self.name = work.name

    def look(self) -> StackView | None:
        """Return the stack's state; None when there is none."""
        try:
            (found,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in message_of(error):
                return None
            raise
        return StackView(
            stack_id=found["StackId"],
            status=found["StackStatus"],
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())},
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", ())},
            is_protected=bool(found.get("EnableTerminationProtection")),
        )

    def propose(self, template: Template, parameters: Mapping[str, str], view: StackView | None) -> ChangeSet:
        """Ask what would change; parameters that are not given stay as they are. Raises CommandError."""
        is_new = view is None or view.status == UNMADE
        kept = set() if view is None or is_new else view.parameters.keys() & set(template.parameters)
        arguments = {
            "StackName": self.name,
            "ChangeSetType": "CREATE" if is_new else "UPDATE",
            "TemplateBody": template.with_names(self._names()),
            "Parameters": [
                *({"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()),
                *(
                    {"ParameterKey": name, "UsePreviousValue": True}
                    for name in sorted(kept - parameters.keys())
                ),
            ],
            "Tags": [{"Key": "Project", "Value": APP}, {"Key": "Stage", "Value": self._work.stage}],
        }
        try:
            change_set = create_change_set(self._work, self._client, arguments)
        except CommandError:
            self._forget_if_unmade()
            raise
        if not change_set.changes:
            self.discard(change_set)
        return change_set

    def discard(self, change_set: ChangeSet) -> None:
        """Delete a change set, and the stack if that exists in name only."""
        if change_set.change_set_id:
            self._client.delete_change_set(
                ChangeSetName=change_set.change_set_id, StackName=change_set.stack_id
            )
        self._forget_if_unmade()

    def execute(self, change_set: ChangeSet) -> Outcome:
        """Make the changes and follow them to their end."""
        after, before = self._newest(change_set.stack_id)
        self._client.execute_change_set(
            ChangeSetName=change_set.change_set_id,
            StackName=change_set.stack_id,
            # The API's documentation has the default the other way round from what happens.
            DisableRollback=False,
            # Otherwise a failed creation would leave its tables behind, and the next one would fail on them.
            RetainExceptOnCreate=True,
        )
        return _follow(self._work, self._client, change_set.stack_id, after, before)

    def when_idle(self) -> StackView | None:
        """Return the stack's state once nothing is changing it; follow what is."""
        while (view := self.look()) is not None and view.is_busy:
            self._work.terminal.say(f"{self.name} is being changed ({view.status}); following that first:")
            after = _newest_event(self._client, view.stack_id)
            _follow(self._work, self._client, view.stack_id, after, before=None)
        return view

    def delete(self, view: StackView) -> Outcome:
        """Delete the stack and follow it to its end."""
        after = _newest_event(self._client, view.stack_id)
        self._client.delete_stack(StackName=view.stack_id)
        return _follow(self._work, self._client, view.stack_id, after, view.status)

    def protect(self) -> None:
        """Protect the stack against deletion."""
        self._client.update_termination_protection(StackName=self.name, EnableTerminationProtection=True)

    def resources(self) -> dict[str, str]:
        """Return the physical ids of the stack's resources by their logical ones."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def _names(self) -> dict[str, str]:
        """Return what the names in the template are made of."""
        account = self._work.account
        return {"Stage": self._work.stage, "AWS::AccountId": account.number, "AWS::Region": account.region}

    def _forget_if_unmade(self) -> None:
        view = self.look()
        if view is not None and view.status == UNMADE:
            self._client.delete_stack(StackName=view.stack_id)

    def _newest(self, stack_id: str) -> tuple[str | None, str]:
        """Return the last event and the status, from which on to follow what comes."""
        (found,) = self._client.describe_stacks(StackName=stack_id)["Stacks"]
        return _newest_event(self._client, stack_id), found["StackStatus"]


def _newest_event(client: Any, stack: str) -> str | None:
    """Return the id of a stack's last event, from which on to follow what comes."""
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return str(events[0]["EventId"]) if events else None


def _follow(work: Work, client: Any, stack_id: str, after: str | None, before: str | None) -> Outcome:
    """Print events as they come until the operation has ended.

    One that was only just asked for may not have begun: then the stack's status is still the one `before`.
    """
    failures: list[str] = []
    latest: dict[str, str | None] = {}
    has_begun = before is None
    while True:
        events = _events_after(client, stack_id, after)
        for event in events:
            work.terminal.say(_line(event))
            has_begun = has_begun or event["ResourceType"] == STACK
        failures += [failure for failure in map(_failure, events) if failure]
        # CloudFormation tries three times to delete what an update has replaced.
        latest.update((event["LogicalResourceId"], _failure(event)) for event in events)
        after = events[-1]["EventId"] if events else after
        status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        has_begun = has_begun or status != before
        if has_begun and not status.endswith("_IN_PROGRESS") and not events:
            left = tuple(failure for failure in latest.values() if failure)
            return Outcome(status, failures[0] if failures else None, left)
        # More events may have come since: end only after a look that finds none.
        if not events:
            work.pause(POLL_SECONDS)


def _events_after(client: Any, stack_id: str, after: str | None) -> list[dict[str, Any]]:
    """Return the events since one, oldest first."""
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == after:
                return found[::-1]
            found.append(event)
    return found[::-1]


def _line(event: Mapping[str, Any]) -> str:
    moment = event["Timestamp"].astimezone().strftime("%H:%M:%S")
    reason = (
        f": {event.get('ResourceStatusReason', '')}" if event["ResourceStatus"].endswith("FAILED") else ""
    )
    status = event["ResourceStatus"].lower().replace("_", " ")
    return f"  {moment}  {status:<22}{event['LogicalResourceId']}{reason}"


def _failure(event: Mapping[str, Any]) -> str | None:
    reason = str(event.get("ResourceStatusReason", ""))
    if not event["ResourceStatus"].endswith("_FAILED") or CANCELLED in reason.lower():
        return None
    identifier = event.get("PhysicalResourceId")
    kind = ", ".join(filter(None, (event["ResourceType"], identifier)))
    return f"{event['LogicalResourceId']} ({kind}): {reason}"
