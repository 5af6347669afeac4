"""Whether this account may call the models in this Region; a call of one token is the one sure way."""

import json
from collections.abc import Sequence

from botocore.exceptions import ClientError, EndpointConnectionError

from deployment.work import Work
from tooling.aws_errors import code_of, explained, is_denied, message_of
from tooling.errors import CommandError

EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
BUSY = frozenset({"ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException"})
"""Of a model that is there, only not at this moment."""
NEXT_STEP = (
    "Ask for access in the Bedrock console under Model catalog, choose another Region with --region, "
    "or name other models in BEDROCK_MODEL_IDS of the stage in .chalice/config.json."
)


def check_models(work: Work, model_ids: Sequence[str]) -> None:
    """Insist that one model answers and name those that don't. Raises CommandError, BotoCoreError."""
    problems = {model_id: _problem_of(work, model_id) for model_id in model_ids}
    usable = [model_id for model_id, problem in problems.items() if problem is None]
    unusable = [f"{model_id} {problem}" for model_id, problem in problems.items() if problem]
    if not usable:
        raise CommandError(
            "\n  ".join([f"No model can be used in {work.account.region}:", *unusable]) + f"\n{NEXT_STEP}"
        )
    work.terminal.step("Models", f"{usable[0]} answers")
    for line in unusable:
        work.terminal.step("", f"note: {line}; the others are tried in its place")


def check_embedding_model(work: Work) -> None:
    """Insist on the model that the knowledge base turns texts into vectors with. Raises CommandError."""
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
