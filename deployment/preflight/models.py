"""Looks at whether the models answer, and where one does not, says why in AWS's own words."""

import json
from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.gateways.converse import own_id
from deployment.preflight.model_quotas import Quota, read_quotas, shortages
from deployment.preflight.quotas import CANNOT_LOOK
from deployment.work import Work
from tooling.aws_errors import code_of, explained, is_denied, message_of, passing_over
from tooling.errors import CommandError

EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
BUSY = frozenset({"ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException"})
"""What a model answers that exists, but does not answer: for a moment, or for want of a quota."""
ATTEMPTS = 3
PAUSE_SECONDS = 5
GRANT_MODEL_ACCESS = (
    "Ask for access in the Bedrock console under Model catalog, choose another Region with --region, "
    "or name other models in BEDROCK_MODEL_IDS of the stage in .chalice/config.json."
)


def check_models(work: Work, model_ids: Sequence[str]) -> None:
    """Check that one model answers, and name those that don't. Raises CommandError, BotoCoreError."""
    quotas = read_quotas(work)
    problems = {model_id: _problem_of(work, model_id, quotas) for model_id in model_ids}
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
    for model_id in usable:
        if end := _end_of(work, model_id):
            work.terminal.step("", f"note: {model_id} {end}")


def check_embedding_model(work: Work) -> None:
    """Check the model that turns texts into vectors for the knowledge base. Raises CommandError."""
    body = json.dumps({"inputText": "ok", "dimensions": 1024})
    client = work.account.client("bedrock-runtime")
    if problem := _problem(work, lambda: client.invoke_model(modelId=EMBEDDING_MODEL, body=body)):
        problem = "; ".join([problem, *shortages(work, EMBEDDING_MODEL, read_quotas(work), answers=False)])
        raise CommandError(
            f"{EMBEDDING_MODEL}, which the knowledge base needs, {problem}. Ask for access in the "
            "Bedrock console under Model catalog, or choose another Region with --region."
        )
    work.terminal.step("Embedding model", f"{EMBEDDING_MODEL} answers")


def _problem_of(work: Work, model_id: str, quotas: Sequence[Quota]) -> str | None:
    client = work.account.client("bedrock-runtime")
    problem = _problem(
        work,
        lambda: client.converse(
            modelId=model_id,
            messages=[{"role": "user", "content": [{"text": "ok"}]}],
            inferenceConfig={"maxTokens": 1},
        ),
    )
    low = list(shortages(work, model_id, quotas, answers=problem is None))
    if problem is None:
        return f"answers a word, but {'; '.join(low)}" if low else None
    return "; ".join([problem, *_of_the_account(work, model_id), *low])


def _problem(work: Work, ask: Callable[[], object]) -> str | None:
    """Return why a model cannot be used, None when it can. Raises CommandError."""
    for attempt in range(ATTEMPTS):
        try:
            ask()
        except EndpointConnectionError as error:
            raise CommandError(
                f"Region {work.account.region} has no Amazon Bedrock. Choose another, such as "
                "--region us-east-1."
            ) from error
        except ClientError as error:
            if code_of(error) not in BUSY:
                return _meaning(error)
            if attempt == ATTEMPTS - 1:
                return f"answers none of {ATTEMPTS} requests ({message_of(error)})"
            work.pause(PAUSE_SECONDS)
        else:
            return None
    return None


def _meaning(error: ClientError) -> str:
    """Return what a refusal means, with AWS's own words. Raises CommandError for one of another kind."""
    message = message_of(error)
    if "end of its life" in message:
        return f"has reached its end of life ({message})"
    if "use case" in message:
        return f"waits for the use case form of its maker, Bedrock console, Model catalog ({message})"
    if is_denied(error):
        return f"may not be called by these credentials, or has no access granted ({message})"
    if code_of(error) in ("ResourceNotFoundException", "ValidationException"):
        return f"is not offered here ({message})"
    raise explained(error) from error


def _of_the_account(work: Work, model_id: str) -> Iterator[str]:
    """Yield what the account lacks for a model, as Bedrock says; nothing where it may not be asked."""
    if work.account.is_emulated:
        return
    with passing_over("ResourceNotFoundException", "ValidationException", *CANNOT_LOOK):
        said = work.account.client("bedrock").get_foundation_model_availability(modelId=own_id(model_id))
        if said["authorizationStatus"] != "AUTHORIZED":
            yield "the account is not authorized for it"
        if said["entitlementAvailability"] != "AVAILABLE":
            yield "the account has no right to it yet"
        if said["regionAvailability"] != "AVAILABLE":
            yield "this Region does not have it"
        offer = said["agreementAvailability"]
        if offer["status"] != "AVAILABLE":
            reason = offer.get("errorMessage") or offer["status"]
            yield (
                f"its offer in the Marketplace is not agreed to: {reason} (who calls it first needs "
                "aws-marketplace:Subscribe and ViewSubscriptions)"
            )


def _end_of(work: Work, model_id: str) -> str | None:
    """Return what its lifecycle says of a model that answers today."""
    if work.account.is_emulated:
        return None
    with passing_over("ResourceNotFoundException", "ValidationException", *CANNOT_LOOK):
        found = work.account.client("bedrock").get_foundation_model(modelIdentifier=own_id(model_id))
        lifecycle = found["modelDetails"].get("modelLifecycle", {})
        if lifecycle.get("status") == "LEGACY":
            end = lifecycle.get("endOfLifeTime")
            date = f", which ends on {end:%Y-%m-%d}" if end else ""
            return f"is a legacy model{date}: put another before it"
    return None
