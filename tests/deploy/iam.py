"""What IAM asks for when AWS is called, and whether a policy allows it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
BEDROCK = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
ROUTES = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "global": (REGION, ""),
}
TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
READS_A_STREAM = tuple(
    f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
)
RUNS_ANY_FUNCTION = ("logs:", "xray:", "ec2:", "sqs:", *READS_A_STREAM)
"""What Lambda itself does in a function's name; no call of ours leads to it."""


@dataclass(frozen=True)
class Need:
    """An action on a resource, where it matters through an inference profile or from a sender of mails."""

    action: str
    resource: str
    profile: str | None = None
    sender: str | None = None


def needs_of(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what a call has to be allowed to do. Raises KeyError for a service that is not known here."""
    yield from _NEEDS[service](operation, parameters)


def _of_dynamodb(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for kind, write in item.items():
                yield Need(f"dynamodb:{TRANSACTION_ACTIONS[kind]}", _table(write["TableName"]))
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name in parameters["RequestItems"]:
            yield Need(f"dynamodb:{operation}", _table(name))
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield Need(f"dynamodb:{operation}", _table(parameters["TableName"]) + index)


def _of_bedrock_runtime(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "CountTokens":
        yield Need(
            "bedrock:CountTokens", f"arn:aws:bedrock:{REGION}::foundation-model/{parameters['modelId']}"
        )
        return
    action = {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}[operation]
    yield from _of_model(f"bedrock:{action}", parameters["modelId"])
    if "guardrailConfig" in parameters:
        guardrail = parameters["guardrailConfig"]["guardrailIdentifier"]
        yield Need("bedrock:ApplyGuardrail", f"{BEDROCK}:guardrail/{guardrail}")


def _of_model(action: str, model_id: str) -> Iterator[Need]:
    area, _, routed = model_id.partition(".")
    if area not in ROUTES:
        yield Need(action, f"arn:aws:bedrock:{REGION}::foundation-model/{model_id}")
        return
    profile = f"{BEDROCK}:inference-profile/{model_id}"
    yield Need(action, profile)
    for region in ROUTES[area]:
        yield Need(action, f"arn:aws:bedrock:{region}::foundation-model/{routed}", profile)


def _of_knowledge_base(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"bedrock:{operation}", f"{BEDROCK}:knowledge-base/{parameters['knowledgeBaseId']}")


def _of_search(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "Rerank":
        configuration = parameters["rerankingConfiguration"]["bedrockRerankingConfiguration"]
        yield Need("bedrock:Rerank", "*")
        yield Need("bedrock:InvokeModel", configuration["modelConfiguration"]["modelArn"])
    else:
        yield from _of_knowledge_base(operation, parameters)


def _of_comprehend(operation: str, _: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"comprehend:{operation}", "*")


def _of_secrets(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"secretsmanager:{operation}", parameters["SecretId"])


def _of_s3(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"s3:{operation}", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")


def _of_mails(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    address = parseaddr(parameters["FromEmailAddress"])[1]
    # SES asks for the identity that is verified, which may be either.
    for identity in (address, address.rpartition("@")[2]):
        yield Need(f"ses:{operation}", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}", sender=address)


def _of_lambda(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{parameters['FunctionName']}"
    yield Need(f"lambda:{operation}Function", arn)


_NEEDS = {
    "dynamodb": _of_dynamodb,
    "bedrock-runtime": _of_bedrock_runtime,
    "bedrock-agent-runtime": _of_search,
    "bedrock-agent": _of_knowledge_base,
    "comprehend": _of_comprehend,
    "secretsmanager": _of_secrets,
    "lambda": _of_lambda,
    "s3": _of_s3,
    "sesv2": _of_mails,
}


def missing(policy: Mapping[str, Any], needs: Iterable[Need]) -> set[Need]:
    """Return the needs that a policy does not allow."""
    grants = list(_grants(policy))
    return {need for need in needs if not any(_allows(grant, need) for grant in grants)}


def unused(policy: Mapping[str, Any], needs: Iterable[Need]) -> set[tuple[str, str]]:
    """Return the actions on resources that a policy allows and nobody needs."""
    needs = set(needs)
    return {
        (grant.action, grant.resource)
        for grant in _grants(policy)
        if not grant.action.startswith(RUNS_ANY_FUNCTION) and not any(_allows(grant, need) for need in needs)
    }


@dataclass(frozen=True)
class Grant:
    """An action that a policy allows on resources of a pattern.

    For some only through certain profiles, or from one sender.
    """

    action: str
    resource: str
    profiles: tuple[str, ...] | None
    sender: str | None


def _grants(policy: Mapping[str, Any]) -> Iterator[Grant]:
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        equal = statement.get("Condition", {}).get("StringEquals", {})
        through, sender = equal.get("bedrock:InferenceProfileArn"), equal.get("ses:FromAddress")
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield Grant(action, resource, None if through is None else tuple(through), sender)


def _allows(grant: Grant, need: Need) -> bool:
    fits = (grant.profiles is None or need.profile in grant.profiles) and grant.sender in (None, need.sender)
    return grant.action == need.action and fits and fnmatchcase(need.resource, grant.resource)


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
