"""The route for whoever owns the assistant."""

from chalicelib.api.answers.insights import Insights
from chalicelib.api.insights import InsightsQuery
from deployment.openapi.operation import AGENTS, Answer, Operation

NUMBERS = {
    "conversations": {
        "started": 120,
        "resolved": 81,
        "handed_over": {"customer_request": 9, "missing_knowledge": 4},
        "abandoned": 12,
        "refused": 2,
        "open": 12,
    },
    "feedback": {"up": 31, "down": 4},
    "cost_usd": {
        "total": 0.252,
        "per_conversation": 0.0021,
        "per_resolved": 0.003111,
        "by_model": {"global.anthropic.claude-haiku-5-5": 0.084},
        "by_feature": {"chat": 0.084, "guardrail": 0.126, "search": 0.000603, "sentiment": 0.041397},
    },
    "tokens": {"input": 552_000, "output": 57_600},
    "latency_ms": {"p50": 1420, "p95": 3310},
}
INSIGHTS = {
    "days": 1,
    **NUMBERS,
    "daily": [{"date": "2026-11-20", **NUMBERS}],
    "gaps": [
        {
            "question": "Can I pay by invoice?",
            "count": 7,
            "kind": "unanswered",
            "last_asked": "2026-11-20T12:00:00.000+00:00",
            "nearest": {"title": "Ways to pay", "url": "https://help.example.com/ways-to-pay", "score": 0.41},
        }
    ],
    "daily_budget_usd": 10,
    "budget_reached": False,
}

OPERATIONS = (
    Operation(
        AGENTS,
        "GET",
        "/insights",
        "readInsights",
        "See how it goes",
        "How the conversations of some days went, what they cost, how long answers took, and which questions "
        "the articles don't answer. A conversation counts on the day on which it began, the rest on the day "
        "of the answer. A parameter that is not known is refused.",
        Answer("The numbers of these days.", Insights, INSIGHTS),
        query=InsightsQuery,
    ),
)
