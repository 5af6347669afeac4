"""Stage `dev` as it is deployed in the emulated account, and what is there of it."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from deployment.checks import RUNTIME
from tests.deploy.emulator import ACCOUNT
from tests.deploy.emulator_account import Account, bucket_of
from tests.deploy.emulator_project import STAGE, Project

NAME = f"customer-support-{STAGE}"
API, AGENT, DOCUMENTS_CHANGED, SWEEP, MIGRATE = (
    NAME,
    f"{NAME}-agent",
    f"{NAME}-documents_changed",
    f"{NAME}-sweep",
    f"{NAME}-migrate",
)
BUCKET = bucket_of(STAGE)
OF_A_MOMENT = {"LastModified", "RevisionId"}
"""What each update of a function changes, whatever it updates."""

RUNTIME_ONLY = pytest.mark.skipif(
    sys.version_info[:2] != RUNTIME and not os.environ.get("CI"),
    reason="functions are deployed from Python 3.12 only",
)
"""On a developer's machine another Python may do without these; in CI they fail, for nothing is proven."""

Inventory = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the API's function answers."""

    status: int
    body: Any


@dataclass(frozen=True)
class DeployedStage:
    """A stage, the values that are secret in it, and what the commands that brought it up have printed."""

    account: Account
    project: Project
    secrets: frozenset[str] = field(repr=False)
    infra_said: str = field(repr=False)
    deploy_said: str = field(repr=False)
    add_said: str = field(repr=False)

    def client(self, service: str) -> Any:
        """Return a client of the account's owner."""
        return self.account.emulator.client(service)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run a function and return its answer; insist that it has one."""
        return self.account.emulator.invoke(function, event)

    def send(self, method: str, route: str, body: Any = None, query: Any = None) -> Answer:
        """Hand a request to the API's function as API Gateway does."""
        event = {
            "requestContext": {
                "httpMethod": method,
                "resourcePath": route,
                "identity": {"sourceIp": "192.0.2.7"},
            },
            "headers": {"content-type": "application/json"},
            "pathParameters": None,
            "multiValueQueryStringParameters": query,
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
            "stageVariables": None,
        }
        answer = self.invoke(API, event)
        return Answer(answer["statusCode"], json.loads(answer["body"]))

    def authorize(self, header: str) -> dict[str, list[str]]:
        """Ask the authorizer about a header; return the resources by the effect of its policy."""
        method = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:api/api/GET/tickets"
        event = {"type": "TOKEN", "authorizationToken": header, "methodArn": method}
        statements = self.invoke(AGENT, event)["policyDocument"]["Statement"]
        return {each["Effect"]: each["Resource"] for each in statements}

    @contextmanager
    def without_policy(self, function: str) -> Iterator[None]:
        """Take a function's policy from its role for a while."""
        iam, role = self.client("iam"), f"{NAME}-{function}"
        policy = iam.get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
        iam.delete_role_policy(RoleName=role, PolicyName=role)
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))


def read_secret(account: Account, name: str) -> str:
    """Return the value of one of the stage's secrets."""
    secrets = account.emulator.client("secretsmanager")
    value: str = secrets.get_secret_value(SecretId=f"customer-support/{STAGE}/{name}")["SecretString"]
    return value


def secret_values(account: Account) -> frozenset[str]:
    """Return what nobody may find in a file or on a screen."""
    tokens = json.loads(read_secret(account, "agent-tokens")).values()
    passwords = {account.database.password, json.loads(read_secret(account, "database"))["password"]}
    return frozenset({*tokens, *passwords, read_secret(account, "app-secret")})


def deployed_things(account: Account) -> Inventory:
    """Return all that Chalice makes, with all that matters of it."""
    client = account.emulator.client
    functions = client("lambda").list_functions()["Functions"]
    roles = [each["RoleName"] for each in client("iam").list_roles()["Roles"]]
    notifications = client("s3").get_bucket_notification_configuration(Bucket=BUCKET)
    return {
        "functions": {each["FunctionName"]: _lasting(each) for each in functions},
        "roles": {role: _policies(client("iam"), role) for role in roles if _is_of_a_function(role)},
        "apis": [each["id"] for each in client("apigateway").get_rest_apis()["items"]],
        "streams": [
            (each["EventSourceArn"], each["FunctionArn"])
            for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
        "rules": {each["Name"]: each for each in client("events").list_rules()["Rules"]},
        "notifications": [
            {name: value for name, value in each.items() if name != "Id"}
            for each in notifications.get("LambdaFunctionConfigurations", [])
        ],
    }


def log_groups(account: Account) -> set[str]:
    """Return the names of the log groups."""
    groups = account.emulator.client("logs").describe_log_groups()["logGroups"]
    return {each["logGroupName"] for each in groups}


def _lasting(function: Mapping[str, Any]) -> Inventory:
    return {name: value for name, value in function.items() if name not in OF_A_MOMENT}


def _is_of_a_function(role: str) -> bool:
    """Tell the roles that Chalice makes from the one that is in the stack."""
    return role.startswith(f"{NAME}-") and "KnowledgeBaseRole" not in role


def _policies(iam: Any, role: str) -> Inventory:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
