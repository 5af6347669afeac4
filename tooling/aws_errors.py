"""What went wrong between here and AWS, in a sentence with the next step."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
SIGN_IN = "Sign in, for example with `aws configure` or `aws sso login`, or set AWS_PROFILE."
REFUSED = frozenset({"403", "AccessDenied", "AccessDeniedException", "Forbidden"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
                     "UnrecognizedClientException", "InvalidClientTokenId", "RequestExpired"})  # fmt: skip
MISSING = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


def explain(error: BotoCoreError | ClientError, unreachable: str) -> str:
    """Return the sentence for an error of boto3; `unreachable` is that for no connection."""
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, NO_CREDENTIALS):
        return f"No usable AWS credentials were found. {SIGN_IN}"
    if isinstance(error, ProfileNotFound):
        return f"{error}. {SIGN_IN}"
    if isinstance(error, NoRegionError):
        return "The AWS Region is not known. Set AWS_DEFAULT_REGION."
    if isinstance(error, NoConnectionError | HTTPClientError):
        return unreachable
    return f"The AWS library failed: {error}"


def _explain_answer(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    operation = error.operation_name
    if code in REFUSED:
        return f"These AWS credentials may not do {operation}. Use others, or ask for the permission."
    if code in EXPIRED:
        return f"AWS does not accept these credentials ({code}). {SIGN_IN}"
    if code in MISSING:
        return f"{operation} found nothing ({code}): deploy the stage first, or use its account and Region."
    return f"AWS refused {operation}: {code}."
