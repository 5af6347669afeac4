"""What the owner may ask about how it goes, and what they get back: our types as the API's JSON."""

from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field

from chalicelib.api.parsing import Query
from chalicelib.chat.spending import MICRO
from chalicelib.domain.insight import Gap
from chalicelib.insight.numbers import Summary
from chalicelib.insight.report import Report
from chalicelib.times import iso

if TYPE_CHECKING:
    from chalicelib.api.answers import insights as answers

MOST_DAYS = 30
OUTCOMES = "conversations"


class InsightsQuery(Query):
    """The query of GET /insights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(7, ge=1, le=MOST_DAYS)
    """How many days (UTC), up to today."""


def insights_answer(report: Report) -> "answers.Insights":
    """Return the answer of GET /insights."""
    return {
        "days": len(report.daily),
        **_numbers(report.total),
        "daily": [{"date": day.isoformat(), **_numbers(summary)} for day, summary in report.daily],
        "gaps": [_gap(each) for each in report.gaps],
        "daily_budget_usd": report.daily_budget_usd,
        "budget_reached": report.budget_reached,
    }


def _numbers(summary: Summary) -> "answers.Numbers":
    number = summary.number
    started, resolved = number(f"{OUTCOMES}:started"), number(f"{OUTCOMES}:resolved")
    features = summary.group("feature")
    spent = sum(features.values())
    return {
        "conversations": {
            "started": started,
            "resolved": resolved,
            "handed_over": {reason: n for reason, n in summary.group(f"{OUTCOMES}:handed_over").items() if n},
            "abandoned": number(f"{OUTCOMES}:abandoned"),
            "refused": number(f"{OUTCOMES}:refused"),
            "open": number(f"{OUTCOMES}:open"),
        },
        "feedback": {"up": number("feedback:up"), "down": number("feedback:down")},
        "cost_usd": {
            "total": _usd(spent),
            "per_conversation": _usd(spent / started) if started else None,
            "per_resolved": _usd(spent / resolved) if resolved else None,
            "by_model": {model: _usd(amount) for model, amount in summary.group("model").items()},
            "by_feature": {feature: _usd(amount) for feature, amount in features.items()},
        },
        "tokens": {"input": number("tokens:input"), "output": number("tokens:output")},
        "latency_ms": {"p50": summary.latency_ms(0.5), "p95": summary.latency_ms(0.95)},
    }


def _usd(micro_usd: float) -> float:
    return round(micro_usd / MICRO, 6)


def _gap(gap: Gap) -> "answers.Gap":
    nearest = gap.nearest
    return {
        "question": gap.question,
        "count": gap.count,
        "kind": gap.kind,
        "last_asked": iso(gap.last_asked),
        "nearest": {"title": nearest.title, "url": nearest.url, "score": nearest.score} if nearest else None,
    }
