"""The template as a whole: what may vary, who may do what, what it leaves, and what the app gets from it."""

import json
import re
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from chalicelib.settings import SETTINGS, is_required
from devstack.postgres.server import READER
from tests.deploy.infra import TEMPLATE_TEXT, WRITTEN, as_list, infra, of_type, values_of

RESOURCES: dict[str, Any] = WRITTEN["Resources"]
OUTPUTS: dict[str, Any] = WRITTEN["Outputs"]
REGIONS = ("us-east-1", "eu-west-2")

DECIDED_BY_THE_STAGE = {"stage", "bedrock_model_ids"}
FROM_THE_STACK_ALTHOUGH_OPTIONAL = {
    *("database_secret_id", "database_owner_secret_id"),
    *("database_host", "database_port", "database_name"),
    *("table_suffix", "guardrail_id", "guardrail_version", "events_stream_arn", "intake_queue_arn"),
    "conversations_stream_arn",
    "hybrid_search",
}
PROMISED = {
    *("KnowledgeBaseId", "DataSourceId", "DocumentsBucket", "GuardrailId", "GuardrailVersion", "SubnetIds"),
    *("SecurityGroupId", "DatabaseSecretId", "AppSecretId", "AgentTokensSecretId", "ConversationsTable"),
    *("InteractionsTable", "TicketsTable", "StateTable", "DatabaseHost", "DatabasePort", "DatabaseName"),
    *("DatabaseOwnerSecretId", "WebhooksSecretId", "EventsTable", "EventsStreamArn"),
    *("ConversationsStreamArn", "InsightsTable"),
    *("HybridSearch", "IntakeQueueArn", "IntakeQueueUrl", "IntakeDeadLettersUrl"),
}
LONGEST = {"Stage": "a" * 12, "AWS::AccountId": "111122223333", "AWS::Region": "ap-southeast-1"}
NAME_LIMITS = {
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::Bedrock::Guardrail": ("Name", 50),
    "AWS::OpenSearchServerless::Collection": ("Name", 32),
    "AWS::OpenSearchServerless::AccessPolicy": ("Name", 32),
    "AWS::OpenSearchServerless::SecurityPolicy": ("Name", 32),
    "AWS::RDS::DBProxy": ("DBProxyName", 63),
}


def statements() -> list[tuple[str, dict[str, Any]]]:
    """Return the statements of all policies, beside the resource that holds them, whatever is chosen."""
    chosen = [infra(), infra(VectorStore="OPENSEARCH_SERVERLESS")]
    resources = [pair for document in chosen for pair in document["Resources"].items()]
    found = ((name, some) for name, each in resources for some in values_of("Statement", each))
    return [(name, statement) for name, some in found for statement in some]


ALLOWED = [(name, each) for name, each in statements() if each["Effect"] == "Allow"]


def tags_of(kind: str, properties: dict[str, Any]) -> Any:
    """Return the tags of a resource as a mapping, or None where its type takes none."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGIONS[0], kind).schema
    if not schema.get("tagging", {}).get("taggable"):
        return None
    tags = properties.get(schema["tagging"]["tagProperty"].rpartition("/")[2], {})
    return tags if isinstance(tags, dict) else {each["Key"]: each["Value"] for each in tags}


def setting_of(output: str) -> str:
    """Return the setting that an output is named after."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", output).lower()


@pytest.mark.parametrize("name", WRITTEN["Parameters"])
def test_every_parameter_is_described_and_constrained(name: str) -> None:
    parameter = WRITTEN["Parameters"][name]
    assert parameter["Description"]
    constraints = [{"AllowedValues"}, {"AllowedPattern", "ConstraintDescription"}, {"MinValue", "MaxValue"}]
    assert any(each <= set(parameter) for each in constraints)


@pytest.mark.parametrize("name", [name for name, each in WRITTEN["Parameters"].items() if "Default" in each])
def test_every_default_is_allowed(name: str) -> None:
    parameter = WRITTEN["Parameters"][name]
    default = parameter["Default"]
    assert default in parameter.get("AllowedValues", [default])
    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default))
    assert parameter.get("MinValue", 0) <= (default if parameter["Type"] == "Number" else 0)


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("Stage", "dev", True),
        ("Stage", "Dev", False),
        ("Stage", "a-stage", False),
        ("AlarmEmail", "ada@example.com", True),
        ("AlarmEmail", "ada", False),
        ("DeployerArn", "arn:aws:iam::111122223333:role/deployer", True),
        ("DeployerArn", "arn:aws:sts::111122223333:assumed-role/deployer/session", False),
        ("DatabaseClass", "db.m7g.large", True),
        ("DatabaseClass", "m7g.large", False),
    ],
)
def test_a_value_that_would_fail_later_is_refused_at_once(parameter: str, value: str, allowed: bool) -> None:
    # Looked for anywhere in the value, so that the pattern itself has to hold both ends.
    found = re.search(WRITTEN["Parameters"][parameter]["AllowedPattern"], value)
    assert (found is not None) is allowed


def test_no_zone_or_region_is_written_down() -> None:
    assert re.findall(r"\b(?:us|eu|ap|sa|ca|me|af)-[a-z]+-\d[a-z]?\b", TEMPLATE_TEXT) == []


