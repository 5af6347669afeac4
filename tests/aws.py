"""Clients of AWS whose answers are scripted; requests and answers are held to botocore's own model."""

from typing import Any

import boto3
from botocore.stub import Stubber


def stubbed(service: Any) -> tuple[Any, Stubber]:
    """Return a client and what scripts its answers."""
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.activate()
    return client, stub
