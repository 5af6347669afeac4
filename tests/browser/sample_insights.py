"""A month of a small shop's chat as `GET /insights` answers it, with a day on which much went wrong."""

from datetime import date, timedelta
from typing import Any

LAST_DAY = date(2026, 11, 26)
MODEL = "global.anthropic.claude-haiku-5-5"
FEATURES = {"chat": 0.0007, "guardrail": 0.001, "search": 0.00002, "sentiment": 0.0003}
"""What each spends on a conversation, in dollars."""
Answer = dict[str, Any]

GAPS: list[Answer] = [
    {
        "question": "Can I pay by invoice?",
        "count": 14,
        "kind": "unanswered",
        "last_asked": "2026-11-26T08:12:00.000+00:00",
        "nearest": {"title": "Ways to pay", "url": "https://help.example.com/pay", "score": 0.41},
    },
    {
        "question": "Is the mail about my account really from you?",
        "count": 6,
        "kind": "rated_down",
        "last_asked": "2026-11-25T16:40:00.000+00:00",
        "nearest": {"title": "Recognise our mails", "url": None, "score": 0.72},
    },
    {
        "question": "Do you ship to Norway?",
        "count": 3,
        "kind": "handed_over",
        "last_asked": "2026-11-24T11:05:00.000+00:00",
        "nearest": None,
    },
]


def insights_of(days: int) -> Answer:
    """Return the numbers of the last `days`, without gaps and what became of the budget."""
    daily = [_day(LAST_DAY - timedelta(days=ago)) for ago in reversed(range(days))]
    return {
        "days": days,
        **_numbers([each["conversations"] for each in daily]),
        "daily": daily,
        "daily_budget_usd": 10,
    }


def _day(day: date) -> Answer:
    started = 40 + day.toordinal() * 7 % 23
    bad = 9 if day.weekday() == 1 else 0
    handed_over = {"customer_request": 4, "missing_knowledge": 2 + bad}
    abandoned, refused, still_open = 4, 1 + bad // 3, 12 if day == LAST_DAY else 0
    outcomes = {
        "started": started,
        "resolved": started - sum(handed_over.values()) - abandoned - refused - still_open,
        "handed_over": handed_over,
        "abandoned": abandoned,
        "refused": refused,
        "open": still_open,
    }
    return {"date": day.isoformat(), **_numbers([outcomes])}


def _numbers(all_outcomes: list[Answer]) -> Answer:
    total = {
        name: sum(each[name] for each in all_outcomes)
        for name in ("started", "resolved", "abandoned", "refused", "open")
    }
    reasons = all_outcomes[0]["handed_over"]
    handed_over = {name: sum(each["handed_over"][name] for each in all_outcomes) for name in reasons}
    started = total["started"]
    by_feature = {name: round(started * usd, 6) for name, usd in FEATURES.items()}
    cost = round(sum(by_feature.values()), 6)
    return {
        "conversations": {**total, "handed_over": handed_over},
        "feedback": {"up": started // 4, "down": total["refused"] * 2},
        "cost_usd": {
            "total": cost,
            "per_conversation": round(cost / started, 6),
            "per_resolved": round(cost / total["resolved"], 6),
            "by_model": {MODEL: by_feature["chat"]},
            "by_feature": by_feature,
        },
        "tokens": {"input": started * 4600, "output": started * 480},
        "latency_ms": {"p50": 1420, "p95": 3310 + 90 * max(each["refused"] for each in all_outcomes)},
    }
