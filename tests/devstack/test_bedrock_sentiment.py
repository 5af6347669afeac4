"""DetectSentiment: four probabilities; fury is told from a plain problem report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.bedrock.sentiment import detect_sentiment, probabilities
from devstack.bedrock.wire.protocol import ServiceError

FURIOUS = """
This is ridiculous, I'm furious, worst service ever!!!
This is absolutely unacceptable. I am so angry. I want my money back!
I hate this company. You are useless and incompetent.
You stole my money, you scammers
Your service is terrible and I am very disappointed
""".strip().splitlines()

CALM = """
I was charged twice
kill a stuck process
How do I reset my password?
I have a problem with my invoice
the payment failed and the order is lost
The export is broken since yesterday
this is urgent, my site is down
Cancel my subscription, I no longer need it
I want to complain about a damaged item
I forgot my password and the reset mail never arrives, please help
No
The import failed with error 500, then the export crashed, the backup is missing and the invoice is wrong.
""".strip().splitlines()


@pytest.mark.parametrize("text", FURIOUS)
def test_fury_is_negative_beyond_doubt(text: str) -> None:
    assert probabilities(text)["Negative"] >= 0.9


@pytest.mark.parametrize("text", CALM)
def test_a_plain_problem_report_is_not_taken_for_anger(text: str) -> None:
    assert probabilities(text)["Negative"] < 0.8


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        (FURIOUS[0], "NEGATIVE"),
        ("Thank you so much, that was wonderful!", "POSITIVE"),
        ("How do I reset my password?", "NEUTRAL"),
        ("I love the new dashboard, it is wonderful, but the export is horrible and I hate it.", "MIXED"),
    ],
)
def test_the_likeliest_sentiment_is_named(text: str, sentiment: str) -> None:
    answer = detect_sentiment({"Text": text, "LanguageCode": "en"})
    assert answer["Sentiment"] == sentiment
    assert answer["SentimentScore"][sentiment.title()] == max(answer["SentimentScore"].values())


@given(st.text(max_size=300))
def test_the_probabilities_sum_to_one(text: str) -> None:
    scores = probabilities(text)
    assert set(scores) == {"Positive", "Negative", "Neutral", "Mixed"}
    assert all(0 <= score <= 1 for score in scores.values())
    assert sum(scores.values()) == pytest.approx(1)


def test_five_thousand_bytes_are_the_most() -> None:
    longest = "ü" * 2_500
    assert detect_sentiment({"Text": longest, "LanguageCode": "en"})["Sentiment"]
    with pytest.raises(ServiceError, match="TextSizeLimitExceededException"):
        detect_sentiment({"Text": longest + "!", "LanguageCode": "en"})


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [(" \n", "en", "InvalidRequestException"), ("nuqneH", "tlh", "UnsupportedLanguageException")],
)
def test_blank_text_and_an_unknown_language_are_refused(text: str, language: str, code: str) -> None:
    with pytest.raises(ServiceError, match=code):
        detect_sentiment({"Text": text, "LanguageCode": language})
