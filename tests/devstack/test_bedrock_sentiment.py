"""DetectSentiment: four probabilities; fury is told from a plain problem report."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.bedrock.sentiment import probabilities
from tests.devstack.bedrock_server import Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


FURIOUS = """
This is ridiculous, I'm furious, worst service ever!!!
This is absolutely unacceptable. I am so angry. I want my money back!
I hate this company. You are useless and incompetent.
I am sick and tired of waiting, this is a disgrace
You stole my money, you scammers
Third time I ask. I am furious and disgusted.
Your service is terrible and I am very disappointed
""".strip().splitlines()

CALM = """
My parcel hasn't arrived
the app doesn't work
I was charged twice
my card was declined
kill a stuck process
How do I reset my password?
I have a problem with my invoice
I get an error when I try to log in
the payment failed and the order is lost
my account was hacked
The export is broken since yesterday
this is urgent, my site is down
I'm worried that my data was stolen
Cancel my subscription, I no longer need it
I want to complain about a damaged item
It crashed again and I lost my work
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
def test_the_likeliest_sentiment_is_named(server: Server, text: str, sentiment: str) -> None:
    answer = server.comprehend.detect_sentiment(Text=text, LanguageCode="en")
    assert answer["Sentiment"] == sentiment
    assert answer["SentimentScore"][sentiment.title()] == max(answer["SentimentScore"].values())  # type: ignore[literal-required,type-var]


@given(st.text(max_size=300))
def test_the_probabilities_sum_to_one(text: str) -> None:
    scores = probabilities(text)
    assert set(scores) == {"Positive", "Negative", "Neutral", "Mixed"}
    assert all(0 <= score <= 1 for score in scores.values())
    assert sum(scores.values()) == pytest.approx(1)


def test_five_thousand_bytes_are_the_most(server: Server) -> None:
    longest = "ü" * 2_500
    assert server.comprehend.detect_sentiment(Text=longest, LanguageCode="en")["Sentiment"]
    with pytest.raises(server.comprehend.exceptions.TextSizeLimitExceededException):
        server.comprehend.detect_sentiment(Text=longest + "!", LanguageCode="en")


def test_blank_text_is_an_invalid_request(server: Server) -> None:
    with pytest.raises(server.comprehend.exceptions.InvalidRequestException):
        server.comprehend.detect_sentiment(Text=" \n", LanguageCode="en")


def test_an_unknown_language_is_unsupported(server: Server) -> None:
    with pytest.raises(server.comprehend.exceptions.UnsupportedLanguageException):
        server.comprehend.detect_sentiment(Text="nuqneH", LanguageCode="tlh")  # type: ignore[arg-type]