def test_nothing_runs_code_of_its_own() -> None:
    kinds = {each["Type"] for each in RESOURCES.values()}
    assert not [each for each in kinds if each.startswith(("Custom::", "AWS::Lambda::", "AWS::CloudForm"))]
    assert "Transform" not in WRITTEN


@pytest.mark.parametrize(("holder", "statement"), ALLOWED)
def test_a_policy_names_its_actions_and_resources(holder: str, statement: dict[str, Any]) -> None:
    assert [each for each in as_list(statement["Action"]) if "*" in each] == [], holder
    assert "*" not in as_list(statement.get("Resource", "of the role")), holder


def test_only_bedrock_for_this_account_takes_the_knowledge_base_role() -> None:
    (trust,) = of_type("AWS::IAM::Role")["KnowledgeBaseRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":knowledge-base/*")


@pytest.mark.parametrize("kind", ["AWS::IAM::Role", "AWS::IAM::RolePolicy"])
def test_roles_are_written_out_here_and_named_by_the_stack(kind: str) -> None:
    for properties in of_type(kind).values():
        assert not {"ManagedPolicyArns", "PermissionsBoundary"} & set(properties)
        assert properties.get("RoleName") in (None, {"Ref": "KnowledgeBaseRole"})


def test_deletion_and_replacement_have_the_same_policy() -> None:
    policies = {n: (r.get("DeletionPolicy"), r.get("UpdateReplacePolicy")) for n, r in RESOURCES.items()}
    assert {name: each for name, each in policies.items() if each[0] != each[1]} == {}


@pytest.mark.parametrize("name", RESOURCES)
def test_what_can_be_tagged_says_its_project_and_stage(name: str) -> None:
    tags = tags_of(RESOURCES[name]["Type"], RESOURCES[name].get("Properties", {}))
    assert tags in (None, {"Project": "customer-support", "Stage": {"Ref": "Stage"}})


def test_most_can_be_tagged() -> None:
    tagged = [n for n, r in RESOURCES.items() if tags_of(r["Type"], r.get("Properties", {})) is not None]
    assert {"Vpc", "Database", "TicketsTable", "S3KnowledgeBase", "Guardrail", "Budget"} <= set(tagged)


@pytest.mark.parametrize("kind", NAME_LIMITS)
def test_names_are_short_enough_with_the_longest_stage(kind: str) -> None:
    key, limit = NAME_LIMITS[kind]
    for properties in of_type(kind).values():
        name = re.sub(r"\$\{([\w:]+)\}", lambda found: LONGEST[found[1]], properties[key]["Fn::Sub"])
        assert len(name) <= limit


def test_secrets_are_generated_never_written() -> None:
    secrets = of_type("AWS::SecretsManager::Secret")
    # Whoever is to be told of events, and by which secret, is for the owner to say: at first nobody.
    assert secrets.pop("WebhooksSecret")["SecretString"] == "[]"
    assert set(secrets) == {"AppSecret", "DatabaseSecret", "AgentTokensSecret"}
    for properties in secrets.values():
        assert "SecretString" not in properties
        assert properties["GenerateSecretString"]["PasswordLength"] >= 32


def test_the_app_has_a_user_of_its_own_in_postgres() -> None:
    generated = of_type("AWS::SecretsManager::Secret")["DatabaseSecret"]["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"username": READER}
    assert generated["GenerateStringKey"] == "password"
    assert OUTPUTS["DatabaseSecretId"]["Value"] == {"Ref": "DatabaseSecret"}


def test_the_first_agent_token_is_one_of_a_named_owner() -> None:
    generated = of_type("AWS::SecretsManager::Secret")["AgentTokensSecret"]["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {}
    assert generated["GenerateStringKey"] == "ticketing"


def test_the_budget_warns_before_and_after_if_there_is_somebody_to_warn() -> None:
    alone = infra()["Resources"]["Budget"]["Properties"]
    assert alone["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudgetUsd"}, "Unit": "USD"}
    assert "NotificationsWithSubscribers" not in alone
    budget = infra(AlarmEmail="ada@example.com")["Resources"]["Budget"]["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudgetUsd"}, "Unit": "USD"}
    warnings = budget["NotificationsWithSubscribers"]
    assert {each["Notification"]["NotificationType"] for each in warnings} == {"ACTUAL", "FORECASTED"}
    subscriber = {"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}
    assert [each["Subscribers"] for each in warnings] == [[subscriber], [subscriber]]


def test_every_setting_that_the_stack_decides_is_an_output_of_its_name() -> None:
    required = {name for name in SETTINGS if is_required(name)}
    wanted = (required - DECIDED_BY_THE_STAGE) | FROM_THE_STACK_ALTHOUGH_OPTIONAL
    assert wanted <= set(SETTINGS)
    assert wanted - {setting_of(name) for name in OUTPUTS} == set()


def test_every_promised_output_is_there_and_described() -> None:
    assert set(OUTPUTS) >= PROMISED
    assert all(each["Description"] for each in OUTPUTS.values())


def test_the_suffix_is_what_the_names_of_the_tables_end_in() -> None:
    suffix = OUTPUTS["TableSuffix"]["Value"]["Fn::Sub"]
    names = [each["TableName"]["Fn::Sub"] for each in of_type("AWS::DynamoDB::Table").values()]
    assert len(names) == 6
    assert all(name.endswith(suffix) for name in names)
