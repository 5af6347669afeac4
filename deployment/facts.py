"""What only the account knows about a stage, and the configuration that it is filled into.

That is what the stack made, and which models the stage may call.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.api.cors import Origins
from chalicelib.settings import default_of
from tooling.errors import CommandError
from tooling.stages import ChaliceConfig, deployable_stage

SETTINGS_OF_THE_STACK = (
    "table_suffix",
    "documents_bucket",
    "knowledge_base_id",
    "hybrid_search",
    "data_source_id",
    "guardrail_id",
    "guardrail_version",
    "app_secret_id",
    "agent_tokens_secret_id",
    "webhooks_secret_id",
    "events_stream_arn",
    "conversations_stream_arn",
    "intake_queue_arn",
)
"""The fields of Facts that the app reads, each from the variable of the same name in capitals."""
SETTINGS_OF_THE_DATABASE = (
    "database_secret_id",
    "database_owner_secret_id",
    "database_host",
    "database_port",
    "database_name",
)
"""The same, which a stack without Postgres has none of."""
OF_THE_NETWORK = ("subnet_ids", "security_group_id")
"""Nor of these."""

READER, CUSTOMERS_FUNCTION = "customers", "CUSTOMERS_FUNCTION"
"""The function that reads customers for the others, and the setting that tells them its full name."""
IN_VPC = (READER, "migrate")
"""The functions that reach Postgres. The others call services that they would need paid ways out to."""
ONCE_IN_VPC = ("api_handler", "intake")
"""Earlier versions placed these there, and noted it in the configuration."""


class IncompleteStack(CommandError):
    """The stack lacks outputs that a stage needs."""

    def __init__(self, stage: str, missing: tuple[str, ...]) -> None:
        super().__init__(
            f"The stack of {stage} has no output {', '.join(missing)}. "
            f"Bring it up to date first: python3 dev.py infra {stage}"
        )


@dataclass(frozen=True)
class Extras:
    """What a stage uses only where its settings say so; `mail_from` is empty where it sends no mails."""

    rerank_model_id: str | None = None
    mail_from: str = ""


@dataclass(frozen=True)
class Facts:
    """A stage's facts. The ids of secrets are ARNs; the rest are ids and names as AWS gives them.

    What belongs to Postgres is empty for a stage without it.
    """

    stage: str
    partition: str
    account: str
    region: str
    model_ids: tuple[str, ...]
    table_suffix: str
    documents_bucket: str
    knowledge_base_id: str
    hybrid_search: str
    data_source_id: str
    guardrail_id: str
    guardrail_version: str
    app_secret_id: str
    agent_tokens_secret_id: str
    webhooks_secret_id: str
    events_stream_arn: str
    conversations_stream_arn: str
    intake_queue_arn: str
    database_secret_id: str = ""
    database_owner_secret_id: str = ""
    database_host: str = ""
    database_port: str = ""
    database_name: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_id: str = ""
    extras: Extras = Extras()

    @property
    def has_database(self) -> bool:
        """Say whether the stage has Postgres."""
        return bool(self.database_host)

    @property
    def settings(self) -> dict[str, str]:
        """Return the app's environment variables whose values come from the stack."""
        values = asdict(self)
        database = SETTINGS_OF_THE_DATABASE if self.has_database else ()
        return {name.upper(): values[name] for name in (*SETTINGS_OF_THE_STACK, *database)}


def read_outputs(
    stage: str,
    caller_arn: str,
    region: str,
    model_ids: tuple[str, ...],
    outputs: Mapping[str, str],
    extras: Extras = Extras(),
) -> Facts:
    """Return the facts that a stack's outputs hold; `caller_arn` is from sts:GetCallerIdentity.

    Raises IncompleteStack.
    """
    of_database = {name: _output(name) for name in (*SETTINGS_OF_THE_DATABASE, *OF_THE_NETWORK)}
    names = {name: _output(name) for name in SETTINGS_OF_THE_STACK}
    # One with a part of it is not without a database, but older than the template.
    if not outputs.keys().isdisjoint(of_database.values()):
        names |= of_database
    missing = tuple(output for output in names.values() if not outputs.get(output))
    if missing:
        raise IncompleteStack(stage, missing)
    _, partition, _, _, account, _ = caller_arn.split(":", 5)
    found = {name: outputs[output] for name, output in names.items() if name != "subnet_ids"}
    return Facts(
        stage=stage,
        partition=partition,
        account=account,
        region=region,
        model_ids=model_ids,
        subnet_ids=tuple(outputs["SubnetIds"].split(",")) if "subnet_ids" in names else (),
        extras=extras,
        **found,
    )


