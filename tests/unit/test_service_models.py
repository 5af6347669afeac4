"""Requests of all tests are held to what AWS's service models say beyond their shapes."""

from typing import Any

import boto3
import pytest

MESSAGE = {"role": "user", "content": [{"text": "Hello"}]}
GUARDRAIL = {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"guardrailConfig": {**GUARDRAIL, "guardrailIdentifier": "gr-1"}},
            "guardrailIdentifier does not match",
        ),
        ({"guardrailConfig": {**GUARDRAIL, "trace": "on"}}, "trace is none of enabled, disabled"),
        ({"inferenceConfig": {"temperature": 1.5}}, "temperature is 1.5, at most 1"),
        ({"inferenceConfig": {"stopSequences": ["x"] * 2501}}, "stopSequences is 2501, at most 2500"),
    ],
)
def test_a_request_that_aws_would_refuse_fails_the_test(changed: dict[str, Any], problem: str) -> None:
    client: Any = boto3.Session("x", "x", region_name="us-east-1").client("bedrock-runtime")
    with pytest.raises(AssertionError, match=rf"bedrock-runtime Converse: .*{problem}"):
        client.converse(modelId="amazon.nova-2-lite-v1:0", messages=[MESSAGE], **changed)
