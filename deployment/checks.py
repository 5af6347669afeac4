"""Checks before anything is created: whatever is missing is one sentence with the next step."""

import importlib.util
import sys
from collections.abc import Sequence

from botocore.exceptions import ClientError, EndpointConnectionError

from deployment.facts import model_ids
from deployment.preflight.models import check_embedding_model, check_models
from deployment.preflight.rights import check_rights
from deployment.work import Work
from tooling.aws_errors import explained, is_denied
from tooling.errors import CommandError
from tooling.stages import read_config

RUNTIME = (3, 12)
LISTS = {
    "S3_VECTORS": ("s3vectors", "list_vector_buckets", "S3 Vectors"),
    "OPENSEARCH_SERVERLESS": ("opensearchserverless", "list_collections", "OpenSearch Serverless"),
}


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
    check_models(work, model_ids(read_config(work.root), work.stage))
    check_rights(work, vector_store)


def check_for_deploy(work: Work, models: Sequence[str]) -> None:
    """Check what the app needs besides the stack. Raises CommandError, ClientError, BotoCoreError."""
    check_models(work, models)
    check_rights(work)


def check_region(work: Work, vector_store: str) -> None:
    """Check that the Region has the services that some Regions lack. Raises CommandError."""
    _ask(work, "bedrock-agent", "list_knowledge_bases", "knowledge bases of Amazon Bedrock")
    _ask(work, *LISTS[vector_store])
    # The app can do without it for a while, but not for good.
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