def placeholders(stage: str, model_ids: tuple[str, ...], extras: Extras = Extras()) -> Facts:
    """Return facts of a stage that nobody has deployed, in the account that AWS uses for examples."""
    secret = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:customer-support/{stage}"
    return Facts(
        stage=stage,
        partition="aws",
        account="123456789012",
        region="us-east-1",
        model_ids=model_ids,
        table_suffix=f"-{stage}",
        documents_bucket=f"customer-support-kb-{stage}-123456789012-us-east-1",
        knowledge_base_id="EXAMPLEKB1",
        hybrid_search="false",
        data_source_id="EXAMPLEDS1",
        guardrail_id="exampleguard",
        guardrail_version="1",
        app_secret_id=f"{secret}/app-secret-EXAMPL",
        agent_tokens_secret_id=f"{secret}/agent-tokens-EXAMPL",
        webhooks_secret_id=f"{secret}/webhooks-EXAMPL",
        events_stream_arn=(
            f"arn:aws:dynamodb:us-east-1:123456789012:table/support-events-{stage}"
            "/stream/2026-01-01T00:00:00.000"
        ),
        conversations_stream_arn=(
            f"arn:aws:dynamodb:us-east-1:123456789012:table/customer-support-conversations-{stage}"
            "/stream/2026-01-01T00:00:00.000"
        ),
        intake_queue_arn=f"arn:aws:sqs:us-east-1:123456789012:support-tickets-intake-{stage}",
        database_secret_id=f"{secret}/database-EXAMPL",
        database_owner_secret_id=f"{secret}/database-owner-EXAMPL",
        database_host=f"{stage}.example.us-east-1.rds.amazonaws.com",
        database_port="5432",
        database_name="support",
        subnet_ids=("subnet-0example1", "subnet-0example2"),
        security_group_id="sg-0example",
        extras=extras,
    )


def model_ids(config: Mapping[str, Any], stage: str) -> tuple[str, ...]:
    """Return the models that a stage calls. Raises UnknownStage."""
    ids: str = deployable_stage(config, stage)["environment_variables"]["BEDROCK_MODEL_IDS"]
    return tuple(each.strip() for each in ids.split(",") if each.strip())


def extras(config: Mapping[str, Any], stage: str) -> Extras:
    """Return what a stage uses because its settings say so. Raises UnknownStage."""
    variables = deployable_stage(config, stage)["environment_variables"]
    return Extras(variables.get("RERANK_MODEL_ID") or None, variables.get("MAIL_FROM", ""))


def origins(config: Mapping[str, Any], stage: str) -> Origins:
    """Return the origins whose pages may use a stage from a browser. Raises UnknownStage."""
    variables = deployable_stage(config, stage)["environment_variables"]

    def listed(setting: str) -> tuple[str, ...]:
        values = variables.get(setting.upper(), "").split(",")
        default: tuple[str, ...] = default_of(setting)
        return tuple(each.strip().lower() for each in values if each.strip()) or default

    return Origins(listed("chat_cors_origins"), listed("agent_cors_origins"))


def filled(config: Mapping[str, Any], facts: Facts) -> ChaliceConfig:
    """Return the configuration with a stage's facts in place. Raises UnknownStage."""
    result: ChaliceConfig = deepcopy(dict(config))
    stage = deployable_stage(result, facts.stage)
    variables, functions = stage["environment_variables"], stage["lambda_functions"]
    for name in (*map(str.upper, SETTINGS_OF_THE_DATABASE), CUSTOMERS_FUNCTION):
        variables.pop(name, None)
    for name in (*IN_VPC, *ONCE_IN_VPC):
        for place in ("subnet_ids", "security_group_ids"):
            functions[name].pop(place, None)
    variables.update(facts.settings)
    if facts.has_database:
        variables[CUSTOMERS_FUNCTION] = f"{result['app_name']}-{facts.stage}-{READER}"
        for name in IN_VPC:
            functions[name].update(
                subnet_ids=list(facts.subnet_ids), security_group_ids=[facts.security_group_id]
            )
    return result


def facts_in(config: Mapping[str, Any], name: str) -> Facts | None:
    """Return the facts that a stage is filled in with; None when it is not. Raises UnknownStage."""
    stage = deployable_stage(config, name)
    settings = stage["environment_variables"]
    if any(setting.upper() not in settings for setting in SETTINGS_OF_THE_STACK):
        return None
    _, partition, _, region, account, _ = settings["APP_SECRET_ID"].split(":", 5)
    network = stage["lambda_functions"][READER]
    known = [each for each in SETTINGS_OF_THE_DATABASE if each.upper() in settings]
    return Facts(
        stage=name,
        partition=partition,
        account=account,
        region=region,
        model_ids=model_ids(config, name),
        subnet_ids=tuple(network.get("subnet_ids", ())),
        security_group_id=network.get("security_group_ids", [""])[0],
        extras=extras(config, name),
        **{setting: settings[setting.upper()] for setting in (*SETTINGS_OF_THE_STACK, *known)},
    )


def _output(name: str) -> str:
    """Return the output that a field comes from: KnowledgeBaseId for knowledge_base_id."""
    return "".join(word.title() for word in name.split("_"))
