"""What only the account knows about a stage: what the stack made, and which models the stage may call."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from tooling.errors import CommandError

SETTINGS_OF_THE_STACK = (
    "table_suffix",
    "documents_bucket",
    "knowledge_base_id",
    "data_source_id",
    "guardrail_id",
    "guardrail_version",
    "app_secret_id",
    "agent_tokens_secret_id",
    "database_secret_id",
    "database_host",
    "database_port",
    "database_name",
)
"""The fields of Facts that the app reads, each from the variable of the same name in capitals."""


class IncompleteStack(CommandError):
    """The stack lacks outputs that a stage needs."""

    def __init__(self, stage: str, missing: tuple[str, ...]) -> None:
        super().__init__(
            f"The stack of {stage} has no output {', '.join(missing)}. "
            f"Bring it up to date first: python3 dev.py infra {stage}"
        )


@dataclass(frozen=True)
class Facts:
    """A stage's facts. The ids of secrets are ARNs; the rest are ids and names as AWS gives them."""

    stage: str
    partition: str
    account: str
    region: str
    model_ids: tuple[str, ...]
    table_suffix: str
    documents_bucket: str
    knowledge_base_id: str
    data_source_id: str
    guardrail_id: str
    guardrail_version: str
    app_secret_id: str
    agent_tokens_secret_id: str
    database_secret_id: str
    database_host: str
    database_port: str
    database_name: str
    subnet_ids: tuple[str, ...]
    security_group_id: str

    @property
    def settings(self) -> dict[str, str]:
        """Return the app's environment variables whose values come from the stack."""
        values = asdict(self)
        return {name.upper(): values[name] for name in SETTINGS_OF_THE_STACK}


def read_outputs(
    stage: str, caller_arn: str, region: str, model_ids: tuple[str, ...], outputs: Mapping[str, str]
) -> Facts:
    """Return the facts that a stack's outputs hold; `caller_arn` is from sts:GetCallerIdentity.

    Raises IncompleteStack.
    """
    names = {name: _output(name) for name in (*SETTINGS_OF_THE_STACK, "subnet_ids", "security_group_id")}
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
        subnet_ids=tuple(outputs["SubnetIds"].split(",")),
        **found,
    )


def _output(name: str) -> str:
    """Return the output that a field comes from: KnowledgeBaseId for knowledge_base_id."""
    return "".join(word.title() for word in name.split("_"))


def placeholders(stage: str, model_ids: tuple[str, ...]) -> Facts:
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
        data_source_id="EXAMPLEDS1",
        guardrail_id="exampleguard",
        guardrail_version="1",
        app_secret_id=f"{secret}/app-secret-EXAMPL",
        agent_tokens_secret_id=f"{secret}/agent-tokens-EXAMPL",
        database_secret_id=f"{secret}/database-EXAMPL",
        database_host=f"{stage}.example.us-east-1.rds.amazonaws.com",
        database_port="5432",
        database_name="support",
        subnet_ids=("subnet-0example1", "subnet-0example2"),
        security_group_id="sg-0example",
    )
