"""What went wrong between here and AWS, in a sentence with the next step."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from tooling.errors import CommandError

NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"})
UNKNOWN_HERE = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
"""What a Region answers that is not enabled for the account, to credentials that are good elsewhere."""
EXPIRED = UNKNOWN_HERE | {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
MISSING = frozenset({"NoSuchBucket", "ResourceNotFoundException"})
MOST_SHOWN_CHARS = 300
"""What is shown of AWS's words: what is not AWS may answer with a whole page."""
ACTION = re.compile(r"perform: ([A-Za-z0-9-]+:\w+)")
SIGN_IN = "Sign in, for example with `aws configure` or `aws sso login`, or set AWS_PROFILE."
CHOOSE_REGION = (
    "Name one with --region (infra, deploy, destroy), such as --region us-east-1, or set AWS_DEFAULT_REGION."
)


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return AWS's own words on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


def is_denied(error: ClientError) -> bool:
    """Say whether a permission is missing."""
    return code_of(error) in DENIED


@contextmanager
def passing_over(*codes: str) -> Iterator[None]:
    """Take AWS's refusals with these codes within the block for what was wanted."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def explained(error: BotoCoreError | ClientError, unreachable: str | None = None) -> CommandError:
    """Return the failure to show for an error of boto3; `unreachable` is what to say of no connection."""
    if isinstance(error, ClientError):
        return CommandError(_explain_answer(error))
    return CommandError(_explain(error, unreachable))


def _explain(error: BotoCoreError, unreachable: str | None) -> str:
    if isinstance(error, NO_CREDENTIALS):
        return f"No usable AWS credentials were found. {SIGN_IN}"
    if isinstance(error, ProfileNotFound):
        return f"{error}. {SIGN_IN}"
    if isinstance(error, NoRegionError):
        return f"The AWS Region is not known. {CHOOSE_REGION}"
    if isinstance(error, InvalidRegionError):
        return f"{error.kwargs['region_name']} is no AWS Region. {CHOOSE_REGION}"
    if isinstance(error, NoConnectionError | HTTPClientError):
        return unreachable or (
            f"AWS does not answer: {error} Check the network and the Region, then run this again."
        )
    return f"The AWS library failed: {error}"


def _explain_answer(error: ClientError) -> str:
    code, operation = code_of(error), error.operation_name
    if code in EXPIRED:
        elsewhere = " If they work in other Regions, this one has to be enabled for the account first."
        hint = elsewhere if code in UNKNOWN_HERE else ""
        return f"AWS does not accept these credentials ({code}). {SIGN_IN}{hint}"
    if is_denied(error):
        return f"These AWS credentials may not do {_action(error)}. Use others, or ask for the permission."
    if code in MISSING:
        return f"{operation} found nothing ({code}): deploy the stage first, or use its account and Region."
    said = textwrap.shorten(message_of(error), MOST_SHOWN_CHARS, placeholder=" …")
    return f"AWS refused {operation} ({code}): {said}"


def _action(error: ClientError) -> str:
    named = ACTION.search(message_of(error))
    return named[1] if named else error.operation_name
