"""Follows what CloudFormation does to a stack, one line for each event, to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployment.work import Work

POLL_SECONDS = 5
STACK = "AWS::CloudFormation::Stack"
CANCELLED = "cancelled"
"""Of what stopped only because something else had failed."""


@dataclass(frozen=True)
class Outcome:
    """How an operation ended, and the first thing that failed on the way, if any."""

    status: str
    failure: str | None


def newest_event(client: Any, stack: str) -> str | None:
    """Return the id of a stack's last event, from which on to follow what comes."""
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return str(events[0]["EventId"]) if events else None


def follow(work: Work, client: Any, stack_id: str, after: str | None, before: str | None) -> Outcome:
    """Print events as they come until the operation has ended.

    One that was only just asked for may not have begun: then the stack's status is still the one `before`.
    """
    failures: list[str] = []
    has_begun = before is None
    while True:
        events = _events_after(client, stack_id, after)
        for event in events:
            work.terminal.say(_line(event))
            has_begun = has_begun or event["ResourceType"] == STACK
        failures += [failure for failure in map(_failure, events) if failure]
        after = events[-1]["EventId"] if events else after
        status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        has_begun = has_begun or status != before
        if has_begun and not status.endswith("_IN_PROGRESS") and not events:
            return Outcome(status, failures[0] if failures else None)
        # What came with the last look may not have been all.
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
    return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
