"""What each function of a stage may do on AWS: named actions on named resources, and nothing else.

The only place that says so. `.chalice/policy-<stage>*.json` are written from here, by
`python -m deployment.policies` or a deployment, and the tests compare what is here with the calls that the
functions make.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from deployment.arns import Arns, counted_directly, invoked_directly, invoked_through_profiles, profiles
from deployment.facts import READER, Facts, extras, facts_in, model_ids, placeholders
from tooling.project import ROOT
from tooling.stages import deployable_stages, read_config

Statement = dict[str, Any]
Policy = dict[str, Any]

API_TABLES: Mapping[str, str] = {
    "customer-support-conversations": "BatchWriteItem GetItem PutItem Query UpdateItem",
    "customer-interactions": "BatchWriteItem Query UpdateItem",
    "support-tickets": "BatchGetItem BatchWriteItem DeleteItem GetItem PutItem UpdateItem",
    "support-state": "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem UpdateItem",
    "support-events": "BatchWriteItem DeleteItem GetItem PutItem UpdateItem",
    "support-insights": "GetItem PutItem Query UpdateItem",
}
"""What the API's function does with each table; a transaction counts as the writes in it."""
INTAKE_TABLES: Mapping[str, str] = {
    "customer-interactions": "Query UpdateItem",
    "support-tickets": "BatchGetItem BatchWriteItem GetItem PutItem UpdateItem",
    "support-state": "ConditionCheckItem GetItem UpdateItem",
    "support-events": "BatchWriteItem PutItem",
    "support-insights": "UpdateItem",
}
"""The same of the function that takes tickets in from the queue."""
UNTRACED = frozenset({"sweep"})
"""It runs each minute, and its log says what it did: a trace of each would cost more than the runs."""
NETWORK_INTERFACES = (
    "AssignPrivateIpAddresses",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "UnassignPrivateIpAddresses",
)


def render(facts: Facts) -> dict[str, Policy]:
    """Return the policy documents of a stage's functions by the names of their files."""
    return {
        policy_file(facts.stage, function): {
            "Version": "2012-10-17",
            "Statement": [*_run(facts, function), *statements(facts)],
        }
        for function, statements in FUNCTIONS.items()
    }


def write_policies(facts: Facts, root: Path) -> None:
    """Write a stage's policy documents to where Chalice looks for them."""
    for name, policy in render(facts).items():
        (root / ".chalice" / name).write_text(as_text(policy), "utf-8", newline="\n")


def known_facts(config: Mapping[str, Any], stage: str) -> Facts:
    """Return the facts of a stage, or placeholders for one that has not been deployed from here."""
    return facts_in(config, stage) or placeholders(stage, model_ids(config, stage), extras(config, stage))


def as_text(policy: Policy) -> str:
    """Return a policy document as its file holds it."""
    return json.dumps(policy, indent=2) + "\n"


def policy_file(stage: str, function: str) -> str:
    """Return the name of the file with a function's policy; the API's is what Chalice would take for any."""
    return f"policy-{stage}.json" if function == "api_handler" else f"policy-{stage}-{function}.json"


def _run(facts: Facts, function: str) -> list[Statement]:
    """Return what Lambda itself needs to run any function."""
    logs = Arns(facts).log_group(function)
    log = _allow("OwnLogGroup", "logs", ("CreateLogGroup", "CreateLogStream", "PutLogEvents"), logs)
    if function in UNTRACED:
        return [log]
    return [log, _allow("XRayKnowsNoResources", "xray", ("PutTelemetryRecords", "PutTraceSegments"), "*")]


def _api(facts: Facts) -> list[Statement]:
    arns = Arns(facts)
    return [
        *(_table(facts, name, *actions.split()) for name, actions in API_TABLES.items()),
        _allow(
            "Indexes",
            "dynamodb",
            ("Query",),
            arns.index("customer-support-conversations", "customer-timestamp"),
            arns.index("support-tickets", "customer-created_at"),
            arns.index("support-tickets", "status-listed_at"),
            arns.index("support-events", "status-listed_at"),
        ),
        *_models(facts),
        _allow("Guardrail", "bedrock", ("ApplyGuardrail",), arns.guardrail()),
        _ingestion(facts, "StartIngestionJob", "GetIngestionJob", "ListIngestionJobs", "GetKnowledgeBase"),
        *_lookups(facts),
        _secrets(facts.app_secret_id),
    ]


def _agent(facts: Facts) -> list[Statement]:
    return [_secrets(facts.agent_tokens_secret_id)]


def _documents_changed(facts: Facts) -> list[Statement]:
    return [_table(facts, "support-state", "UpdateItem"), _ingestion(facts, "StartIngestionJob")]


def _sweep(facts: Facts) -> list[Statement]:
    return [
        _table(facts, "support-state", "GetItem", "PutItem", "UpdateItem"),
        _table(facts, "support-events", "PutItem", "UpdateItem"),
        _table(facts, "support-insights", "GetItem", "PutItem", "Query", "UpdateItem"),
        _allow(
            "Indexes",
            "dynamodb",
            ("Query",),
            Arns(facts).index("support-events", "status-listed_at"),
            Arns(facts).index("support-insights", "status-due_at"),
        ),
        _ingestion(facts, "StartIngestionJob", "GetIngestionJob", "ListIngestionJobs"),
    ]


