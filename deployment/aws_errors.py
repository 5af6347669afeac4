"""What AWS refused, in a sentence with the next step."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoRegionError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from deployment.errors import DeploymentError
from tooling.aws_errors import EXPIRED, NO_CREDENTIALS, SIGN_IN

DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"})
UNKNOWN_HERE = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
"""What a Region answers that is not enabled for the account, to credentials that are good elsewhere."""
ACTION = re.compile(r"perform: ([A-Za-z0-9-]+:\w+)")
CHOOSE_REGION = "Name one with --region, such as --region us-east-1, or set AWS_DEFAULT_REGION."


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return AWS's own words on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


def is_denied(error: ClientError) -> bool:
    """Say whether a permission is missing."""
    return code_of(error) in DENIED


def explained(error: BotoCoreError | ClientError) -> DeploymentError:
    """Return the failure to show for an error of boto3."""
    return DeploymentError(_explain_answer(error) if isinstance(error, ClientError) else _explain(error))


def _explain(error: BotoCoreError) -> str:
    if isinstance(error, NO_CREDENTIALS):
        return f"No usable AWS credentials were found. {SIGN_IN}"
    if isinstance(error, ProfileNotFound):
        return f"{error}. {SIGN_IN}"
    if isinstance(error, NoRegionError):
        return f"The AWS Region is not known. {CHOOSE_REGION}"
    if isinstance(error, InvalidRegionError):
        return f"{error.kwargs['region_name']} is no AWS Region. {CHOOSE_REGION}"
    if isinstance(error, NoConnectionError):
        return f"AWS does not answer: {error} Check the network and the Region, then run this again."
    return f"The AWS library failed: {error}"


def _explain_answer(error: ClientError) -> str:
    if code_of(error) in EXPIRED:
        elsewhere = " If they work in other Regions, this one has to be enabled for the account first."
        hint = elsewhere if code_of(error) in UNKNOWN_HERE else ""
        return f"AWS does not accept these credentials ({code_of(error)}). {SIGN_IN}{hint}"
    if is_denied(error):
        return f"These AWS credentials may not do {_action(error)}. Use others, or ask for the permission."
    return f"AWS refused {error.operation_name} ({code_of(error)}): {message_of(error)}"


def _action(error: ClientError) -> str:
    named = ACTION.search(message_of(error))
    return named[1] if named else error.operation_name
