"""What clients get back: our types as the JSON that the API promises."""

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.conversation import Citation, Exchange, ExchangePage
from chalicelib.times import iso, to_millis


def chat_answer(exchange: Exchange) -> dict[str, Any]:
    """Return the answer of POST /chat."""
    escalation = exchange.escalation
    return {
        "response": exchange.answer,
        "session_id": exchange.session_id,
        "message_id": exchange.message_id,
        "timestamp": iso(exchange.timestamp),
        "citations": _citations(exchange.citations),
        "guardrail": {
            "intervened": exchange.guardrail.intervened,
            "reasons": list(exchange.guardrail.reasons),
        },
        "escalation": {"ticket_id": escalation.ticket_id, "reason": escalation.reason}
        if escalation
        else None,
        "model": exchange.model,
        "usage": {
            "input_tokens": exchange.usage.input_tokens,
            "output_tokens": exchange.usage.output_tokens,
            "cost_usd": exchange.usage.cost_usd,
        },
        "degraded": list(exchange.degraded),
    }


def history(session_id: str, page: ExchangePage) -> dict[str, Any]:
    """Return the answer of GET /chat/{session_id}; `next` goes into `before` for what is older."""
    older = str(to_millis(page.older_than)) if page.older_than else None
    return {"session_id": session_id, "messages": messages(page.exchanges), "next": older}


def messages(exchanges: Iterable[Exchange]) -> list[dict[str, Any]]:
    """Return the messages of a conversation, two an exchange, in its order."""
    return [message for exchange in exchanges for message in _messages(exchange)]


def _messages(exchange: Exchange) -> Iterable[dict[str, Any]]:
    shared = {"message_id": exchange.message_id, "timestamp": iso(exchange.timestamp)}
    yield {**shared, "role": "user", "content": exchange.question}
    answer: dict[str, Any] = {**shared, "role": "assistant", "content": exchange.answer}
    if exchange.citations:
        answer["citations"] = _citations(exchange.citations)
    if exchange.escalation:
        answer["escalation"] = {
            "ticket_id": exchange.escalation.ticket_id,
            "reason": exchange.escalation.reason,
        }
    if exchange.feedback:
        answer["feedback"] = {"rating": exchange.feedback.rating, "comment": exchange.feedback.comment}
    yield answer


def _citations(citations: Iterable[Citation]) -> list[dict[str, Any]]:
    return [
        {"index": c.index, "title": c.title, "url": c.url, "snippet": c.snippet, "score": c.score}
        for c in citations
    ]