def _count(facts: Facts) -> list[Statement]:
    return [
        _stream(facts.conversations_stream_arn),
        _table(facts, "support-insights", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
    ]


def _deliver(facts: Facts) -> list[Statement]:
    return [
        _stream(facts.events_stream_arn),
        _table(facts, "support-events", "GetItem", "UpdateItem"),
        _secrets(facts.webhooks_secret_id, *([facts.app_secret_id] if facts.extras.mail_from else [])),
        *(_mails(facts) if facts.extras.mail_from else []),
    ]


def _stream(arn: str) -> Statement:
    actions = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    return _allow("LambdaReadsTheStream", "dynamodb", actions, arn)


def _intake(facts: Facts) -> list[Statement]:
    arns, queue = Arns(facts), ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    return [
        _allow("LambdaReadsTheQueue", "sqs", queue, facts.intake_queue_arn),
        *(_table(facts, name, *actions.split()) for name, actions in INTAKE_TABLES.items()),
        _allow("Indexes", "dynamodb", ("Query",), arns.index("support-tickets", "customer-created_at")),
        *_lookups(facts),
    ]


def _mails(facts: Facts) -> list[Statement]:
    """Return what mails need: the ticket that one is about, and to send from the stage's one address."""
    address = parseaddr(facts.extras.mail_from)[1]
    identities = (address, address.rpartition("@")[2])
    sending = _allow("Mails", "ses", ("SendEmail",), *map(Arns(facts).mail_identity, identities))
    from_it = {"StringEquals": {"ses:FromAddress": address}}
    return [_table(facts, "support-tickets", "GetItem"), {**sending, "Condition": from_it}]


def _customers(facts: Facts) -> list[Statement]:
    return _at_database(facts, READER, facts.database_secret_id)


def _migrate(facts: Facts) -> list[Statement]:
    return _at_database(facts, "migrate", facts.database_owner_secret_id, facts.database_secret_id)


def _at_database(facts: Facts, function: str, *secret_ids: str) -> list[Statement]:
    """Return what a function needs to reach Postgres: nothing in a stage without it."""
    return [*_in_vpc(facts, function), _secrets(*secret_ids)] if facts.has_database else []


FUNCTIONS: Mapping[str, Callable[[Facts], list[Statement]]] = {
    "api_handler": _api,
    "agent": _agent,
    "documents_changed": _documents_changed,
    "sweep": _sweep,
    "deliver": _deliver,
    "count": _count,
    "intake": _intake,
    READER: _customers,
    "migrate": _migrate,
}
"""By Chalice's names of the functions."""


INVOKE = ("InvokeModel", "InvokeModelWithResponseStream")
"""What Converse and ConverseStream need."""


def _models(facts: Facts) -> list[Statement]:
    """Return the right to call the models; where a profile routes to, only through that profile."""
    arns = Arns(facts)
    statements = [_allow("Models", "bedrock", INVOKE, *invoked_directly(arns, facts.model_ids))]
    if behind := invoked_through_profiles(arns, facts.model_ids):
        through = {"StringEquals": {"bedrock:InferenceProfileArn": profiles(arns, facts.model_ids)}}
        routed = _allow("ModelsBehindProfiles", "bedrock", INVOKE, *behind)
        statements.append({**routed, "Condition": through})
    # What the look at the health asks for: it costs nothing.
    counted = _allow("CountTokens", "bedrock", ("CountTokens",), *counted_directly(arns, facts.model_ids))
    return [*statements, counted]


def _lookups(facts: Facts) -> list[Statement]:
    """Return the right to look up what belongs to a question or a ticket."""
    arns = Arns(facts)
    return [
        _allow("Passages", "bedrock", ("Retrieve",), arns.knowledge_base()),
        *_reranker(facts),
        _allow("LinksToDocuments", "s3", ("GetObject",), arns.documents()),
        _allow("ComprehendKnowsNoResources", "comprehend", ("DetectSentiment",), "*"),
        *_reader(facts),
    ]


def _reader(facts: Facts) -> list[Statement]:
    """Return the right to ask for a customer, where there are any."""
    if not facts.has_database:
        return []
    return [_allow("Customers", "lambda", ("InvokeFunction",), Arns(facts).function(READER))]


def _reranker(facts: Facts) -> list[Statement]:
    """Return the right to rerank, where the stage does; which model is used is a right of its own."""
    if facts.extras.rerank_model_id is None:
        return []
    model = Arns(facts).foundation_model(facts.extras.rerank_model_id)
    return [
        _allow("RerankKnowsNoResources", "bedrock", ("Rerank",), "*"),
        _allow("Reranker", "bedrock", ("InvokeModel",), model),
    ]


def _in_vpc(facts: Facts, function: str) -> list[Statement]:
    """Return what Lambda needs to connect a function to a VPC, which it asks for on all resources.

    The function's own code is denied it again.
    """
    source = {"ArnEquals": {"lambda:SourceFunctionArn": Arns(facts).function(function)}}
    allowed = _allow("LambdaAsksForAnyNetworkInterface", "ec2", NETWORK_INTERFACES, "*")
    denied = {**allowed, "Sid": "NotTheCodeInside", "Effect": "Deny", "Condition": source}
    return [allowed, denied]


def _table(facts: Facts, name: str, *actions: str) -> Statement:
    sid = "".join(word.title() for word in name.split("-"))
    return _allow(sid, "dynamodb", actions, Arns(facts).table(name))


def _ingestion(facts: Facts, *actions: str) -> Statement:
    return _allow("Ingestion", "bedrock", actions, Arns(facts).knowledge_base())


def _secrets(*ids: str) -> Statement:
    return _allow("Secrets", "secretsmanager", ("GetSecretValue",), *ids)


def _allow(sid: str, service: str, actions: Sequence[str], *resources: str) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in sorted(actions)],
        "Resource": sorted(resources),
    }


def main(root: Path = ROOT) -> int:
    """Write the policies of all stages that can be deployed."""
    config = read_config(root)
    for stage in deployable_stages(config):
        write_policies(known_facts(config, stage), root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
