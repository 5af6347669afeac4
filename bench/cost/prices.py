"""The list prices that bench/cost/stage.py uses: us-east-1, US dollars, before any free tier."""

from dataclasses import dataclass

CHECKED = "2026-11-21"
"""When the sources were last read; most are not AWS's own, whose pages fill in the numbers by script."""
NOT_VERIFIED = "not verified"
MILLION, THOUSAND = 1e6, 1e3


@dataclass(frozen=True)
class Price:
    """A price for `per` of something, which `unit` says; `source` is a page, with its own date."""

    usd: float
    unit: str
    source: str
    per: float = 1


PRICES: dict[str, Price] = {
    "Interface endpoint": Price(0.01, "hour and zone", "awsnegotiations.com, PrivateLink, 2026-05"),
    "Endpoint traffic": Price(0.01, "GB", "awsnegotiations.com, PrivateLink, 2026-05"),
    "RDS db.t4g.micro": Price(0.016, "hour", "infratally.com, RDS pricing, 2026"),
    "RDS db.t4g.small, Multi-AZ": Price(0.064, "hour", "infratally.com, RDS pricing, 2026"),
    "RDS gp3 storage": Price(0.115, "GB-month", "usage.ai, RDS calculator, 2026-06"),
    "RDS gp3 storage, Multi-AZ": Price(0.23, "GB-month", f"{NOT_VERIFIED}: twice the one above"),
    "Secret": Price(0.40, "month", "hivebook.wiki, Secrets Manager, undated"),
    "OpenSearch Serverless": Price(0.24, "OCU-hour", "awsnegotiations.com, OpenSearch, 2026-02"),
    "Lambda, arm64": Price(13.3334, "million GB-seconds", "git.mcrn.ar, Lambda cost, 2026-05", MILLION),
    "Lambda request": Price(0.20, "million", "git.mcrn.ar, Lambda cost, 2026-05", MILLION),
    "SQS request": Price(0.40, "million requests", NOT_VERIFIED, MILLION),
    "API Gateway, REST": Price(3.50, "million requests", "docs.aws.amazon.com, private APIs", MILLION),
    "DynamoDB write": Price(0.625, "million units of 1 KB", "airbyte.com, DynamoDB, 2025-07", MILLION),
    "DynamoDB read": Price(0.125, "million units of 4 KB", "airbyte.com, DynamoDB, 2025-07", MILLION),
    "Comprehend": Price(0.10, "thousand units of 100 characters", "cloudzero.com, Comprehend", THOUSAND),
    "Guardrail, content filters": Price(0.15, "thousand units", "hivebook.wiki, Guardrails", THOUSAND),
    "Guardrail, denied topics": Price(0.15, "thousand units", "hivebook.wiki, Guardrails", THOUSAND),
    "Guardrail, personal data": Price(0.10, "thousand units", "hivebook.wiki, Guardrails", THOUSAND),
    "Titan embeddings v2": Price(0.02, "million tokens", NOT_VERIFIED, MILLION),
    "S3 Vectors query": Price(2.50, "million", "oflight.co.jp, S3 Vectors, 2026-04", MILLION),
    "Rerank, Cohere 3.5": Price(2.00, "thousand searches", NOT_VERIFIED, THOUSAND),
    "Rerank, Amazon 1.0": Price(1.00, "thousand searches", NOT_VERIFIED, THOUSAND),
    "Traffic to the internet": Price(0.09, "GB", NOT_VERIFIED),
    "CloudWatch Logs": Price(0.50, "GB taken in", "hykell.com, CloudWatch Logs"),
    "X-Ray": Price(5.00, "million traces", NOT_VERIFIED, MILLION),
}
