"""The stage's CloudFormation stack: how it stands, what would change, changing it, deleting it."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deployment.arns import APP
from deployment.change_sets import ChangeSet, create_change_set
from deployment.stack_events import Outcome, follow, newest_event
from deployment.work import Work
from tooling.aws_errors import message_of
from tooling.errors import CommandError
from tooling.template import Template

UNMADE = "REVIEW_IN_PROGRESS"
"""Of a stack that is only a name: its first change set was never executed."""
BROKEN = frozenset(
    {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"}
)
"""CloudFormation takes nothing but a deletion in these."""
STUCK = "UPDATE_ROLLBACK_FAILED"


@dataclass(frozen=True)
class StackView:
    """How a stack stands."""

    stack_id: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    is_protected: bool

    @property
    def is_busy(self) -> bool:
        """Say whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != UNMADE


class Stack:
    """The stack of a stage. Any method may raise as boto3 does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = work.account.client("cloudformation")
        self.name = work.name

    def look(self) -> StackView | None:
        """Return how the stack stands; None when there is none."""
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
        """Forget a change set, and a stack that is nothing else yet."""
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
            # Else a creation that fails would leave its tables behind, in the way of the next one.
            RetainExceptOnCreate=True,
        )
        return follow(self._work, self._client, change_set.stack_id, after, before)

    def when_idle(self) -> StackView | None:
        """Return how the stack stands once nobody works on it, and follow who does."""
        while (view := self.look()) is not None and view.is_busy:
            self._work.terminal.say(
                f"Somebody is at work on {self.name} ({view.status}); following that first:"
            )
            after = newest_event(self._client, view.stack_id)
            follow(self._work, self._client, view.stack_id, after, before=None)
        return view

    def delete(self, view: StackView) -> Outcome:
        """Delete the stack and follow it to its end."""
        after = newest_event(self._client, view.stack_id)
        self._client.delete_stack(StackName=view.stack_id)
        return follow(self._work, self._client, view.stack_id, after, view.status)

    def protect(self) -> None:
        """Let nobody delete the stack before the protection is switched off."""
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
        return newest_event(self._client, stack_id), found["StackStatus"]
