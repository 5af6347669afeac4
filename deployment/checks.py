"""What must be there before anything is created: each lack is one sentence with the next step."""

import importlib.util
import sys
from collections.abc import Sequence

from botocore.exceptions import ClientError, EndpointConnectionError

from deployment.model_checks import check_embedding_model, check_models
from deployment.rights import DEPLOY, INFRA, VECTOR_STORES, check_rights
from deployment.work import Work
from tooling.aws_errors import explained, is_denied
from tooling.errors import CommandError

RUNTIME = (3, 12)
LISTS = {
    "S3_VECTORS": ("s3vectors", "list_vector_buckets", "S3 Vectors"),
    "OPENSEARCH_SERVERLESS": ("opensearchserverless", "list_collections", "OpenSearch Serverless"),
}


def check_tools(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """See to what runs here. Raises CommandError."""
    if version != RUNTIME:
        raise CommandError(
            f"The functions run on Python 3.12, and the one in .venv is {version[0]}.{version[1]}: "
            "a deployment would ship the wrong one. Install Python 3.12 (https://www.python.org), "
            "delete the folder .venv, and run this again."
        )
    if importlib.util.find_spec("chalice") is None:
        raise CommandError("Chalice is not installed. Delete the folder .venv and run this again.")


def check_for_infra(work: Work, vector_store: str) -> None:
    """See to what the stack needs. Raises CommandError, ClientError, BotoCoreError."""
    work.terminal.say("Checking what the stack needs:")
    check_region(work, vector_store)
    check_embedding_model(work)
    check_rights(work, (*INFRA, *VECTOR_STORES[vector_store]))


def check_for_deploy(work: Work, model_ids: Sequence[str]) -> None:
    """See to what the app needs besides the stack. Raises CommandError, ClientError, BotoCoreError."""
    check_models(work, model_ids)
    check_rights(work, DEPLOY)


def check_region(work: Work, vector_store: str) -> None:
    """Insist that the Region has all services that not every Region has. Raises CommandError."""
    _ask(work, "bedrock-agent", "list_knowledge_bases", "knowledge bases of Amazon Bedrock")
    _ask(work, *LISTS[vector_store])
    # The app does without it for a while, but its endpoint in the network must be there to be made.
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
        # Looking is not what the stack needs; whether it may be created is checked by itself.
        if not is_denied(error):
            raise explained(error) from error
