"""Requests of all tests, and what answers them in AWS's place, are held to AWS's service models."""

from typing import Any

import boto3
import pytest

from tests.aws import stubbed
from tests.deploy.fakes import FakeClient, scene

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


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"Sentiment": "GLAD"}, "'Sentiment' failed .* enum"),
        ({"Sentiment": 1}, "Invalid type for parameter Sentiment"),
        ({"Mood": "NEUTRAL"}, 'Unknown parameter in input: "Mood"'),
        ({"Sentiment": "NEUTRAL", "SentimentScore": {"Positive": "high"}}, "SentimentScore.Positive"),
    ],
)
def test_a_fake_that_answers_as_aws_cannot_fails_the_test(answer: dict[str, Any], problem: str) -> None:
    _, stub = stubbed("comprehend")
    with pytest.raises(AssertionError, match=rf"comprehend detect_sentiment answers: .*{problem}"):
        stub.add_response("detect_sentiment", answer)
    account = scene({"comprehend": FakeClient(detect_sentiment=answer)}).work.account
    with pytest.raises(AssertionError, match=problem):
        account.client("comprehend").detect_sentiment(Text="ok", LanguageCode="en")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"knowledgeBaseId": "KB1"}, r"\.knowledgeBaseId does not match"),
        ({"knowledgeBaseId": 1}, "Invalid type for parameter knowledgeBaseId"),
        ({"knowledgeBase": "KB12345678"}, "Missing required parameter(.|\n)*Unknown parameter"),
    ],
)
def test_a_fake_is_not_asked_what_aws_would_refuse(asked: dict[str, Any], problem: str) -> None:
    account = scene({"bedrock-agent": FakeClient(list_data_sources={"dataSourceSummaries": []})}).work.account
    client = account.client("bedrock-agent")
    for ask in (client.list_data_sources, client.get_paginator("list_data_sources").paginate):
        with pytest.raises(AssertionError, match=f"bedrock-agent ListDataSources: {problem}"):
            list(ask(**asked))
