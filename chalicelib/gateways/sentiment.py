"""How a message sounds, by Amazon Comprehend."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.answers import finite
from chalicelib.domain.conversation import Sentiment
from chalicelib.gateways.aws import calling

if TYPE_CHECKING:
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_comprehend.literals import LanguageCodeType

MAX_BYTES = 5000
"""DetectSentiment takes 5 KB."""


@dataclass(frozen=True)
class SentimentGateway:
    """Asks Comprehend; `language` is one that DetectSentiment knows."""

    client: "ComprehendClient"
    language: "LanguageCodeType"

    def detect(self, text: str) -> Sentiment:
        """Return how the text sounds. Raises Unavailable."""
        start = text.encode()[:MAX_BYTES].decode(errors="ignore")
        with calling("sentiment"):
            scores = self.client.detect_sentiment(Text=start, LanguageCode=self.language)["SentimentScore"]
            return Sentiment(round(finite(scores["Positive"] - scores["Negative"]), 4))
