"""Checks of what a stage uses at Bedrock: knowledge base, data source, guardrail, models."""

from collections.abc import Callable, Iterable

from cli.doctor.stage import Problem, Stage


def knowledge_base(stage: Stage) -> str:
    """The knowledge base is there and active."""
    base_id = stage.variables["KNOWLEDGE_BASE_ID"]
    client = stage.client("bedrock-agent")
    found = stage.ask(
        lambda: client.get_knowledge_base(knowledgeBaseId=base_id),
        f"knowledge base {base_id}",
    )["knowledgeBase"]
    if found["status"] != "ACTIVE":
        reasons = "; ".join(found.get("failureReasons", ()))
        raise Problem(
            f"{base_id} is {found['status']} {reasons}".strip(), "Wait some minutes and look again."
        )
    return f"{base_id} is active"


def data_source(stage: Stage) -> str:
    """The data source reads the documents bucket."""
    source_id, base_id = stage.variables["DATA_SOURCE_ID"], stage.variables["KNOWLEDGE_BASE_ID"]
    client = stage.client("bedrock-agent")
    found = stage.ask(
        lambda: client.get_data_source(knowledgeBaseId=base_id, dataSourceId=source_id),
        f"data source {source_id}",
    )["dataSource"]
    if found["status"] != "AVAILABLE":
        raise Problem(f"{source_id} is {found['status']}", "docs/deployment.md says what to do about it.")
    bucket = (
        found["dataSourceConfiguration"].get("s3Configuration", {}).get("bucketArn", "").rpartition(":")[2]
    )
    if bucket != stage.variables["DOCUMENTS_BUCKET"]:
        raise Problem(f"{source_id} reads {bucket or 'no bucket'}", stage.rebuild)
    return f"{source_id} reads {bucket}"


def guardrail(stage: Stage) -> str:
    """The guardrail judges what comes in."""
    guardrail_id = stage.variables.get("GUARDRAIL_ID")
    if not guardrail_id:
        raise Problem("there is none", "Set GUARDRAIL_ID: `python3 dev.py infra` makes one.")
    version = stage.variables.get("GUARDRAIL_VERSION", "DRAFT")
    client = stage.client("bedrock-runtime")
    stage.ask(
        lambda: client.apply_guardrail(
            guardrailIdentifier=guardrail_id,
            guardrailVersion=version,
            source="INPUT",
            content=[{"text": {"text": "Hello"}}],
        ),
        f"guardrail {guardrail_id} in version {version}",
    )
    return f"{guardrail_id}, version {version}"


CHECKS: Iterable[Callable[[Stage], str]] = (knowledge_base, data_source, guardrail)
