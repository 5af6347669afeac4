"""Checks of what a stage keeps: its tables, its queue, its documents, its secrets."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.gateways.secrets import read_endpoints, read_tokens
from cli.display import counted
from cli.doctor.stage import RESTART, Problem, Stage
from devstack.bedrock.knowledge.sidecar import SUFFIX
from tooling.template import TableDefinition, Template

SHORTEST_SECRET = 32


def tables(stage: Stage) -> str:
    """Each table of the template is there, with its keys and indexes."""
    wanted = Template().tables()
    for each in wanted:
        found = _table(stage, each)
        if found["TableStatus"] != "ACTIVE":
            raise Problem(f"{found['TableName']} is {found['TableStatus']}", "Wait a minute and look again.")
        missing = _indexes(each.properties) - _indexes(found)
        if found["KeySchema"] != each.properties["KeySchema"] or missing:
            lacks = f"lacks the index {', '.join(sorted(missing))}" if missing else "has another key"
            raise Problem(f"{found['TableName']} {lacks}", stage.rebuild)
    return f"{len(wanted)} tables are there"


def expiry(stage: Stage) -> str:
    """Items that have expired leave each table."""
    for each in Template().tables():
        name = stage.table(each.name)
        describe = partial(stage.client("dynamodb").describe_time_to_live, TableName=name)
        described = stage.ask(describe, name)["TimeToLiveDescription"]
        if each.ttl_attribute and described.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
            raise Problem(
                f"{name} keeps items for ever: no time to live",
                RESTART
                if stage.is_local
                else f"aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification "
                f"Enabled=true,AttributeName={each.ttl_attribute}",
            )
    return "expired items are deleted"


def events_stream(stage: Stage) -> str:
    """The events' table has a stream of new images, which `deliver` reads."""
    _require_stream(stage, "support-events", "NEW_IMAGE", "EVENTS_STREAM_ARN")
    return "events reach `deliver`"


def conversations_stream(stage: Stage) -> str:
    """The conversations' table has a stream of old and new images, which `count` reads."""
    kind, variable = "NEW_AND_OLD_IMAGES", "CONVERSATIONS_STREAM_ARN"
    _require_stream(stage, "customer-support-conversations", kind, variable)
    return "conversations are counted"


def _require_stream(stage: Stage, table: str, kind: str, variable: str) -> None:
    name = stage.table(table)
    found = stage.ask(lambda: stage.client("dynamodb").describe_table(TableName=name), name)["Table"]
    stream = found.get("StreamSpecification", {})
    if not stream.get("StreamEnabled") or stream.get("StreamViewType") != kind:
        raise Problem(f"{name} has no stream of {kind}, so nobody hears of its changes", stage.rebuild)
    if not stage.is_local and found["LatestStreamArn"] != stage.variables.get(variable):
        raise Problem(f"{name} has another stream than {variable} names", stage.redeploy)


def intake_queue(stage: Stage) -> str:
    """The queue of tickets is there, and has no dead letters."""
    sqs, name = stage.client("sqs"), stage.variables.get("INTAKE_QUEUE_ARN", "").split(":")[-1]
    if not name:
        raise Problem("INTAKE_QUEUE_ARN is not set", stage.redeploy)

    def attribute(queue: str, attribute: str) -> str:
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
        return str(found["Attributes"][attribute])

    redrive = json.loads(stage.ask(lambda: attribute(name, "RedrivePolicy"), name))
    dead_letters = redrive["deadLetterTargetArn"].split(":")[-1]
    count = stage.ask(lambda: attribute(dead_letters, "ApproximateNumberOfMessages"), dead_letters)
    if count != "0":
        raise Problem(
            f"{dead_letters} holds {count} that could not be taken in",
            "docs/runbook.md, about dead letters, says what to do with them.",
        )
    return "no dead letters"


