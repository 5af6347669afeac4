"""What all AWS calls share: how a client is made, its time limits, and what counts as a failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError
from botocore.session import Session

from chalicelib.answers import reading, require_whole
from chalicelib.errors import Unavailable

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""How a call fails: no connection, a refusal, or an answer that botocore itself gives up on."""


_AWS_DATA = create_loader()


def _prepare(session: Session) -> None:
    """Share what is read of AWS's services, 50 ms a time, and check that each answer is whole."""
    session.register_component("data_loader", _AWS_DATA)
    session.register("before-parse", lambda **event: require_whole(**event))


# For each session, because PynamoDB makes some for every table and thread.
botocore.register_initializer(_prepare)


@cache
def _session() -> Session:
    return Session()


def make_client(service: str, config: Config) -> Any:
    """Return a client; not from several threads at once.

    Of botocore, which boto3's clients are too: boto3 itself loads on top what sends files to S3.
    """
    return _session().create_client(service, config=config)


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
        code = error.response.get("Error", {}).get("Code", "Unknown")
        # In the middle of a stream, errors are spelled like members.
        return code[:1].upper() + code[1:] if isinstance(error, EventStreamError) else code
    return type(error).__name__
