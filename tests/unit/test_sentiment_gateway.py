"""How a message sounds; requests and answers are held to botocore's own model."""

from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.errors import Unavailable
from chalicelib.gateways.sentiment import SentimentGateway
from tests.aws import stubbed


def gateway() -> tuple[SentimentGateway, Stubber]:
    client, stub = stubbed("comprehend")
    return SentimentGateway(client, "de"), stub


def detect(text: str, sent: str, positive: float = 0.0, negative: float = 0.0) -> float:
    source, stub = gateway()
    scores = {"Positive": positive, "Negative": negative, "Neutral": 1 - positive - negative, "Mixed": 0.0}
    answer: dict[str, Any] = {"Sentiment": "NEUTRAL", "SentimentScore": scores}
    stub.add_response("detect_sentiment", answer, {"Text": sent, "LanguageCode": "de"})
    return source.detect(text).score


@pytest.mark.parametrize(
    ("positive", "negative", "score"),
    [(1, 0, 1), (0, 1, -1), (0, 0, 0), (0.25, 0.75, -0.5), (0.1, 0.3, -0.2)],
)
def test_a_score_runs_from_all_negative_to_all_positive(
    positive: float, negative: float, score: float
) -> None:
    assert detect("Hm.", "Hm.", positive, negative) == score


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("x" * 4000, "x" * 4000),
        ("é" * 4000, "é" * 2500),
        ("語" * 4000, "語" * 1666),
        ("😀" * 4000, "😀" * 1250),
        ("x" + "😀" * 1250, "x" + "😀" * 1249),
    ],
    ids=["fits", "two bytes", "three bytes", "four bytes", "odd"],
)
def test_of_a_long_text_as_many_whole_characters_are_sent_as_fit(text: str, sent: str) -> None:
    assert detect(text, sent) == 0
    assert len(sent.encode()) <= 5000


@pytest.mark.parametrize(
    "code", ["TextSizeLimitExceededException", "UnsupportedLanguageException", "InternalServerException"]
)
def test_a_refusal_is_an_outage_and_not_a_neutral_mood(code: str) -> None:
    source, stub = gateway()
    stub.add_client_error("detect_sentiment", code)
    with pytest.raises(Unavailable) as outage:
        source.detect("Hm.")
    assert outage.value.dependency == "sentiment"