def documents(stage: Stage) -> str:
    """The documents bucket is there and holds documents."""
    bucket = stage.variables["DOCUMENTS_BUCKET"]
    pages = stage.client("s3").get_paginator("list_objects_v2")
    keys = stage.ask(
        lambda: [each["Key"] for page in pages.paginate(Bucket=bucket) for each in page.get("Contents", [])],
        bucket,
    )
    count = sum(not key.endswith(SUFFIX) for key in keys)
    if not count:
        raise Problem(
            f"the bucket {bucket} is empty", "Add your articles with `python3 dev.py kb add FOLDER`."
        )
    return counted(count, "document")


def bucket_events(stage: Stage) -> str:
    """The bucket tells the app of changes."""
    bucket = stage.variables["DOCUMENTS_BUCKET"]
    found = stage.ask(lambda: stage.client("s3").get_bucket_notification_configuration(Bucket=bucket), bucket)
    wanted = {"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}
    told: set[str] = {
        event
        for each in (*found.get("LambdaFunctionConfigurations", ()), *found.get("QueueConfigurations", ()))
        for event in each["Events"]
    }
    if missing := wanted - told:
        raise Problem(f"the bucket does not tell of {', '.join(sorted(missing))}", stage.redeploy)
    return "changes start a sync"


def app_secret(stage: Stage) -> str:
    """The secret that signs sessions is there and long enough."""
    if len(_secret(stage, "APP_SECRET_ID")) < SHORTEST_SECRET:
        raise Problem(
            f"the secret in APP_SECRET_ID is shorter than {SHORTEST_SECRET} characters",
            "Put a long random value there: docs/security.md says how to rotate it.",
        )
    return "is long enough"


def agent_tokens(stage: Stage) -> str:
    """There is a token for an agent."""
    try:
        tokens = read_tokens(_secret(stage, "AGENT_TOKENS_SECRET_ID"))
    except Unavailable:
        tokens = {}
    if not tokens:
        raise Problem(
            "the secret in AGENT_TOKENS_SECRET_ID holds no token",
            'Write {"name": "a long random token"} there: docs/security.md says how.',
        )
    return counted(len(tokens), "agent")


def database_secret(stage: Stage) -> str:
    """The database's secret is there, if the stage has one."""
    if not stage.variables.get("DATABASE_SECRET_ID"):
        return "none: of customers nothing is known but what they write"
    if not _secret(stage, "DATABASE_SECRET_ID").strip().startswith("{"):
        raise Problem("the secret in DATABASE_SECRET_ID is no JSON object", stage.rebuild)
    return "is there"


def webhooks(stage: Stage) -> str:
    """The webhooks' secret can be read."""
    if not stage.variables.get("WEBHOOKS_SECRET_ID"):
        return "not set: nobody is told of events"
    try:
        endpoints = read_endpoints(_secret(stage, "WEBHOOKS_SECRET_ID"))
    except Unavailable:
        raise Problem(
            "the secret in WEBHOOKS_SECRET_ID cannot be read, so no event is delivered",
            'It is a list: [{"url": "https://…", "secret": "whsec_…", "events": ["*"]}]; see docs/api.md.',
        ) from None
    return counted(len(endpoints), "endpoint") if endpoints else "none: nobody is told of events"


def _table(stage: Stage, definition: TableDefinition) -> dict[str, Any]:
    name = stage.table(definition.name)
    found: dict[str, Any] = stage.ask(lambda: stage.client("dynamodb").describe_table(TableName=name), name)[
        "Table"
    ]
    return found


def _indexes(table: Any) -> set[str]:
    return {each["IndexName"] for each in table.get("GlobalSecondaryIndexes", ())}


def _secret(stage: Stage, variable: str) -> str:
    if not stage.variables.get(variable):
        raise Problem(f"{variable} is not set", stage.redeploy)
    return str(stage.ask(lambda: stage.secret(variable), f"the secret in {variable}"))


CHECKS: Iterable[Callable[[Stage], str]] = (
    tables,
    expiry,
    events_stream,
    conversations_stream,
    intake_queue,
    documents,
    bucket_events,
    app_secret,
    agent_tokens,
    database_secret,
    webhooks,
)
