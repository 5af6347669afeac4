"""What all AWS calls share: their time limits, and what counts as a failure."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.answers import reading
from chalicelib.errors import Unavailable

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""How a call fails: no connection, a refusal, or an answer that botocore itself gives up on."""


def client_config(read_timeout_seconds: float = 4, attempts: int = 2) -> Config:
    """Return the client settings for a call that somebody waits for: one quick retry, no long wait."""
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
    )


@contextmanager
def calling(service: str) -> Iterator[None]:
    """Turn a failed call within the block into Unavailable(service), an odd answer into UnreadableAnswer."""
    with reading(service):
        try:
            yield
        except AWS_ERRORS as error:
            raise Unavailable(service) from error


def error_code(error: Exception) -> str:
    """Return the AWS error code of a failure, or the exception's name where there is none."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "Unknown")
    return type(error).__name__
