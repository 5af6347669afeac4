"""Puts the local DynamoDB in the place of moto's."""

from typing import Any

from moto.core.common_models import BaseModel
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.urls import url_paths
from moto.dynamodbstreams.models import dynamodbstreams_backends

from devstack.aws.dynamodb.requests import Handler
from devstack.aws.dynamodb.streams import LocalStreams
from devstack.aws.dynamodb.tables import LocalDynamoDB


def install() -> None:
    """Let moto use the local DynamoDB in this process from now on, and keep no list of its objects."""
    dynamodb_backends.backend = LocalDynamoDB
    dynamodbstreams_backends.backend = LocalStreams
    url_paths["{0}/"] = Handler.dispatch
    # The list is for a dashboard that nobody opens here. Type checkers do not like an assignment.
    setattr(BaseModel, "__new__", _unlisted)  # noqa: B010


def _unlisted(cls: type[BaseModel], *_arguments: Any, **_named: Any) -> BaseModel:
    return object.__new__(cls)
