"""Checks before anything is created: whatever is missing is one sentence with the next step."""

import importlib.util
import json
import sys
from collections.abc import Sequence

from botocore.exceptions import ClientError, EndpointConnectionError

from deployment.preflight.rights import check_rights
from deployment.work import Work
from tooling.aws_errors import code_of, explained, is_denied, message_of
from tooling.errors import CommandError

RUNTIME = (3, 12)
LISTS = {
    "S3_VECTORS": ("s3vectors", "list_vector_buckets", "S3 Vectors"),
    "OPENSEARCH_SERVERLESS": ("opensearchserverless", "list_collections", "OpenSearch Serverless"),
}
EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
BUSY = frozenset({"ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException"})
"""What a model answers that exists, but cannot answer at the moment."""
GRANT_MODEL_ACCESS = (
    "Ask for access in the Bedrock console under Model catalog, choose another Region with --region, "
    "or name other models in BEDROCK_MODEL_IDS of the stage in .chalice/config.json."
)


def check_tools(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Check this machine. Raises CommandError."""
    if version != RUNTIME:
        raise CommandError(
            f"The functions run on Python 3.12, and the one in .venv is {version[0]}.{version[1]}: "
            "a deployment would ship the wrong one. Install Python 3.12 (https://www.python.org), "
            "delete the folder .venv, and run this again."
        )
    if importlib.util.find_spec("chalice") is None:
        raise CommandError("Chalice is not installed. Delete the folder .venv and run this again.")


def check_for_infra(work: Work, vector_store: str) -> None:
    """Check what the stack needs. Raises CommandError, ClientError, BotoCoreError."""
    work.terminal.say("Checking what the stack needs:")
    check_region(work, vector_store)
    check_embedding_model(work)
    check_rights(work, vector_store)


def check_for_deploy(work: Work, model_ids: Sequence[str]) -> None:
    """Check what the app needs besides the stack. Raises CommandError, ClientError, BotoCoreError."""
    check_models(work, model_ids)
    check_rights(work)


def check_region(work: Work, vector_store: str) -> None:
    """Check that the Region has the services that some Regions lack. Raises CommandError."""
    _ask(work, "bedrock-agent", "list_knowledge_bases", "knowledge bases of Amazon Bedrock")
    _ask(work, *LISTS[vector_store])
    # The app can do without it for a while, but the stack makes an endpoint for it.
    _ask(work, "comprehend", "detect_sentiment", "Amazon Comprehend", Text="ok", LanguageCode="en")
    work.terminal.step("Region", f"{work.account.region} has what is needed")


def _ask(work: Work, service: str, operation: str, product: str, **arguments: str) -> None:
    try:
        getattr(work.account.client(service), operation)(**arguments)
    except EndpointConnectionError as error:
        raise CommandError(
            f"Region {work.account.region} has no {product}. Choose another, such as --region us-east-1."
        ) from error
    except ClientError as error:
        # The stack need not list them; whether it may create them is another check.
        if not is_denied(error):
            raise explained(error) from error


def check_models(work: Work, model_ids: Sequence[str]) -> None:
    """Check that one model answers, and name those that don't. Raises CommandError, BotoCoreError."""
    problems = {model_id: _problem_of(work, model_id) for model_id in model_ids}
    usable = [model_id for model_id, problem in problems.items() if problem is None]
    unusable = [f"{model_id} {problem}" for model_id, problem in problems.items() if problem]
    if not usable:
        raise CommandError(
            "\n  ".join([f"No model can be used in {work.account.region}:", *unusable])
            + f"\n{GRANT_MODEL_ACCESS}"
        )
    work.terminal.step("Models", f"{usable[0]} answers")
    for line in unusable:
        work.terminal.step("", f"note: {line}; the others are tried in its place")


def check_embedding_model(work: Work) -> None:
    """Check the model that turns texts into vectors for the knowledge base. Raises CommandError."""
    body = json.dumps({"inputText": "ok", "dimensions": 1024})
    try:
        work.account.client("bedrock-runtime").invoke_model(modelId=EMBEDDING_MODEL, body=body)
    except EndpointConnectionError as error:
        raise CommandError(_no_bedrock(work)) from error
    except ClientError as error:
        if problem := _problem(error):
            raise CommandError(
                f"{EMBEDDING_MODEL}, which the knowledge base needs, {problem}. Ask for access in the "
                "Bedrock console under Model catalog, or choose another Region with --region."
            ) from error
    work.terminal.step("Embedding model", f"{EMBEDDING_MODEL} answers")


def _problem_of(work: Work, model_id: str) -> str | None:
    try:
        work.account.client("bedrock-runtime").converse(
            modelId=model_id,
            messages=[{"role": "user", "content": [{"text": "ok"}]}],
            inferenceConfig={"maxTokens": 1},
        )
    except EndpointConnectionError as error:
        raise CommandError(_no_bedrock(work)) from error
    except ClientError as error:
        return _problem(error)
    return None


def _problem(error: ClientError) -> str | None:
    """Return why a model cannot be used; None when it can, in a moment. Raises CommandError."""
    code, message = code_of(error), message_of(error)
    if code in BUSY:
        return None
    if "end of its life" in message:
        return "has reached its end of life"
    if "use case" in message:
        return "waits for the use case form of its maker (Bedrock console, Model catalog)"
    if is_denied(error):
        return "may not be called by these credentials, or has no access granted"
    if code in ("ResourceNotFoundException", "ValidationException"):
        return f"is not offered here ({message})"
    raise explained(error) from error


def _no_bedrock(work: Work) -> str:
    return f"Region {work.account.region} has no Amazon Bedrock. Choose another, such as --region us-east-1."
