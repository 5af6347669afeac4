"""Clients of AWS whose answers are scripted; requests and answers are held to botocore's own model."""

from typing import Any

import boto3
from botocore.stub import Stubber

from tests.service_models import require_possible


class _Stubber(Stubber):
    """Holds answers to patterns, enums and bounds too, which botocore's own leaves out."""

    def add_response(self, method: str, service_response: Any, expected_params: Any = None) -> None:
        require_possible(self.client.meta.service_model.service_name, method, service_response)
        super().add_response(method, service_response, expected_params)


def stubbed(service: Any) -> tuple[Any, Stubber]:
    """Return a client and what scripts its answers."""
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = _Stubber(client)
    stub.activate()
    return client, stub
