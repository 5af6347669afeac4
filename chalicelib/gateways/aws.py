"""How every AWS call of ours behaves: its time limits, and what counts as out of reach."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError, KeyError)
"""How a call fails: no connection, a refusal, or an answer that cannot be read or lacks what it must hold."""


def quick(read_timeout_seconds: float = 4, attempts: int = 2) -> Config:
    """Return the client settings for a call that somebody waits for: one quick retry, no long wait."""
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
    )


def error_code(error: Exception) -> str:
    """Return the AWS error code of a failure, or the exception's name where there is none."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "Unknown")
    return type(error).__name__
