"""How a message sounds, by Amazon Comprehend."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.conversation import Sentiment
from chalicelib.errors import Unavailable
from chalicelib.gateways.aws import AWS_ERRORS

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
        try:
            scores = self.client.detect_sentiment(Text=start, LanguageCode=self.language)["SentimentScore"]
            score = round(float(scores["Positive"] - scores["Negative"]), 4)
        except (*AWS_ERRORS, TypeError) as error:
            raise Unavailable("sentiment") from error
        if not math.isfinite(score):
            raise Unavailable("sentiment")
        return Sentiment(score)
