"""What the owner gets back about how it goes."""

from typing import Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from chalicelib.api.answers.common import Count, Score, Time
from chalicelib.domain.insight import GapKind

Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-20"]})]
Dollars = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0})]


class Outcomes(TypedDict):
    """How the conversations went that began in this time; each is in one of the numbers besides `started`."""

    started: Count
    resolved: Count
    """Answered with a source by the assistant alone, and left at that."""
    handed_over: dict[str, Count]
    """Handed over to a person, by reason."""
    abandoned: Count
    """Left without an answer, or with a bad one."""
    refused: Count
    """Ended by the guardrail, a limit or the budget."""
    open: Count
    """Not quiet for long enough to be judged."""


class Ratings(TypedDict):
    """How the assistant's answers were rated."""

    up: Count
    down: Count


class Costs(TypedDict):
    """What was spent, in US dollars at list prices."""

    total: Dollars
    per_conversation: Dollars | None
    """Null where none began."""
    per_resolved: Dollars | None
    """Null where none was resolved."""
    by_model: dict[str, Dollars]
    """The tokens, by model."""
    by_feature: dict[str, Dollars]
    """All of it, by what for: `chat`, `draft`, `search`, `rerank`, `guardrail`, `sentiment`."""


class Tokens(TypedDict):
    """What the models read and wrote."""

    input: Count
    output: Count


class Latency(TypedDict):
    """How long the assistant's answers took in the app; null where there were none."""

    p50: Count | None
    p95: Count | None


class Numbers(TypedDict):
    """What was counted in some time."""

    conversations: Outcomes
    feedback: Ratings
    cost_usd: Costs
    tokens: Tokens
    latency_ms: Latency


class Day(Numbers):
    """What was counted on a day (UTC)."""

    date: Date


class NearestArticle(TypedDict):
    """The article that came nearest, or that was cited in an answer which was rated down."""

    title: str
    url: str | None
    score: Score


class Gap(TypedDict):
    """A question that the articles don't answer well; questions that are alike are one."""

    question: str
    """As a customer asked it last, without names, addresses and numbers of people."""
    count: Count
    kind: GapKind
    last_asked: Time
    nearest: NearestArticle | None


class Insights(Numbers):
    """How it went."""

    days: Count
    daily: list[Day]
    """Each of the days, oldest first."""
    gaps: list[Gap]
    """Most asked first."""
    daily_budget_usd: Dollars | None
    """What a day (UTC) may cost; null without a limit."""
    budget_reached: bool
    """Whether today's budget is spent, so that nobody is answered until midnight, UTC."""
