"""The template as far as the emulator can play it: it knows no Bedrock, and to it a database is a record.

What it lacks is left out. What refers to that gets a literal: the ids that this project's own stand-in
listens to, and the address of a real Postgres.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.database import DatabaseAddress
from tests.deploy.infra import Document

LACKING = (
    "AWS::Bedrock::",
    "AWS::Budgets::",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::IAM::RolePolicy",
    "AWS::OpenSearchServerless::",
    "AWS::S3Vectors::",
    "AWS::SQS::QueuePolicy",
)
"""How the types begin that the emulator refuses, and one that refuses the emulator: it has no TLS."""
KNOWLEDGE_BASE_ID, DATA_SOURCE_ID = "EMULATEDKB", "EMULATEDDS"
GUARDRAIL_ID, GUARDRAIL_VERSION = "emulatedguard", "1"
PASSWORD = "DatabasePassword"
"""The logical id of the secret that RDS would make by itself."""
SECRETS = ("AppSecret", "DatabaseSecret", "AgentTokensSecret", "WebhooksSecret")
INDEX_ARN = "arn:aws:s3vectors:us-east-1:123456789012:bucket/vectors/index/passages"


def playable(template: Document, database: DatabaseAddress) -> Document:
    """Return the template without what the emulator lacks, its database being the one at this address."""
    resources = template["Resources"]
    left_out = {name for name, each in resources.items() if each["Type"].startswith(LACKING)}
    kept = {name: each for name, each in resources.items() if name not in left_out}
    kept[PASSWORD] = _password(database)
    values = {**_values(database), "Vpc.CidrBlock": resources["Vpc"]["Properties"]["CidrBlock"]}
    return {
        **template,
        "Resources": _replaced(kept, values, left_out),
        "Outputs": _replaced(template["Outputs"], values, left_out),
    }


def _values(database: DatabaseAddress) -> dict[str, Any]:
    """Return what stands for the references to what the emulator lacks."""
    return {
        "S3KnowledgeBase": KNOWLEDGE_BASE_ID,
        "S3DataSource.DataSourceId": DATA_SOURCE_ID,
        "Guardrail.GuardrailId": GUARDRAIL_ID,
        "GuardrailVersion.Version": GUARDRAIL_VERSION,
        "VectorIndex.IndexArn": INDEX_ARN,
        "Database.Endpoint.Address": database.host,
        "Database.Endpoint.Port": str(database.port),
        "Database.MasterUserSecret.SecretArn": _arn(PASSWORD),
        # The emulator's reference to a secret is its name; AWS's is its ARN.
        **{secret: _arn(secret) for secret in SECRETS},
    }


def _arn(secret: str) -> Document:
    return {"Fn::GetAtt": [secret, "Id"]}


def _password(database: DatabaseAddress) -> Document:
    """Return a secret such as RDS manages: the user name and password alone."""
    text = {"Fn::Sub": f'{{"username": "{database.username}", "password": "{database.password}"}}'}
    properties = {"Name": {"Fn::Sub": "rds!db-${Stage}"}, "SecretString": text}
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


def _replaced(node: Any, values: Mapping[str, Any], left_out: set[str]) -> Any:
    if isinstance(node, list):
        return [_replaced(each, values, left_out) for each in node if not _is_name_of(each, left_out)]
    if not isinstance(node, dict):
        return node
    target = _target(node)
    if target in values:
        return values[target]
    if target.partition(".")[0] in left_out:
        return {"Ref": "AWS::NoValue"}
    return {name: _replaced(each, values, left_out) for name, each in node.items()}


def _is_name_of(node: Any, left_out: set[str]) -> bool:
    """Tell what stands in a DependsOn from all else that a list may hold."""
    return isinstance(node, str) and node in left_out


def _target(node: Document) -> str:
    """Return what a reference leads to, as `Name` or `Name.Attribute`; nothing for any other node."""
    if "Fn::GetAtt" in node:
        return ".".join(node["Fn::GetAtt"])
    target = node.get("Ref")
    return target if isinstance(target, str) else ""
